"""Records kept in memory: the store that says what the others have to do, and proves that none of it needs SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, takewhile
from threading import Lock
from typing import Any, TypeAlias, TypeVar

from attrs import evolve

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.entity import Index
from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.feed import Place, Stretch
from crmkit.core.kernel.ground import Every, Ground, OneOf, Test
from crmkit.core.kernel.identity import leads_nowhere
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model, Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.partials import partials
from crmkit.core.kernel.predicate import row_predicate
from crmkit.core.kernel.store import Order
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.tally import GroundTally, Partial
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.storage.refusals import done_before, nothing_to_redact, only_reads, recorded_before, still_needed, taken
from crmkit.storage.world import Journal, Portion, Registers, Table, World, compared, keys, stretch

PATIENCE = 60.0  #: seconds that a transaction waits for the one before it

Pointing: TypeAlias = dict[Id[Any], dict[Id[Any], Row]]  #: by target and own id, the rows with one reference

T = TypeVar("T")


class MemoryStore:
    """One CRM in memory, gone with this object.

    Transactions take turns from `begin` on.
    """

    def __init__(self, model: Model, *, patience: float = PATIENCE) -> None:
        self._model = model
        self._patience = patience
        self._turn = Lock()
        self._world = World({kind: Table(entity) for kind, entity in model.entities.items()}, Journal())

    def create(self, *, thorough: bool = False) -> None:
        """Nothing is needed to keep records here."""

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:  # noqa: ARG002 - as every store
        """Nothing is ever missing."""
        return ()

    def begin(self) -> MemorySession:
        """A new transaction, as soon as the one before it is over.

        :raises StoreError: that took more than `patience` seconds
        """
        if not self._turn.acquire(timeout=self._patience):
            raise StoreError(
                f"another transaction is still open after {self._patience:g} seconds",
                hint="leave one before you open the next",
            )
        return MemorySession(self._model, self._world, self._end)

    def snapshot(self) -> MemorySnapshot:
        """What is committed by now; nobody waits for anybody."""
        return MemorySnapshot(self._model, self._world, lambda _: None)

    def feed(self, *, after: Place, kind: str | None = None, id: Id[Any] | None = None, limit: int) -> Stretch:
        """The events behind a place, in the order of the commits."""
        world = self._world
        return stretch(world.journal, world.fed, after=after, kind=kind, id=id, limit=limit)

    def _end(self, world: World) -> None:
        self._world = world
        self._turn.release()

    def close(self) -> None:
        """Nothing is held that would have to be let go."""


class MemorySession:
    """One transaction; the tables that it writes to are its own copies.

    A write that was refused may have been done in part: then only `rollback` is left.
    """

    def __init__(self, model: Model, world: World, end: Callable[[World], None]) -> None:
        self._model = model
        self._begun = self._world = world
        self._end = end
        self._over = False
        self._tables = dict(world.tables)
        self._journal = Journal(world.last)
        self._operations: dict[Id[Any], Operation] = {}
        self._registers = world.registers
        self._pointing: dict[tuple[str, str], Pointing] = {}

    def load(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids."""
        rows = self._opened()[kind].rows
        return [rows[id] for id in dict.fromkeys(ids) if id in rows]

    def lock(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids: nobody else is there who could change them."""
        return self.load(kind, sorted(ids))

    def page(self, kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        """The first rows that fulfil `where`."""
        model = self._model.entities[kind]
        holds = row_predicate(where, model)
        found = [row for row in self._candidates(kind, where) if holds(row, self)]
        found.sort(key=lambda row: row[model.position["id"]])
        for by in reversed(order):
            found = _sorted(found, by, model.reading(by.column))
        return found[:limit]

    def each(
        self, made: Callable[[Row], T], kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None
    ) -> list[T]:
        """What is made of each row of a page."""
        return list(map(made, self.page(kind, where, order, limit)))

    def tally(self, tally: GroundTally) -> list[Partial]:
        """What is counted, group by group."""
        return partials(tally, self._model, self._candidates(tally.kind, tally.where), self)

    def _candidates(self, kind: str, where: Ground) -> Iterable[Row]:
        """The rows among which to search: few if only one id, unique key or reference can meet the condition."""
        table = self._opened()[kind]
        for part in where.items if isinstance(where, Every) else (where,):
            if isinstance(part, OneOf) and part.column.path == "id":
                return [table.rows[id] for id in part.values if id in table.rows]
            if isinstance(part, Test) and part.operator is Operator.EQUAL:
                if part.column.target is not None:
                    return self.pointing(kind, part.column, part.value)
                alone = Index((part.column.path,), unique=True)
                if part.column.path == "id" or alone in table.model.indexes:
                    id = part.value if part.column.path == "id" else table.keys.get((alone, (part.value,)))
                    return [table.rows[id]] if id in table.rows else []
        return table.rows.values()

    def row(self, kind: str, id: Id[Any]) -> Row | None:
        """The row with this id, for conditions that look further than their own record."""
        return self._tables[kind].rows.get(id)

    def pointing(self, kind: str, column: Column, id: Id[Any]) -> Collection[Row]:
        """The rows of `kind` whose reference `column` leads to this id."""
        pointing = self._pointing.get((kind, column.path))
        if pointing is None:
            pointing = self._pointing[kind, column.path] = {}
            place = self._model.entities[kind].position[column.path]
            for source, row in self._tables[kind].rows.items():
                pointing.setdefault(row[place], {})[source] = row
        return pointing.get(id, {}).values()

    def insert(self, kind: str, rows: Sequence[Row]) -> None:
        """Add rows, one after the other."""
        table = self._changing(kind)
        for row in rows:
            if row[table.model.position["id"]] in table.rows:
                raise taken("id", kind)
            self._put(table, None, row)

    def update(self, kind: str, changed: Sequence[tuple[Row, Row]]) -> list[Id[Any]]:
        """Change the rows whose version is still the one before; gives the ids of the others."""
        table = self._changing(kind)
        at, version = table.model.position["id"], table.model.position["version"]
        stale = []
        for before, after in changed:
            stored = table.rows.get(before[at])
            if stored is None or stored[version] != before[version]:
                stale.append(before[at])
            else:
                self._put(table, stored, after)
        return stale

    def delete(self, kind: str, ids: Sequence[Id[Any]]) -> None:
        """Remove rows, all at once: they may lead to each other."""
        table = self._changing(kind)
        gone = table.rows.keys() & set(ids)
        for id in gone:
            self._swap(table, table.rows[id], None)
        for other in self._model.entities.values():
            for relation in other.relations.values():
                if relation.target == kind and any(self.pointing(other.kind, relation.column, id) for id in gone):
                    raise still_needed(other.kind, relation.column.path, kind)

    def sweep(self, sweep: GroundSweep) -> Swept:
        """Row by row, as the sweep itself says."""
        batch, kind = self._journal.last, sweep.model.kind
        steps = [(row, sweep.step(row)) for row in self.page(kind, sweep.where)]
        self.update(kind, [(row, done[0]) for row, done in steps if done is not None])
        events = [done[1] for _, done in steps if done is not None]
        self.record(events)
        done = () if sweep.among is None else tuple([event.id for event in events])
        return Swept(sweep.name, len(events), batch, done)

    def _put(self, table: Table, before: Row | None, after: Row) -> None:
        """One row in the place of another, if its references lead somewhere and nobody else has its keys."""
        model, id = table.model, after[table.model.position["id"]]
        for relation in model.relations.values():
            at = after[model.position[relation.column.path]]
            if at not in (None, id) and at not in self._tables[relation.target].rows:
                raise leads_nowhere(relation.column.path, relation.target)
        for index, values in keys(model, after):
            if table.keys.get((index, values), id) != id:
                raise taken(index.paths[0], model.kind)
        self._swap(table, before, after)

    def _swap(self, table: Table, before: Row | None, after: Row | None) -> None:
        table.swap(before, after)
        at = table.model.position["id"]
        for (kind, path), pointing in self._pointing.items():
            if kind == table.model.kind:
                place = table.model.position[path]
                if before is not None:
                    del pointing[before[place]][before[at]]
                if after is not None:
                    pointing.setdefault(after[place], {})[after[at]] = after

    def record(self, events: Sequence[Event]) -> None:
        """Append to the journal."""
        self._opened()
        for event in events:
            if event in self._world.journal or event in self._journal:
                raise recorded_before(event)
            self._journal.append(event)

    def history(
        self,
        *,
        kind: str | None = None,
        id: Id[Any] | None = None,
        operation: Id[Any] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """The events there are by now."""
        self._opened()
        journals = (self._world.journal, self._journal)
        if kind is not None and id is not None:
            trails = chain.from_iterable([journal.trail(kind, id) for journal in journals])
            found: Iterator[Event] = (event for event in trails if event.sequence > after)
        else:
            found = chain.from_iterable([journal.after(after) for journal in journals])
        return islice((event for event in found if event.concerns(kind, id, operation)), limit)

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:
        """Let other journals take the place of those that are there: who reads the old ones is not disturbed."""
        self._opened()
        world, told = self._world, {event.sequence: event for event in events}
        kept = {**world.operations, **self._operations}
        if not all(each.id in kept for each in operations) or not all(0 < each <= self._journal.last for each in told):
            raise nothing_to_redact()
        said = {each.id: evolve(kept[each.id], cause=each.cause, commands=each.commands) for each in operations}
        self._operations = {id: said.get(id, each) for id, each in self._operations.items()}
        past = {id: said.get(id, each) for id, each in world.operations.items()}
        self._world = evolve(world, journal=world.journal.redacted(told), operations=past)
        self._journal = self._journal.redacted(told)

    def count(self, key: str, by: int = 0, *, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int | None:
        """What the counter says once `by` is added, if that is in the bounds."""
        self._opened()
        value = self._registers.counters.get(key, 0) + by
        if by == 0:
            return value
        counters = self._registering().counters
        if not least <= value <= most:
            return None
        counters[key] = value
        return value

    def reserve(
        self, space: str, keys: Sequence[str], *, before: Id[Any] | None = None, after: Id[Any] | None = None
    ) -> dict[str, Id[Any]]:
        """Who holds these keys, once those of `before` are given to `after`."""
        self._opened()
        if before != after:
            registers = self._registering()
            for key in keys:
                registers.give(space, key, before, after)
        holders = self._registers.holders
        return {key: holders[space, key] for key in keys if (space, key) in holders}

    def keys(self, holder: Id[Any]) -> list[tuple[str, str]]:
        """Space and key of all that this holder has."""
        self._opened()
        return sorted(key for key, by in self._registers.holders.items() if by == holder)

    def operation(self, id: Id[Any], *, done: Operation | None = None) -> Operation | None:
        """The operation with this id, of those committed and those of this transaction."""
        self._opened()
        found = self._world.operations.get(id) or self._operations.get(id)
        if done is not None:
            if found is not None:
                raise done_before(id)
            found = self._operations[id] = done
        return found

    def commit(self) -> None:
        """Let what this transaction has take the place of what was there."""
        tables = self._opened()
        world = self._world
        for event in self._journal.events:
            world.journal.append(event)
        world.operations.update(self._operations)
        world.fed.extend(Portion(id, world.last, world.journal.last) for id in self._operations)
        self._close(evolve(world, tables=tables, last=world.journal.last, registers=self._registers))

    def rollback(self) -> None:
        """Leave everything as it was."""
        self._opened()
        self._close(self._begun)

    def _close(self, world: World) -> None:
        self._over = True
        self._end(world)

    def _opened(self) -> dict[str, Table]:
        if self._over:
            raise StoreError("this transaction is over", hint="begin another one")
        return self._tables

    def _registering(self) -> Registers:
        if self._registers is self._world.registers:
            self._registers = self._registers.copy()
        return self._registers

    def _changing(self, kind: str) -> Table:
        tables = self._opened()
        if tables[kind] is self._world.tables[kind]:
            tables[kind] = tables[kind].copy()
        return tables[kind]


class MemorySnapshot(MemorySession):
    """One world, which others may meanwhile have left behind."""

    def lock(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:  # noqa: ARG002 - as every session
        """Refused."""
        self._opened()
        raise only_reads()

    def record(self, events: Sequence[Event]) -> None:  # noqa: ARG002 - as every session
        """Refused."""
        raise only_reads()

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:  # noqa: ARG002 - as every session
        """Refused."""
        raise only_reads()

    def history(
        self,
        *,
        kind: str | None = None,
        id: Id[Any] | None = None,
        operation: Id[Any] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """The events there were when it began."""
        found = super().history(kind=kind, id=id, operation=operation, after=after)
        return islice(takewhile(lambda event: event.sequence <= self._world.last, found), limit)

    def _registering(self) -> Registers:
        raise only_reads()

    def _changing(self, kind: str) -> Table:  # noqa: ARG002 - as every session
        self._opened()
        raise only_reads()


def _sorted(rows: list[Row], by: Order, value: Callable[[Row], Any]) -> list[Row]:
    """Sorted by one column; those that tie stay in the order they had."""
    there = [row for row in rows if value(row) is not None]
    there.sort(key=lambda row: compared(by.column, value(row)), reverse=by.descending)
    return there + [row for row in rows if value(row) is None]
