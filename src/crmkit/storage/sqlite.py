"""Records kept in a SQLite file."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.pool import QueuePool

from crmkit.core.kernel.errors import Invalid, StoreError, shape
from crmkit.core.kernel.feed import Place, Stretch
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.operation import Operation
from crmkit.storage.faults import SQLITE, Meaning
from crmkit.storage.leftovers import MARK, Leftovers, checkpoint
from crmkit.storage.line import FAILURE, Line
from crmkit.storage.mounts import network_of
from crmkit.storage.prepared import Prepared
from crmkit.storage.schema import as_made
from crmkit.storage.snapshot import SQLSnapshot
from crmkit.storage.sql import SQLSession, SQLStore
from crmkit.storage.sqlite_dialect import SQLiteDialect
from crmkit.storage.tables import checked_prefix
from crmkit.storage.turns import LateError, Turn, Turns

PATIENCE: Final = 10  #: seconds that a transaction waits for the one before it

CHECKPOINT_AT: Final = 300  #: rows that one store changes between two checkpoints: about a thousand pages of the log
CACHE: Final = 16 * 1024  #: KiB of pages that a connection keeps; SQLite's own 2 MB are few for whole tables
LOG: Final = 16 * 1024 * 1024  #: bytes that the log keeps once it begins anew; in them a commit needs no new space

#: By profile, what SQLite waits for: FULL, that each commit is on the disk; NORMAL, that each checkpoint is.
_PROFILES: Final = {"durable": "FULL", "fast": "NORMAL"}

_MEMORY: Final = re.compile(r":memory:|[?&]mode=memory\b")

#: By the beginning of the name that SQLite gives an error: what it means to somebody who has not called SQLite.
_MEANING: Final = {
    "SQLITE_BUSY": (f"another transaction is still open after {PATIENCE} seconds", "end one, then begin the next"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "a file, in a folder that may be written"),
    "SQLITE_READONLY": ("it may not be written", "a file that may be written, in such a folder"),
    "SQLITE_NOTADB": ("it is no SQLite database", "a new file, or one that crmkit made"),
    "SQLITE_CORRUPT": ("it is damaged", "the last backup"),
    "SQLITE_FULL": ("the disk is full", "nothing of this transaction was kept"),
    "SQLITE_IOERR": ("the disk fails", "nothing is sure of this transaction but what was committed before"),
}


class SQLiteStore(SQLStore):
    """One CRM in one file, which may hold tables of its host and other CRMs beside it.

    Transactions take turns, and what they committed survives a loss of power; with the profile "fast" the last of it
    may be gone then, never a part of a transaction. Snapshots are read beside them. The store belongs to the process
    that opened it: a child that was forked opens its own.

    :raises Invalid: a path that names no file, a prefix that no table's name can begin with, an unknown profile
    :raises StoreError: a file on another machine
    """

    def __init__(
        self, path: str | os.PathLike[str], model: Model, *, prefix: str = "crm_", profile: str = "durable"
    ) -> None:
        self._file: Final = _local(_file(path))
        self._process: Final = os.getpid()
        self._turns: Final = Turns(self._file, PATIENCE)
        self._reading: Final = _engine(self._file, "PRAGMA query_only = ON", begin="BEGIN")
        self._changed = 0  #: rows, since the last checkpoint of this store
        writing = _engine(self._file, f"PRAGMA synchronous = {_synchronous(profile)}", begin="BEGIN IMMEDIATE")
        super().__init__(writing, model, SQLiteDialect, prefix=checked_prefix(prefix))
        self._leftovers: Final = Leftovers(self._file, self._prepared.tables.counters.table.name)

    def create(self, *, thorough: bool = False) -> None:
        """Make the tables, unless they are there, which is seen without the turn; raises like every store."""
        if thorough or not self._as_made():
            turn = self._turn()
            try:
                super().create(thorough=thorough)
            finally:
                turn.end()

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:
        """Add what is missing, when it is our turn; raises like every store."""
        turn = self._turn()
        try:
            return super().migrate(dry=dry)
        finally:
            turn.end()

    def begin(self) -> SQLiteSession:
        """A new transaction, as soon as the one before it is over.

        :raises StoreError: that takes too long, or the database cannot be opened
        """
        turn = self._turn()
        try:
            connection = self._connected()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
        except BaseException:
            turn.end()
            raise
        return SQLiteSession(connection, self._prepared, self._leftovers, partial(self._ended, turn))

    def snapshot(self) -> SQLiteSnapshot:
        """What is committed by now, on a connection that cannot write.

        :raises StoreError: the database cannot be opened
        """
        _same(self._process)
        if self._engine is None:
            raise StoreError("this store is closed", hint="open it again")
        connection = self._reading.connect()
        try:
            connection.begin()
            Line(connection).rows("SELECT count(*) FROM sqlite_master", ())  # what is seen is what there is now
        except BaseException:
            connection.close()
            raise
        return SQLiteSnapshot(connection, self._prepared)

    def feed(self, *, after: Place, kind: str | None = None, id: Id[Any] | None = None, limit: int) -> Stretch:
        """The events behind a place; operations have their positions from the beginning, for writers take turns."""
        return self.snapshot().stretch(after=after, kind=kind, id=id, limit=limit)

    def close(self) -> None:
        """Let go of the file, which is all there is if nobody else has it open; waits for nobody."""
        if self._engine is None or os.getpid() != self._process:  # the connections are those of the parent
            self._engine = None
            return
        if self._leftovers.logged:
            with suppress(LateError, OSError), self._turns.taken(patience=0):
                self._tidy("TRUNCATE")
        self._reading.dispose()
        super().close()

    def _as_made(self) -> bool:
        """As every store looks, but on a connection that waits for nobody."""
        _same(self._process)
        if self._engine is None or not Path(self._file).is_file():
            return False
        with self._reading.connect() as connection, suppress(StoreError):
            return as_made(connection, self._prepared.tables)
        return False

    def _turn(self) -> Turn:
        _same(self._process)
        try:
            return self._turns.take()
        except LateError:
            problem, hint = _MEANING["SQLITE_BUSY"]
        except OSError:
            problem, hint = _MEANING["SQLITE_CANTOPEN"]
        raise StoreError(f"{self._file} cannot be used: {problem}", hint=hint)

    def _connected(self) -> sa.Connection:
        _same(self._process)
        return super()._connected()

    def _ended(self, turn: Turn, *, changed: int = 0) -> None:
        """After a transaction, while the turn is still ours: checkpoints and writers never meet."""
        try:
            self._changed += changed
            if self._leftovers.suspected or self._changed >= CHECKPOINT_AT:
                self._changed = 0
                self._tidy("PASSIVE")
        finally:
            turn.end()

    def _tidy(self, how: str) -> None:
        """Put the log into the file, and clean away what was erased; what cannot be now is done the next time."""
        if self._engine is not None:
            with suppress(sqlite3.Error, StoreError), closing(self._engine.raw_connection()) as connection:
                self._leftovers.clean(connection)
                checkpoint(connection, how)


class SQLiteSession(SQLSession):
    """One transaction that has the turn."""

    def __init__(
        self, connection: sa.Connection, prepared: Prepared, leftovers: Leftovers, end: Callable[..., None]
    ) -> None:
        super().__init__(connection, prepared)
        self._leftovers: Final = leftovers
        self._process: Final = os.getpid()
        self._end: Callable[..., None] | None = end
        self._changes: Final = _changes(connection)

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:
        """As every store; the file and its log are cleaned straight after the commit, or as soon as that can be."""
        super().redact(events, operations)
        self.count(MARK, 1)
        self._leftovers.suspected = True

    def commit(self) -> None:
        """Keep it; where that fails, nothing is left but to roll back."""
        changed = _changes(self._opened()) - self._changes
        super().commit()
        self._ended(changed=changed)

    def rollback(self) -> None:
        """Forget it."""
        try:
            super().rollback()
        finally:
            self._ended()

    def _ended(self, **how: Any) -> None:
        end, self._end = self._end, None
        if end is not None and os.getpid() == self._process:
            end(**how)

    def _opened(self) -> sa.Connection:
        _same(self._process)
        return super()._opened()


class SQLiteSnapshot(SQLSnapshot):
    """One transaction that only reads."""

    def __init__(self, connection: sa.Connection, prepared: Prepared) -> None:
        super().__init__(connection, prepared)
        self._process: Final = os.getpid()

    def _opened(self) -> sa.Connection:
        _same(self._process)
        return super()._opened()


def profiled(path: str) -> tuple[str, str]:
    """The path and the profile of `crm.db?profile=fast`.

    :raises Invalid: any other parameter
    """
    file, asked, query = path.partition("?")
    if not asked or _MEMORY.search(path):
        return path, "durable"
    name, _, profile = query.partition("=")
    if name != "profile":
        raise Invalid("url", f"got {shape(query)} behind the path", accepts=f"profile={' or profile='.join(_PROFILES)}")
    return file, profile


def _synchronous(profile: object) -> str:
    if not isinstance(profile, str) or profile not in _PROFILES:
        raise Invalid("profile", f"got {shape(profile)}", accepts=" or ".join(_PROFILES))
    return _PROFILES[profile]


def _same(process: int) -> None:
    """Connections to SQLite must not be carried over a fork: https://www.sqlite.org/howtocorrupt.html, 2.6."""
    if os.getpid() != process:
        raise StoreError("this store was opened by another process", hint="open another after the fork")


