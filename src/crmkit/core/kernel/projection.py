"""What is kept ready although the journal says it already: rows folded from events, and their rebuilding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, standing

R = TypeVar("R", bound=Entity)


@frozen(kw_only=True)
class Projection(Generic[R]):
    """Rows of the entity `row` that follow from the events of the records they belong to.

    `fold` takes the rows of one record, oldest first, and its next event, and gives the rows after it; it is pure and
    takes ids from `ids.derived`, so that folding again gives the same rows.
    """

    row: type[R]
    subject: str  #: the kind of record whose events are folded
    via: str  #: the field of `row` that points to that record
    events: frozenset[str]  #: names of the events that matter; all others leave the rows as they are
    fold: Callable[[tuple[R, ...], Event], tuple[R, ...]]

    @property
    def kind(self) -> str:
        """The kind of the rows."""
        return kind_of(self.row)

    def of(self, events: Sequence[Event]) -> tuple[R, ...]:
        """The rows of one record, from all its events: those that were undone have never been."""
        rows: tuple[R, ...] = ()
        for event in standing(events):
            if event.ends:
                rows = ()
            elif event.name in self.events:
                rows = self.fold(rows, event)
        return rows


def rebuilt(projection: Projection[R], events: Iterable[Event]) -> dict[Id[Any], R]:
    """All rows of a projection, from the whole journal in its order."""
    by_record: dict[Id[Any], list[Event]] = {}
    for event in events:
        if event.kind == projection.subject and (event.name in projection.events or event.undoes or event.ends):
            by_record.setdefault(event.id, []).append(event)
    return {row.id: row for its in by_record.values() for row in projection.of(its)}
