"""Fields that are defined while the program runs: their definitions are records, and change nothing of the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import evolve, frozen

from crmkit.core.kernel.command import command
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.custom_field import NAME, CustomField, Holds
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.listing import Listing
from crmkit.core.kernel.text import LONGEST_CODE, clean
from crmkit.core.kernel.work import Work

MOST: Final = 200  #: fields that one kind of record may have, retired ones among them


@frozen
class Fields:
    """`tx.fields`; records are given values by `tx.revise(evolve(lead, custom=lead.custom.having({...})))`."""

    work: Work

    @command
    def define(
        self, of: type[Entity], *, name: str, holds: Holds | str, label: str | None = None, choices: Iterable[str] = ()
    ) -> CustomField:
        """A field that all records of a class may have from now on, at the path `custom.name`.

        A choice takes one of `choices`, tags with choices take any of them.

        :raises Invalid: a name that is no lower-case identifier of up to 40 characters, or that was taken before, by a
            retired field too; choices of what is no choice
        """
        kind, said, chosen = self._kind(of), _name(name), _choices(choices)
        if self.work.of(CustomField).first((where("of") == kind) & (where("name") == said)) is not None:
            raise Invalid("name", f"«{said}» is a field of {kind} already", accepts="another name, or to restore it")
        if self.work.of(CustomField).count(where("of") == kind) >= MOST:
            raise Invalid("of", f"{kind} has {MOST} such fields", accepts="fewer")
        what = _holds(holds)
        if (what is Holds.CHOICE) > bool(chosen) or (chosen and what not in (Holds.CHOICE, Holds.TAGS)):
            raise Invalid(
                "choices", f"got {len(chosen)} for a field of {what}", accepts="some for a choice or for tags"
            )
        field = CustomField(
            id=self.work.new_id(CustomField), of=kind, name=said, holds=what, label=label or said, choices=chosen
        )
        return self.work.add(field, "custom_field.defined")

    @command
    def offer(self, field: Id[CustomField], *, choices: Iterable[str]) -> CustomField:
        """There are more choices; those that there are stay, for records have them.

        :raises Invalid: it has no choices
        """
        known = self.work.of(CustomField).get(field)
        if not known.choices:
            raise Invalid("choices", f"{known.of}.{known.name} takes whatever is given", accepts="a field with choices")
        return self.work.change(evolve(known, choices=known.choices | _choices(choices)), "custom_field.offered")

    @command
    def retire(self, field: Id[CustomField]) -> CustomField:
        """No record takes it and no condition knows it any more; what records have stays, and its name is taken."""
        known = self.work.of(CustomField).get(field)
        return self.work.change(evolve(known, active=False), "custom_field.retired") if known.active else known

    @command
    def restore(self, field: Id[CustomField]) -> CustomField:
        """It is there again, with whatever records had in it."""
        known = self.work.of(CustomField).get(field)
        return known if known.active else self.work.change(evolve(known, active=True), "custom_field.restored")

    def of(self, cls: type[Entity], *, retired: bool = False) -> Listing[CustomField]:
        """The fields that records of a class have, by label, those that are retired only if they are asked for."""
        asked = where("of") == self._kind(cls)
        return self.work.of(CustomField).find(asked if retired else asked & (where("active") == True), order=("label",))  # noqa: E712

    def _kind(self, cls: type[Any]) -> str:
        kind = self.work.model.of(cls).kind
        if cls is CustomField:
            raise Invalid("of", "has such fields itself", accepts="another kind of record")
        return kind


def _name(name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Invalid("name", f"got {shape(name)}", accepts="up to 40 lower-case letters, digits and _, a letter first")
    return name


def _holds(holds: Holds | str) -> Holds:
    try:
        return Holds(holds)
    except ValueError:
        raise Invalid("holds", f"got {shape(holds)}", accepts=", ".join(Holds)) from None


def _choices(choices: Iterable[str]) -> frozenset[str]:
    if isinstance(choices, str):
        raise Invalid("choices", f"got {shape(choices)}", accepts="several texts")
    return frozenset(clean(each, "choices", LONGEST_CODE) for each in choices)
