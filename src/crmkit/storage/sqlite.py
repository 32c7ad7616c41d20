"""Records kept in a SQLite file."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.pool import QueuePool

from crmkit.core.kernel.errors import Invalid, StoreError, shape
from crmkit.core.kernel.model import Model
from crmkit.storage.sql import SQLStore
from crmkit.storage.sqlite_dialect import SQLiteDialect
from crmkit.storage.tables import checked_prefix, tables

PATIENCE: Final = 10  #: seconds that a transaction waits for the one before it

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

    Transactions take turns; what is committed survives a loss of power.

    :raises Invalid: a path that names no file, a prefix that no table's name can begin with
    """

    def __init__(self, path: str | os.PathLike[str], model: Model, *, prefix: str = "crm_") -> None:
        super().__init__(_engine(_file(path)), model, SQLiteDialect(), prefix=checked_prefix(prefix))


def ddl(model: Model, *, prefix: str = "crm_") -> str:
    """The statements that make the tables of a model, as text."""
    made = tables(model, SQLiteDialect(), checked_prefix(prefix))
    return "\n\n".join(f"{statement};" for statement in made.ddl(sqlite.dialect())) + "\n"


def _file(path: object) -> str:
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str) or "\0" in name:
        raise Invalid("path", f"got {shape(name)}", accepts="the path of a file")
    if not name or _MEMORY.search(name):
        raise Invalid("path", f"got {shape(name)}, a database in memory", accepts="memory: for a store in memory")
    if name.startswith("file:"):
        raise Invalid("path", f"got {shape(name)}", accepts="the path of a file, not its URI")
    return str(Path(name).absolute())


def _engine(file: str) -> sa.Engine:
    """Connections to the file that begin transactions as writers and fail in words of ours."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=file),
        creator=lambda: _connection(file),
        poolclass=QueuePool,
        max_overflow=-1,  # whoever has to wait does so for the transaction, not for a connection
        hide_parameters=True,
    )
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "handle_error", lambda context: _failure(file, context), retval=True)
    return engine


def _connection(file: str) -> sqlite3.Connection:
    """A connection that SQLite itself begins and ends no transactions on."""
    connection = sqlite3.connect(file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _set_up(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, file: str) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    (encoding,) = connection.execute("PRAGMA encoding").fetchone()
    if mode != "wal":
        raise StoreError(f"{file} cannot have a write-ahead log", hint="a file on a disk of this machine")
    if encoding != "UTF-8":
        raise StoreError(f"{file} keeps text as {encoding}", hint="a database in UTF-8, as new ones are")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _failure(file: str, context: ExceptionContext) -> StoreError | None:
    """What to raise for an error of SQLite; refused keys are left to those who can say which."""
    error = context.original_exception
    if isinstance(error, UnicodeError):
        return StoreError("a text has half a surrogate pair in it", hint="text that UTF-8 can write")
    if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
        return None
    code = getattr(error, "sqlite_errorname", "")
    for name, (problem, hint) in _MEANING.items():
        if code.startswith(name):
            return StoreError(f"{file} cannot be used: {problem}", hint=hint, facts={"sqlite": code})
    return StoreError(f"{file} cannot be used: {error}", facts={"sqlite": code})
