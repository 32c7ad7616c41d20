"""A field that somebody defined while the program ran: a row like any other, and what may stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final

from attrs import frozen

from crmkit.core.kernel.columns import Column, checker
from crmkit.core.kernel.custom import CUSTOM, Custom
from crmkit.core.kernel.entity import Entity, entity, unique
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Code, Name, Scalar, Stamped, Tags
from crmkit.core.kernel.ids import Id

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Holds(StrEnum):
    """What a field may hold; compared, sorted and counted as the field of an entity is that holds the same."""

    TEXT = "text"
    NAME = "name"
    CODE = "code"
    INTEGER = "integer"
    AMOUNT = "amount"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    TAGS = "tags"


@entity("custom_field", indexes=(unique("of", "name"),))
@frozen(kw_only=True)
class CustomField(Entity):
    """A field of the records of one kind, at the path `custom.name`; what records have stays there if it is retired."""

    id: Id[CustomField]
    of: Annotated[Code, Stamped]  #: the kind of record
    name: Annotated[Code, Stamped]
    holds: Annotated[Holds, Stamped]
    label: Name  #: what people call it
    choices: Annotated[Tags, Stamped] = frozenset()  #: of a choice; of tags, which there may be, if not any
    active: Annotated[bool, Stamped] = True  #: a retired one is unknown to conditions and takes no values

    @property
    def column(self) -> Column:
        """As conditions see it."""
        return Column(
            path=f"{CUSTOM}.{self.name}",
            scalar=Scalar(self.holds.value),
            nullable=True,
            choices=_choices(self.choices) if self.choices else None,
            defined=True,
        )


@lru_cache(maxsize=1024)
def _choices(choices: frozenset[str]) -> type[StrEnum]:
    """The same class for the same choices, so that columns of the same field are equal."""
    return StrEnum("Chosen", {f"c{place}": each for place, each in enumerate(sorted(choices))})  # type: ignore[return-value]


def columns(fields: Iterable[CustomField]) -> dict[str, dict[str, Column]]:
    """The columns of those that are active, by kind of record and path."""
    found: dict[str, dict[str, Column]] = {}
    for field in fields:
        if field.active:
            column = field.column
            found.setdefault(field.of, {})[column.path] = column
    return found


def settled(given: Custom, stored: Custom | None, known: Mapping[str, Column]) -> Custom:
    """What a record is given, if these fields take it; what it had before stays as it is.

    :raises Invalid: a name that nobody defined, or a value that its field does not take
    """
    before = stored.entries if stored is not None else {}
    entries = {}
    for name, entry in given.entries.items():
        if entry[0] is None or entry != before.get(name):
            column = known.get(f"{CUSTOM}.{name}")
            if column is None:
                accepts = ", ".join(sorted(path.removeprefix(f"{CUSTOM}.") for path in known)) or "nothing yet"
                raise Invalid(CUSTOM, f"has no field of the name {shape(name)}", accepts=accepts)
            entry = (column.scalar, _checked(column, entry[1]))  # noqa: PLW2901 -- what it amounts to
        if entry[1] is not None:
            entries[name] = entry
    return Custom.kept(entries)


def _checked(column: Column, value: Any) -> Any:
    if column.choices is not None:
        wanted = value if column.scalar is Scalar.TAGS and isinstance(value, frozenset) else {value}
        strange = [each for each in wanted if not isinstance(each, str) or each not in set(column.choices)]
        if strange:
            raise Invalid(column.path, f"got {shape(strange[0])}", accepts=f"one of {', '.join(column.choices)}")
        if column.scalar is Scalar.CHOICE:
            return str(value)
    checked = checker(column)(value)
    return None if column.scalar is Scalar.TAGS and not checked else checked
