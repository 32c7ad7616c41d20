"""Writing so that what a key refuses is undone by itself, and nothing of the transaction around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.model import Row


def written(connection: sa.Connection, writes: Sequence[tuple[str, Row]], *, forgiving: bool) -> bool:
    """Each of these statements changed one row; otherwise none did.

    Where a statement that fails does nothing but fail (`forgiving`), a single one needs no savepoint.
    """
    together: dict[str, list[Row]] = {}
    for sql, parameters in writes:
        together.setdefault(sql, []).append(parameters)

    def write(to: sa.Connection) -> bool:
        return all(to.exec_driver_sql(sql, rows).rowcount == len(rows) for sql, rows in together.items())

    if not writes:
        return True
    if not forgiving or len(writes) > 1:
        return attempted(connection, write)
    try:
        return write(connection)
    except IntegrityError:
        return False


def attempted(connection: sa.Connection, write: Callable[[sa.Connection], bool]) -> bool:
    """It was done; where it says that it was not, or a key refuses it, nothing of it was."""
    connection.exec_driver_sql("SAVEPOINT attempt")
    try:
        done = write(connection)
    except IntegrityError:
        done = False
    if not done:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT attempt")
    connection.exec_driver_sql("RELEASE SAVEPOINT attempt")
    return done
