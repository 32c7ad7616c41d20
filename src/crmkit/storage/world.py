"""What a store in memory consists of: tables of rows with their unique keys, and a journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.entity import Index
from crmkit.core.kernel.feed import Fed, Place, Stretch
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.text import fold

Key: TypeAlias = tuple[Index, tuple[Any, ...]]  #: the values that no other row may have there, as they compare


@frozen
class Table:
    """The rows of one kind, and which of them holds which unique key."""

    model: EntityModel
    rows: dict[Id[Any], Row] = field(factory=dict)
    keys: dict[Key, Id[Any]] = field(factory=dict)

    def copy(self) -> Table:
        """Another one, to be changed without this one noticing."""
        return Table(self.model, dict(self.rows), dict(self.keys))

    def swap(self, before: Row | None, after: Row | None) -> None:
        """Take one row out and put another in."""
        at = self.model.position["id"]
        if before is not None:
            del self.rows[before[at]]
            for key in keys(self.model, before):
                del self.keys[key]
        if after is not None:
            self.rows[after[at]] = after
            for key in keys(self.model, after):
                self.keys[key] = after[at]


def keys(model: EntityModel, row: Row) -> Iterator[Key]:
    """The unique keys of a row; one with a missing value is none."""
    for index in model.indexes:
        if index.unique:
            values = tuple([compared(model.by_path[path], row[model.position[path]]) for path in index.paths])
            if None not in values:
                yield index, values


def compared(column: Column, value: Any) -> Any:
    """The value as its column compares: names are folded."""
    return fold(value) if column.scalar is Scalar.NAME and value is not None else value


@frozen
class Journal:
    """Events in the order of their sequence numbers, found by these and by their record; it only grows."""

    before: int = 0  #: the sequence number before the first
    events: list[Event] = field(factory=list)
    trails: dict[tuple[str, Id[Any]], dict[int, Event]] = field(factory=dict)  #: of each record, by version

    def __contains__(self, event: Event) -> bool:
        return event.version in self.trails.get((event.kind, event.id), ())

    @property
    def last(self) -> int:
        """The highest sequence number so far."""
        return self.before + len(self.events)

    def append(self, event: Event) -> None:
        """Add an event under the next sequence number."""
        numbered = evolve(event, sequence=self.last + 1)
        self.events.append(numbered)
        self.trails.setdefault((event.kind, event.id), {})[event.version] = numbered

    def after(self, sequence: int) -> Iterator[Event]:
        """The events there are by now with a higher sequence number."""
        return (self.events[place] for place in range(max(0, sequence - self.before), len(self.events)))

    def redacted(self, events: Mapping[int, Event]) -> Journal:
        """Another one, in which what these events say, by sequence number, stands in the place of what was said."""
        made = Journal(self.before)
        for event in self.events:
            other = events.get(event.sequence, event)
            stamp = evolve(event.stamp, cause=other.stamp.cause)
            made.append(
                event if other is event else evolve(event, changes=other.changes, details=other.details, stamp=stamp)
            )
        return made

    def trail(self, kind: str, id: Id[Any]) -> list[Event]:
        """The events of one record there are by now."""
        return list(self.trails.get((kind, id), {}).values())


@frozen
class Portion:
    """What one operation brings to the feed: its events, which have sequence numbers above one and up to another."""

    operation: Id[Any]
    above: int
    last: int


@frozen
class Registers:
    """What counters say, and who holds which key of which space."""

    counters: dict[str, int] = field(factory=dict)
    holders: dict[tuple[str, str], Id[Any]] = field(factory=dict)

    def copy(self) -> Registers:
        """Another one, to be changed without this one noticing."""
        return Registers(dict(self.counters), dict(self.holders))

    def give(self, space: str, key: str, before: Id[Any] | None, after: Id[Any] | None) -> None:
        """Let `after` have a key, if `before` has it."""
        if self.holders.get((space, key)) == before:
            self.holders.pop((space, key), None)
            if after is not None:
                self.holders[space, key] = after


@frozen
class World:
    """All that is committed; tables are never changed, others take their place."""

    tables: Mapping[str, Table]
    journal: Journal
    last: int = 0  #: the highest sequence number in it; the journal itself may have grown since
    operations: dict[Id[Any], Operation] = field(factory=dict)  #: it grows, and another takes its place for a redaction
    registers: Registers = field(factory=Registers)  #: never changed, like tables
    fed: list[Portion] = field(factory=list)  #: by position, from 1 on; it grows and never changes


def stretch(
    journal: Journal, fed: Sequence[Portion], *, after: Place, kind: str | None, id: Id[Any] | None, limit: int
) -> Stretch:
    """At most `limit` of the events behind a place."""
    last = len(fed)
    found = list(islice(_fed(journal, fed[:last], after, kind, id), limit))
    return Stretch(tuple(found), found[-1].place if len(found) == limit else max(after, Place(last + 1)))


def _fed(journal: Journal, fed: Sequence[Portion], after: Place, kind: str | None, id: Id[Any] | None) -> Iterator[Fed]:
    for position in range(max(after.position, 1), len(fed) + 1):
        portion = fed[position - 1]
        for event in islice(journal.after(portion.above), portion.last - portion.above):
            place = Place(position, event.sequence)
            mine = event.stamp.operation == portion.operation and kind in (None, event.kind) and id in (None, event.id)
            if mine and place > after:
                yield Fed(place, event)
