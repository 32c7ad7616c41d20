"""The feed of a database: operations get their positions in it after they are committed, by one at a time.

The sequence numbers of the journal are given while a transaction runs, so a number may appear after a higher one.
Positions are given under one lock that is held beyond the commit: none appears behind one that was seen. An operation
that changed a record further comes after the one that it found there, whatever their numbers; all else goes by the
last number of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from crmkit.core.kernel.feed import Fed, Place, Stretch
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.storage.events import event_of
from crmkit.storage.statements import Write, insert
from crmkit.storage.tables import Tables

AT_ONCE: Final = 500  #: operations that get their positions in one transaction
STRIDE: Final = 1000  #: operations that are looked through at once


def keeping(tables: Tables, driver: sa.Dialect) -> Write:
    """To keep an operation: where writers take turns, at the next position; elsewhere at none yet."""
    position = tables.operations.table.c.position
    none, one = (sa.literal_column(number, sa.BigInteger()) for number in "01")
    said = sa.select(sa.func.coalesce(sa.func.max(position), none) + one).scalar_subquery()
    return insert(tables.operations, driver, but="position", said=said if tables.dialect.takes_turns else sa.null())


def waiting(connection: sa.Connection, tables: Tables, limit: int = 1) -> list[Any]:
    """The ids, as they are kept, of some committed operations that have no position yet."""
    table = tables.operations.table
    found = connection.scalars(sa.select(table.c.id).where(table.c.position.is_(None)).limit(limit))
    return list(found)


def give_positions(connection: sa.Connection, tables: Tables) -> bool:
    """Give the next positions to operations that have none; whether there may be more of them.

    Nobody else may be doing it until this is committed.
    """
    found = waiting(connection, tables, AT_ONCE)
    before = _before(connection, tables, found)
    table = tables.operations.table
    last = _last(connection, tables)
    given = table.update().where(table.c.id == sa.bindparam("of")).values(position=sa.bindparam("place"))
    order = ordered(_by_number(connection, tables, before), before)
    numbered = [{"of": id, "place": place} for place, id in enumerate(order, start=last + 1)]
    if numbered:
        connection.execute(given, numbered)
    return len(found) == AT_ONCE


def ordered(operations: Iterable[Any], before: Mapping[Any, Iterable[Any]]) -> Iterator[Any]:
    """The operations as they come, but each behind those that have to be before it."""
    done = set[Any]()
    for operation in operations:
        path = [operation]
        while path:
            missing = [each for each in before[path[-1]] if each not in done and each not in path]
            if missing:
                path.append(missing[0])
                continue
            reached = path.pop()
            if reached not in done:
                done.add(reached)
                yield reached


def _before(connection: sa.Connection, tables: Tables, found: Sequence[Any]) -> dict[Any, set[Any]]:
    """Of these operations, and of all that have to be before them and have no position either: which those are."""
    event, former = tables.journal.table.alias(), tables.journal.table.alias()
    operation = tables.operations.table
    step_before = sa.and_(
        former.c.kind == event.c.kind, former.c.record == event.c.record, former.c.version == event.c.version - 1
    )
    asked = (
        sa.select(event.c.operation, former.c.operation)
        .join(former, step_before)
        .join(operation, operation.c.id == former.c.operation)
        .where(event.c.operation.in_(sa.bindparam("ids", expanding=True)), operation.c.position.is_(None))
        .where(former.c.operation != event.c.operation)
        .distinct()
    )
    before: dict[Any, set[Any]] = {}
    while found:
        before |= {id: set() for id in found}
        for later, former_one in connection.execute(asked, {"ids": found}):
            before[later].add(former_one)
        found = [each for id in found for each in before[id] if each not in before]
        found = list(dict.fromkeys(found))
    return before


def _by_number(connection: sa.Connection, tables: Tables, operations: Iterable[Any]) -> list[Any]:
    """The operations by the last sequence number that each of them took; those without any come first."""
    event, ids = tables.journal.table, list(operations)
    asked = sa.select(event.c.operation, sa.func.max(event.c.sequence)).group_by(event.c.operation)
    found = connection.execute(asked.where(event.c.operation.in_(ids))) if ids else ()
    numbers = {operation: number for operation, number in found}  # noqa: C416 -- rows
    return sorted(ids, key=lambda operation: (numbers.get(operation, 0), operation))


def _last(connection: sa.Connection, tables: Tables) -> int:
    return connection.scalar(sa.select(sa.func.max(tables.operations.table.c.position))) or 0


def stretch(
    connection: sa.Connection, tables: Tables, *, after: Place, kind: str | None, id: Id[Any] | None, limit: int
) -> Stretch:
    """At most `limit` of the events behind a place, of those that have a position."""
    last = _last(connection, tables)
    chosen = _Chosen(tables, kind)
    found: list[Fed] = []
    reached = after.position
    if id is not None:
        found += chosen.of_record(connection, id, after, last, limit)
        reached = last
    elif after.sequence:
        found += chosen.of_one(connection, after, limit)
    else:
        reached -= 1
    stride = limit if kind is None else max(limit, STRIDE)
    while len(found) < limit and reached < last:
        first, reached = reached + 1, min(reached + stride, last)
        found += chosen.of_several(connection, first, reached, limit - len(found))
    return Stretch(tuple(found), found[-1].place if len(found) == limit else max(after, Place(last + 1)))


class _Chosen:
    """Events with the positions of their operations: all, or those of one kind."""

    def __init__(self, tables: Tables, kind: str | None) -> None:
        self._tables = tables
        self._event, self._operation = tables.journal.table, tables.operations.table
        self._position, self._sequence = self._operation.c.position, self._event.c.sequence
        joined = self._event.join(self._operation, self._operation.c.id == self._event.c.operation)
        chosen = tables.journal.select().add_columns(self._position).select_from(joined)
        self._select = chosen if kind is None else chosen.where(self._event.c.kind == kind)

    def of_record(self, connection: sa.Connection, id: Id[Any], after: Place, last: int, limit: int) -> Iterator[Fed]:
        """Those of one record."""
        behind = sa.or_(
            self._position > after.position,
            sa.and_(self._position == after.position, self._sequence > after.sequence),
        )
        mine = self._event.c.record == self._tables.stored(Scalar.ID, id)
        return self._read(connection, limit, mine, behind, self._position <= last)

    def of_one(self, connection: sa.Connection, after: Place, limit: int) -> Iterator[Fed]:
        """The rest of one operation."""
        return self._read(connection, limit, self._position == after.position, self._sequence > after.sequence)

    def of_several(self, connection: sa.Connection, first: int, last: int, limit: int) -> Iterator[Fed]:
        """Those of the operations with these positions."""
        return self._read(connection, limit, self._position.between(first, last))

    def _read(self, connection: sa.Connection, limit: int, *where: sa.ColumnElement[bool]) -> Iterator[Fed]:
        chosen = self._select.where(*where).order_by(self._position, self._sequence).limit(limit)
        rows = connection.execute(chosen).all()
        events = map(event_of, self._tables.journal.decode([row[:-1] for row in rows]))
        return (Fed(Place(row.position, event.sequence), event) for row, event in zip(rows, events, strict=True))
