"""What stood at a moment, to be read like any store: rows and events that a journal gave, held in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import EntityModel, Model, Row
from crmkit.core.kernel.past import World as Rows
from crmkit.storage.memory import MemorySnapshot
from crmkit.storage.world import Journal, Table, World, keys


class Past(MemorySnapshot):
    """A snapshot of what these events, the first ones of a journal, have left: `rows`."""

    def __init__(self, model: Model, rows: Rows, events: Sequence[Event]) -> None:
        tables = {kind: _table(each, rows[kind].values()) for kind, each in model.entities.items()}
        super().__init__(model, World(tables, Journal()), lambda _: None)
        self._events = events

    def history(
        self,
        *,
        kind: str | None = None,
        id: Id[Any] | None = None,
        operation: Id[Any] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """The events there were, under the sequence numbers that they have to this day."""
        self._opened()
        found = (event for event in self._events if event.sequence > after)
        return islice((event for event in found if event.concerns(kind, id, operation)), limit)


def _table(model: EntityModel, rows: Collection[Row]) -> Table:
    at = model.position["id"]
    held = {key: row[at] for row in rows for key in keys(model, row)}
    return Table(model, {row[at]: row for row in rows}, held)
