"""What is kept ready although the journal says it already: rows folded from events, and their rebuilding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import frozen

from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import EntityModel

if TYPE_CHECKING:
    from crmkit.core.kernel.store import Session

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


def rebuilt(projection: Projection[R], events: Iterable[Event]) -> dict[Id[Any], R]:
    """All rows of a projection, from the whole journal in its order."""
    by_record: dict[Id[Any], tuple[R, ...]] = {}
    for event in events:
        if event.name in projection.events:
            by_record[event.id] = projection.fold(by_record.get(event.id, ()), event)
    return {row.id: row for rows in by_record.values() for row in rows}


def put_right(session: Session, model: EntityModel, projection: Projection[Any], events: Iterable[Event]) -> int:
    """Let the rows that are kept be those that follow from the whole journal; returns how many were not."""
    right = {id: model.flatten(row) for id, row in rebuilt(projection, events).items()}
    kept = {row[model.position["id"]]: row for row in session.page(model.kind, Const(True))}
    session.delete(model.kind, [id for id in kept if id not in right])
    session.insert(model.kind, [row for id, row in right.items() if id not in kept])
    wrong = [(kept[id], row) for id, row in right.items() if id in kept and kept[id] != row]
    session.update(model.kind, wrong)
    return len(wrong) + len(kept.keys() ^ right.keys())
