"""What stood at a moment: the part of the journal that was recorded by then, and everything that follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from attrs import define, frozen

from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, replay
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.projection import rebuilt
from crmkit.core.kernel.registry import Registry

World: TypeAlias = Mapping[str, Mapping[Id[Any], Row]]  #: every row, by kind and id


@define
class _Recorded:
    """An operation: where its last event stands, and the latest time at which one was recorded."""

    last: int
    at: datetime


def recorded_by(moment: datetime, events: Iterable[Event]) -> tuple[Event, ...]:
    """The events of the journal that were recorded by then, operations as a whole.

    Operations count in the order in which they recorded their last events, for what one builds on another had recorded
    before; and none counts as recorded before those that came before it. So what is given hangs together, also where
    transactions ran side by side or a clock was set back.
    """
    journal = tuple(events)
    operations: dict[Id[Any], _Recorded] = {}
    for event in journal:
        stamp = event.stamp
        known = operations.setdefault(stamp.operation, _Recorded(event.sequence, stamp.at))
        known.last, known.at = event.sequence, max(known.at, stamp.at)
    included = set[Id[Any]]()
    for id, operation in sorted(operations.items(), key=lambda each: each[1].last):
        if operation.at > moment:
            break
        included.add(id)
    return tuple(event for event in journal if event.stamp.operation in included)


def everything(registry: Registry, events: Sequence[Event]) -> World:
    """All rows that these events, the first ones of a journal, leave behind: those of projections too."""
    world: dict[str, Mapping[Id[Any], Row]] = {**replay(registry.model, events)}
    for projection in registry.projections:
        model = registry.model.of(projection.row)
        world[projection.kind] = {id: model.flatten(row) for id, row in rebuilt(projection, events).items()}
    return world


@frozen
class Difference:
    """A row that is not what the journal says."""

    kind: str
    id: Id[Any]
    paths: tuple[str, ...] = ()  #: the columns that differ; none where the row as a whole is missing, or one too many
    missing: bool = False  #: the journal has it, the table has not

    def __str__(self) -> str:
        how = ", ".join(self.paths) or ("is missing" if self.missing else "is one too many")
        return f"{self.kind} {self.id}: {how}"


@frozen
class Replayed:
    """What came of holding every row against the journal; true where nothing differs."""

    events: int
    rows: int  #: that the journal leaves behind
    differences: tuple[Difference, ...] = ()
    repaired: bool = False

    def __bool__(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        found = f"{self.rows:,} rows of {self.events:,} events, {len(self.differences):,} differ"
        return f"{found}, put right" if self.repaired and self.differences else found