def _changes(connection: sa.Connection) -> int:
    """How many rows the driver's connection has changed since it is there."""
    return int(getattr(connection.connection.driver_connection, "total_changes", 0))


def _local(file: str) -> str:
    network = network_of(file)
    if network:
        raise StoreError(
            f"{file} is on a network file system ({network})", hint="a file on a disk of this machine, or a server"
        )
    return file


def _file(path: object) -> str:
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str) or "\0" in name:
        raise Invalid("path", f"got {shape(name)}", accepts="the path of a file")
    if not name or _MEMORY.search(name):
        raise Invalid("path", f"got {shape(name)}, a database in memory", accepts="memory: for a store in memory")
    if name.startswith("file:"):
        raise Invalid("path", f"got {shape(name)}", accepts="the path of a file, not its URI")
    return os.path.realpath(name)  # SQLite, too, names the log by it; so the turn is one, whatever leads to the file


def _engine(file: str, pragma: str, *, begin: str) -> sa.Engine:
    """Connections to the file that are set up and begin transactions so, and fail in words of ours."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=file),
        creator=lambda: _connection(file, pragma),
        poolclass=QueuePool,
        execution_options={FAILURE: partial(failure, file, commit=False)},
        max_overflow=-1,  # whoever has to wait does so for the transaction, not for a connection
        hide_parameters=True,
    )
    sa.event.listen(engine, "begin", lambda connection: Line(connection).say(begin))
    sa.event.listen(engine, "handle_error", lambda context: _failed(file, context), retval=True)
    return engine


def _connection(file: str, pragma: str) -> sqlite3.Connection:
    """A connection that SQLite itself begins and ends no transactions on."""
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection, file)
        connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, file: str) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # only who has the turn makes checkpoints
    connection.execute(f"PRAGMA journal_size_limit = {LOG}")
    connection.execute(f"PRAGMA cache_size = -{CACHE}")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if mode != "wal":
        raise StoreError(f"{file} cannot have a write-ahead log", hint="a file on a disk of this machine")
    if encoding != "UTF-8":
        raise StoreError(f"{file} keeps text as {encoding}", hint="a database in UTF-8, as new ones are")


def _failed(file: str, context: ExceptionContext) -> StoreError | None:
    """What to raise for an error within SQLAlchemy; the driver's COMMIT is no statement."""
    commit = context.statement is None and context.connection is not None
    said = failure(file, context.original_exception, commit=commit)
    if said is None:
        return None
    context.is_disconnect = said[1].lost
    return said[0]


def failure(file: str, error: BaseException, *, commit: bool) -> tuple[StoreError, Meaning] | None:
    """What to raise for an error of SQLite, and what it means; refused keys are left to those who can say which."""
    if isinstance(error, UnicodeError):
        return StoreError("a text has half a surrogate pair in it", hint="text that UTF-8 can write"), Meaning.FAULT
    if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
        return None
    code = getattr(error, "sqlite_errorname", "")
    meaning = SQLITE.meaning(code, commit=commit)
    for name, (problem, hint) in _MEANING.items():
        if code.startswith(name):
            return meaning.error(f"{file} cannot be used: {problem}", hint=hint, facts={"sqlite": code}), meaning
    return meaning.error(f"{file} cannot be used: {error}", facts={"sqlite": code}), meaning
