"""What is left of erased values in a SQLite file and in the log beside it, until no snapshot needs it any more.

Pages keep bytes of what was moved within them, and the log keeps pages as they were. A mark in the file says that both
are to be cleaned: it is committed with what was erased, so it is found by whoever has the turn next, in any process.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.kernel.errors import StoreError
from crmkit.storage.line import Line

MARK: Final = " "  #: a counter; no key of a host is blank


@frozen
class Leftovers:
    """Those in one file, marked among the counters of one CRM."""

    file: str
    counters: str  #: the table

    @property
    def logged(self) -> bool:
        """Whether anything stands in the log."""
        try:
            return Path(f"{self.file}-wal").stat().st_size > 0
        except OSError:
            return False

    def marked(self, line: Line) -> bool:
        """Whether there may be some, as a transaction sees it."""
        return bool(line.rows(f'SELECT 1 FROM {self.counters} WHERE "key" = ?', (MARK,)))  # noqa: S608 - a checked name

    def clean(self, engine: sa.Engine) -> None:
        """Write the file anew and empty the log, if no snapshot needs it; otherwise the mark stays, and so do they."""
        with suppress(sqlite3.Error, StoreError), closing(engine.raw_connection()) as connection:
            if self._emptied(connection):
                connection.cursor().execute("VACUUM")
                if self._emptied(connection):
                    connection.cursor().execute(f'DELETE FROM {self.counters} WHERE "key" = ?', (MARK,))  # noqa: S608 - as above
                    checkpoint(connection, "TRUNCATE")

    def _emptied(self, connection: Any) -> bool:
        checkpoint(connection, "TRUNCATE")
        return not self.logged


def checkpoint(connection: Any, how: str) -> None:
    """Put the log into the file, as far as no snapshot needs it; what cannot be now is done the next time.

    PASSIVE leaves the log as long as it is, to be written anew from its beginning: to make it grow with every commit
    takes the disk half as long again.
    """
    cursor = connection.cursor()
    ((patience,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
    for statement in ("busy_timeout = 0", f"wal_checkpoint({how})", f"busy_timeout = {patience}"):
        cursor.execute(f"PRAGMA {statement}").fetchall()
