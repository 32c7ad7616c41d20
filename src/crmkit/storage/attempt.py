"""Writing so that what a key refuses is undone by itself, and nothing of the transaction around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.errors import Retryable
from crmkit.core.kernel.model import Row
from crmkit.storage.line import Line

MOST: Final = 1000  #: rows that are written again at most, when one behind them is refused

Together = Mapping[str, Sequence[Row]]  #: the parameters that each statement is said with


class Attempts:
    """The writes of one session.

    Those that follow each other share a savepoint: if one is refused, what was written behind it before is written
    again. Where a statement that fails does nothing but fail (`forgiving`), one row by itself needs none.
    """

    def __init__(self, line: Line, *, forgiving: bool) -> None:
        self._line = line
        self._forgiving = forgiving
        self._open = False  #: there is a savepoint, and nothing was written behind it but what follows
        self._since: list[Together] = []

    def written(self, writes: Sequence[tuple[str, Row]]) -> bool:
        """Each of these statements changed one row; otherwise none did."""
        if not writes:
            return True
        together: dict[str, list[Row]] = {}
        for sql, parameters in writes:
            together.setdefault(sql, []).append(parameters)
        if self._open or len(writes) > 1 or not self._forgiving:
            return self._shared(together)
        try:
            return self._all(together)
        except IntegrityError:
            return False

    def attempted(self, write: Callable[[sa.Connection], bool]) -> bool:
        """It was done; where it says that it was not, or a key refuses it, nothing of it was."""
        self.settle()
        self._line.say("SAVEPOINT attempt")
        try:
            done = write(self._line.connection)
        except IntegrityError:
            done = False
        if not done:
            self._line.say("ROLLBACK TO SAVEPOINT attempt")
        self._line.say("RELEASE SAVEPOINT attempt")
        return done

    def settle(self) -> None:
        """Something is written in another way: from here on, nothing of before is undone by itself."""
        if self._open:
            self._line.say("RELEASE SAVEPOINT attempt")
            self._open = False
            self._since.clear()

    def _shared(self, together: Together) -> bool:
        if not self._open:
            self._line.say("SAVEPOINT attempt")
            self._open = True
        try:
            done = self._all(together)
        except IntegrityError:
            done = False
        if done:
            self._since.append(together)
        else:
            self._line.say("ROLLBACK TO SAVEPOINT attempt")
            self._again()
        if not done or sum(len(rows) for each in self._since for rows in each.values()) > MOST:
            self.settle()
        return done

    def _again(self) -> None:
        """Write what was undone with the refused one.

        :raises Retryable: another transaction came in between
        """
        try:
            done = all(map(self._all, self._since))
        except IntegrityError:
            done = False
        if not done:
            raise Retryable("another transaction changed what this one had written", hint="do it again")

    def _all(self, together: Together) -> bool:
        return all(self._line.changed(sql, rows) == len(rows) for sql, rows in together.items())
