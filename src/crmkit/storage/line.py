"""What is written out already, said to the driver itself: SQLAlchemy has compiled it, and would be in the way only."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import takewhile
from typing import Any, Final, NoReturn

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.model import Row

FAILURE: Final = "crmkit_failure"  #: the option of an engine that tells what its driver's errors mean


class Line:
    """The driver's side of a connection that is in a transaction; its errors are those of the connection.

    A query that was not read to its end is over with its cursor: SQLite's ROLLBACK does not end it, and the connection
    would go on seeing what it saw.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self._driver: Any = connection.connection.dbapi_connection
        self._cursor: Any = connection.connection.cursor()

    def say(self, sql: str) -> None:
        """A statement that has no parameters and gives nothing."""
        try:
            self._cursor.execute(sql)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            self._fail(error, sql)

    def rows(self, sql: str, parameters: Row) -> list[Any]:
        """What a query gives, all of it."""
        try:
            self._cursor.execute(sql, parameters)
            found: list[Any] = self._cursor.fetchall()
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error, sql)
        return found

    def portions(self, sql: str, parameters: Row, many: int) -> Generator[Sequence[Any], None, None]:
        """The same, so many rows at a time: the next come where those before them were, if nobody keeps these.

        Whoever does not take them all closes it.
        """
        try:
            with closing(self._driver.cursor()) as cursor:
                cursor.execute(sql, parameters)
                yield from takewhile(len, iter(partial(cursor.fetchmany, many), None))  # neither keeps what it gave
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error, sql)

    def all(self, result: sa.CursorResult[Any]) -> list[Any]:
        """What a query gives that SQLAlchemy said, as the driver has it."""
        try:
            with closing(result):
                return list(result.cursor.fetchall())
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error, "")

    def changed(self, sql: str, rows: Sequence[Row]) -> int:
        """How many rows a statement changed, said with each of these parameters."""
        try:
            if len(rows) == 1:
                self._cursor.execute(sql, rows[0])
            else:
                self._cursor.executemany(sql, rows)
            count: int = self._cursor.rowcount
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error, sql)
        return count

    def _fail(self, error: Exception, sql: str) -> NoReturn:
        """Raise it as SQLAlchemy and the store would: a refused key, a fault in words of ours, or as it is."""
        with suppress(Exception):  # a connection that is lost has no other
            self._cursor.close()
            self._cursor = self._driver.cursor()
        dialect: Any = self.connection.dialect
        if isinstance(error, dialect.loaded_dbapi.IntegrityError):
            raise IntegrityError(sql, None, error, hide_parameters=True) from error
        said = self.connection.get_execution_options()[FAILURE](error)
        if said is None:
            raise error
        if said[1].lost:
            # As SQLAlchemy does where it hears of the error itself: what rests in the pool is older than the loss.
            self.connection.engine.pool._invalidate(self.connection.connection, error)  # noqa: SLF001 - the only way
            self.connection.invalidate(error)
        raise said[0] from error
