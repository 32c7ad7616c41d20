"""What is left of erased values in a SQLite file and in the log beside it, until no snapshot needs it any more.

Pages keep bytes of what was moved within them, and the log keeps pages as they were. A mark in the file says that both
are to be cleaned. It is committed with what was erased, so any process finds it: a store looks for it after its first
transaction, after those behind its own erasures until all is gone, and at every checkpoint. Where the file cannot be
written anew, only a checkpoint tries again: it takes a copy of all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from attrs import define

MARK: Final = " "  #: a counter of erasures, 0 once the file is written anew; no key of a host is blank


@define
class Leftovers:
    """Those in one file, marked among the counters of one CRM."""

    file: str
    counters: str  #: the table
    suspected: bool = True  #: whether there may be a mark that nobody looked for yet

    @property
    def logged(self) -> bool:
        """Whether anything stands in the log."""
        try:
            return Path(f"{self.file}-wal").stat().st_size > 0
        except OSError:
            return False

    def clean(self, connection: Any) -> None:
        """Write the file anew and empty the log, if no snapshot needs it; otherwise the mark stays, and so do they."""
        cursor = connection.cursor()
        marks = cursor.execute(f'SELECT value FROM {self.counters} WHERE "key" = ?', (MARK,)).fetchall()  # noqa: S608 - a checked name
        self.suspected = bool(marks)
        if not marks or not self._emptied(connection):
            return
        if marks != [(0,)]:
            self.suspected = False  # if it fails, for want of space say, not every commit tries it again
            cursor.execute("VACUUM")
            cursor.execute(f'UPDATE {self.counters} SET value = 0 WHERE "key" = ?', (MARK,))  # noqa: S608 - as above
            self.suspected = True
        if self._emptied(connection):
            cursor.execute(f'DELETE FROM {self.counters} WHERE "key" = ?', (MARK,))  # noqa: S608 - as above
            checkpoint(connection, "TRUNCATE")
            self.suspected = False

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
    cursor.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        cursor.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {patience}").fetchall()
