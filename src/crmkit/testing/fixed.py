"""Time and identity that a test can foretell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from crmkit.core.kernel.columns import utc
from crmkit.core.kernel.ids import Id, uuid7

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # a Monday morning


class FixedClock:
    """A clock that moves only when it is told to: `clock.advance(days=3)`."""

    def __init__(self, now: datetime = START) -> None:
        self.now = utc(now, "now")

    def __call__(self) -> datetime:
        """The time it is."""
        return self.now

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0) -> datetime:
        """Let so much time pass; returns the new now."""
        self.now += timedelta(days=days, hours=hours, minutes=minutes)
        return self.now


class FixedIds:
    """Ids that count: the same program gets the same ones every time, each after all before it."""

    def __init__(self, start: datetime = START) -> None:
        self._milliseconds = int(start.timestamp() * 1000)
        self._count = 0

    def __call__(self) -> Id[Any]:
        """The next id."""
        self._count += 1
        return uuid7(self._milliseconds, self._count)

    @contextmanager
    def unspent(self) -> Iterator[None]:
        """What is drawn inside is given again after it: for a look that leaves nothing behind."""
        count = self._count
        try:
            yield
        finally:
            self._count = count
