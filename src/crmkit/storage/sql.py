"""Records kept in a database that speaks SQL; what is particular to one kind of database is in its dialect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import chain, islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model, Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.several import portions
from crmkit.core.kernel.store import Order
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.tally import GroundTally, Partial
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.storage.attempt import Attempts
from crmkit.storage.collector import MANY, at_rest
from crmkit.storage.dialect import Dialect
from crmkit.storage.events import event_of, row_of
from crmkit.storage.keys import refused_delete, refused_row
from crmkit.storage.line import Line
from crmkit.storage.migrate import migrate
from crmkit.storage.operations import operation_of
from crmkit.storage.operations import row_of as row_of_operation
from crmkit.storage.prepared import Prepared, prepared
from crmkit.storage.redaction import redacted
from crmkit.storage.refusals import changed_meanwhile, done_before, nothing_to_redact, recorded_before
from crmkit.storage.registers import Registers
from crmkit.storage.schema import as_made, create, found
from crmkit.storage.sweep import SweepStatements
from crmkit.storage.tally import partials

AT_ONCE: Final = 500  #: ids, or events, that one statement asks for
GONE_AT_ONCE: Final = 10_000  #: ids that one statement deletes; SQLite takes 32,766 parameters

T = TypeVar("T")


class SQLStore:
    """One CRM in one database, in tables of its own."""

    def __init__(self, engine: sa.Engine, model: Model, dialect: type[Dialect], *, prefix: str) -> None:
        self._engine: sa.Engine | None = engine
        self._prepared = prepared(model, dialect, prefix, engine.dialect)
        self._prefix = prefix

    def create(self, *, thorough: bool = False) -> None:
        """Make the tables, unless there are some of this CRM.

        :raises SchemaOutdated: those are not what the model needs
        :raises StoreError: the database cannot be opened or written
        """
        if thorough or not self._as_made():
            with self._connected() as connection, connection.begin():
                create(connection, self._prepared.tables, self._prefix)

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:
        """Add what is missing; the statements that did, or would do, so.

        :raises SchemaOutdated: something is otherwise; nothing is done
        :raises MissingExtra: Alembic is not installed
        """
        with self._connected() as connection, connection.begin():
            return migrate(connection, self._prepared.tables, self._prefix, dry=dry)

    def _as_made(self) -> bool:
        """Whether there are the tables of the model, by their fingerprints."""
        with self._connected() as connection, suppress(StoreError):
            return as_made(connection, self._prepared.tables)
        return False

    def begun(self) -> bool:
        """Whether there are tables of this CRM.

        :raises StoreError: the database cannot be opened
        """
        with self._connected() as connection, connection.begin():
            return bool(found(connection, self._prepared.tables))

    def begin(self) -> SQLSession:
        """A new transaction, as soon as the one before it is over.

        :raises StoreError: that takes too long, or the database cannot be opened
        """
        connection = self._connected()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        return SQLSession(connection, self._prepared)

    def close(self) -> None:
        """Let go of the database; a closed store stays closed."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _connected(self) -> sa.Connection:
        if self._engine is None:
            raise StoreError("this store is closed", hint="open it again")
        try:
            return self._engine.connect()
        except PoolTimeout:
            raise StoreError(
                "all connections of this process are in use", hint="end a transaction, then begin the next"
            ) from None


