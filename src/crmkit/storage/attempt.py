"""Writing so that what a key refuses is undone by itself, and nothing of the transaction around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.model import Row
from crmkit.storage.line import Line


def written(line: Line, writes: Sequence[tuple[str, Row]], *, forgiving: bool) -> bool:
    """Each of these statements changed one row; otherwise none did.

    Where a statement that fails does nothing but fail (`forgiving`), a single one needs no savepoint.
    """
    if not writes:
        return True
    together: dict[str, list[Row]] = {}
    for sql, parameters in writes:
        together.setdefault(sql, []).append(parameters)

    def write(_: object) -> bool:
        return all(line.changed(sql, rows) == len(rows) for sql, rows in together.items())

    if not forgiving or len(writes) > 1:
        return attempted(line, write)
    try:
        return write(line)
    except IntegrityError:
        return False


def attempted(line: Line, write: Callable[[sa.Connection], bool]) -> bool:
    """It was done; where it says that it was not, or a key refuses it, nothing of it was."""
    line.say("SAVEPOINT attempt")
    try:
        done = write(line.connection)
    except IntegrityError:
        done = False
    if not done:
        line.say("ROLLBACK TO SAVEPOINT attempt")
    line.say("RELEASE SAVEPOINT attempt")
    return done
