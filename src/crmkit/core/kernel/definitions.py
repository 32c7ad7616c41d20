"""The fields that were defined while the program ran, as one work knows them: read once, when they are needed first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from attrs import define, evolve

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.custom import CUSTOM
from crmkit.core.kernel.custom_field import CustomField, columns, settled
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.model import EntityModel, Row

if TYPE_CHECKING:
    from crmkit.core.kernel.reading import Reading

KIND: Final = kind_of(CustomField)


@define
class Definitions:
    """Those that are active; a work without need of them asks for nothing."""

    work: Reading
    _known: dict[str, dict[str, Column]] | None = None

    def of(self, kind: str) -> Mapping[str, Column]:
        """The fields of a kind of record, by path."""
        if self._known is None:
            self._known = columns(self._all()) if KIND in self.work.registry.model.entities else {}
        return self._known.get(kind, {})

    def _all(self) -> list[CustomField]:
        """Whoever acts: to know that there is a field is not to see what a record has in it."""
        self.work.flush()
        model = self.work.registry.model.of(CustomField)
        return [model.build(row) for row in self.work.session.page(KIND, Const(True))]

    def row(self, record: Entity, stored: Row | None, model: EntityModel) -> Row:
        """The row of a record that is about to be written in the place of another.

        :raises Invalid: a name that nobody defined, or a value that its field does not take; or any other field's
        """
        if model.kind == KIND:
            self._known = None  # it is a definition itself: what is known is no longer true
        before = None if stored is None else stored[model.position[CUSTOM]]
        if record.custom and record.custom is not before:
            record = evolve(record, custom=settled(record.custom, before, self.of(model.kind)))
        return model.flatten(record)