class SQLSession:
    """One transaction, on a connection of its own."""

    def __init__(self, connection: sa.Connection, prepared: Prepared) -> None:
        self._connection: sa.Connection | None = connection
        self._prepared = prepared
        self._line = Line(connection)
        self._attempts = Attempts(self._line, forgiving=prepared.tables.dialect.forgiving)

    def load(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids."""
        connection, statements = self._opened(), self._prepared.kinds[kind]
        wanted = [self._prepared.tables.stored(Scalar.ID, id) for id in dict.fromkeys(ids)]
        if len(wanted) == 1:
            return list(statements.load.decode(self._line.rows(statements.load.sql, (wanted[0],))))
        found: list[Row] = []
        for some in portions(wanted, AT_ONCE):
            found += statements.rows.decode(self._line.all(connection.execute(statements.load_all, {"ids": some})))
        return found

    def lock(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids; behind no savepoint, with which the locks would go."""
        connection, statements = self._changing(), self._prepared.kinds[kind]
        wanted = [self._prepared.tables.stored(Scalar.ID, id) for id in sorted(set(ids))]
        found: list[Row] = []
        for some in portions(wanted, AT_ONCE):
            found += statements.rows.decode(self._line.all(connection.execute(statements.lock, {"ids": some})))
        return found

    def page(self, kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        """The first rows that fulfil `where`."""
        return self.each(_itself, kind, where, order, limit)

    def each(
        self, made: Callable[[Row], T], kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None
    ) -> list[T]:
        """What is made of each row of a page."""
        self._opened()
        question = self._prepared.questions.of(kind, where, order, limit)
        with closing(self._line.portions(*question, MANY)) as found:
            first = next(found, ())
            with at_rest(len(first)):
                rows = chain(first, chain.from_iterable(found))
                return list(map(made, self._prepared.tables.kinds[kind].decode(rows)))

    def tally(self, tally: GroundTally) -> list[Partial]:
        """What is counted, group by group."""
        return partials(tally, self._prepared.tables, self._opened())

    def insert(self, kind: str, rows: Sequence[Row]) -> None:
        """Add rows: all at once or, if a key refuses one, each by itself to see which."""
        statements = self._prepared.kinds[kind]
        writes = [statements.insert.of(values) for values in statements.rows.encode(rows)]
        if not self._written(writes):
            for row, write in zip(rows, writes, strict=True):
                if not self._written([write]):
                    raise refused_row(self, self._prepared.model.entities[kind], row, new=True)

    def update(self, kind: str, changed: Sequence[tuple[Row, Row]]) -> list[Id[Any]]:
        """Change rows: all at once or, if one is stale or refused, each by itself to see which."""
        statements, model = self._prepared.kinds[kind], self._prepared.model.entities[kind]
        id, version = model.position["id"], model.position["version"]
        encoded = statements.rows.encode([after for _, after in changed])
        writes = [
            statements.update(_differing(before, after, version)).of((*values, before[version]))
            for (before, after), values in zip(changed, encoded, strict=True)
        ]
        stale = []
        if not self._written(writes):
            for (before, after), write in zip(changed, writes, strict=True):
                if not self._written([write]):
                    if any(row[version] == before[version] for row in self.load(kind, [before[id]])):
                        raise refused_row(self, model, after, new=False)
                    stale.append(before[id])
        return stale

    def delete(self, kind: str, ids: Sequence[Id[Any]]) -> None:
        """Remove rows, newest first where they are too many for one statement: they may lead to each other."""
        tables = self._prepared.tables
        table = tables.kinds[kind].table
        for some in portions(sorted(set(ids), reverse=True), GONE_AT_ONCE):
            deletion = tables.dialect.deletion(table, [tables.stored(Scalar.ID, id) for id in some])
            if not self._attempted(partial(_done, deletion)):
                raise refused_delete(self, self._prepared.model, kind, set(some))

    def sweep(self, sweep: GroundSweep) -> Swept:
        """All rows at once or, if a key refuses one or somebody changed one, each by itself to see which."""
        tables = self._prepared.tables
        statements = SweepStatements(sweep, tables)
        batch = self._opened().scalar(sa.select(sa.func.max(tables.journal.table.c.sequence))) or 0
        told: list[Swept | None] = []

        def done(connection: sa.Connection) -> bool:
            told.append(statements.done(connection, batch))
            return told[0] is not None

        swept = told[0] if self._attempted(done) else None
        return self._swept(sweep, batch) if swept is None else swept

    def _swept(self, sweep: GroundSweep, batch: int) -> Swept:
        """What it did to one row after the other."""
        steps = [(row, sweep.step(row)) for row in self.page(sweep.model.kind, sweep.where)]
        changed = [(row, *done) for row, done in steps if done is not None]
        stale = self.update(sweep.model.kind, [(row, after) for row, after, _ in changed])
        if stale:
            raise changed_meanwhile(sweep.model.kind, stale)
        self.record([event for _, _, event in changed])
        done = () if sweep.among is None else tuple([event.id for _, _, event in changed])
        return Swept(sweep.name, len(changed), batch, done)

    def record(self, events: Sequence[Event]) -> None:
        """Append to the journal."""
        record, journal = self._prepared.record, self._prepared.tables.journal
        writes = [record.of(values) for values in journal.encode(map(row_of, events))]
        if not self._written(writes):
            for event, write in zip(events, writes, strict=True):
                if not self._written([write]):
                    raise recorded_before(event)

    def history(
        self,
        *,
        kind: str | None = None,
        id: Id[Any] | None = None,
        operation: Id[Any] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """The events there are by now, read as they are asked for."""
        tables = self._prepared.tables
        table = tables.journal.table
        last = self._opened().scalar(sa.select(sa.func.max(table.c.sequence)))
        chosen = tables.journal.select().where(table.c.sequence <= (last or 0))
        if kind is not None:
            chosen = chosen.where(table.c.kind == kind)
        if id is not None:
            chosen = chosen.where(table.c.record == tables.stored(Scalar.ID, id))
        if operation is not None:
            chosen = chosen.where(table.c.operation == tables.stored(Scalar.ID, operation))
        chosen = chosen.order_by(table.c.sequence).limit(min(limit or AT_ONCE, AT_ONCE))
        return islice(self._events(chosen, after), limit)

    def _events(self, chosen: sa.Select[Any], after: int) -> Iterator[Event]:
        journal = self._prepared.tables.journal
        while found := self._opened().execute(chosen.where(journal.table.c.sequence > after)).all():
            events = [event_of(row) for row in journal.decode(found)]
            yield from events
            after = events[-1].sequence

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:
        """Write anew what these say."""
        if not redacted(self._changing(), self._prepared.tables, events, operations):
            raise nothing_to_redact()

    def count(self, key: str, by: int = 0, *, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int | None:
        """What the counter says once `by` is added, if that is in the bounds."""
        if by == 0:
            return Registers(self._prepared.tables, self._opened()).value(key) or 0
        return Registers(self._prepared.tables, self._changing()).count(key, by, least, most)

    def reserve(
        self, space: str, keys: Sequence[str], *, before: Id[Any] | None = None, after: Id[Any] | None = None
    ) -> dict[str, Id[Any]]:
        """Who holds these keys, once those of `before` are given to `after`."""
        if before != after:
            registers = Registers(self._prepared.tables, self._changing())
            if before is not None:
                registers.hand_over(space, keys, before, after)
            elif after is not None:
                registers.take(space, keys, after)
        return Registers(self._prepared.tables, self._opened()).holders(space, keys)

    def keys(self, holder: Id[Any]) -> list[tuple[str, str]]:
        """Space and key of all that this holder has."""
        return Registers(self._prepared.tables, self._opened()).keys(holder)

    def operation(self, id: Id[Any], *, done: Operation | None = None) -> Operation | None:
        """The operation with this id, or another one."""
        rows = self._prepared.tables.operations
        if done is not None:
            (values,) = rows.encode([row_of_operation(done)])
            if not self._written([self._prepared.keep.of(values)]):
                raise done_before(id)
            return done
        wanted = rows.table.c.id == self._prepared.tables.stored(Scalar.ID, id)
        found = rows.decode(self._opened().execute(rows.select().where(wanted)).all())
        return next(map(operation_of, found), None)

    def commit(self) -> None:
        """Keep it; where that fails, nothing is left but to roll back."""
        connection = self._opened()
        connection.commit()
        self._connection = None
        connection.close()

    def rollback(self) -> None:
        """Forget it."""
        connection, self._connection = self._opened(), None
        with connection:
            connection.rollback()

    def _opened(self) -> sa.Connection:
        if self._connection is None:
            raise StoreError("this transaction is over", hint="begin another one")
        return self._connection

    def _written(self, writes: Sequence[tuple[str, Row]]) -> bool:
        """Each of these statements changed one row; otherwise none did."""
        self._writable()
        return self._attempts.written(writes)

    def _attempted(self, write: Callable[[sa.Connection], bool]) -> bool:
        """It was done; where it says that it was not, or a key refuses it, nothing of it was."""
        self._writable()
        return self._attempts.attempted(write)

    def _changing(self) -> sa.Connection:
        """The connection, to write by without an attempt."""
        self._writable()
        self._attempts.settle()
        return self._opened()

    def _writable(self) -> None:
        """Nothing, if it is not over and may write."""
        self._opened()


def _itself(row: Row) -> Row:
    return row


def _done(statements: Sequence[sa.Executable], connection: sa.Connection) -> bool:
    """They are, whatever they changed."""
    for statement in statements:
        connection.execute(statement)
    return True


def _differing(before: Row, after: Row, always: int) -> tuple[int, ...]:
    """The places where two rows differ, and one that is always among them."""
    return tuple([at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new or at == always])
