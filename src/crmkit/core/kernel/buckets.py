"""The calendar of figures: in which day, week, month, quarter or year of a zone something happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from crmkit.core.kernel.tally import Per

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_WIDTHS: Final = {
    Per.DAY: relativedelta(days=1),
    Per.WEEK: relativedelta(weeks=1),
    Per.MONTH: relativedelta(months=1),
    Per.QUARTER: relativedelta(months=3),
    Per.YEAR: relativedelta(years=1),
}


def start(value: date, per: Per, zone: str) -> date:
    """The first day of the bucket in which a date, or a moment as clocks in `zone` show it, falls."""
    if not isinstance(value, datetime):
        return _first(value, per)
    try:
        day = value.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        return _first(date.min if value.year == 1 else date.max, per)
    tomorrow = following(day, Per.DAY)
    if tomorrow is not None and value >= opening(tomorrow, zone):
        day = tomorrow  # a clock that was put back over midnight shows the day before again
    return _first(day, per)


def _first(day: date, per: Per) -> date:
    match per:
        case Per.DAY:
            return day
        case Per.WEEK:
            return day - timedelta(days=day.weekday())
        case Per.MONTH:
            return day.replace(day=1)
        case Per.QUARTER:
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case Per.YEAR:
            return day.replace(month=1, day=1)


def following(day: date, per: Per) -> date | None:
    """The first day of the bucket after the one that begins with `day`; None after the year 9999."""
    try:
        return day + _WIDTHS[per]
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=1024)
def opening(day: date, zone: str) -> datetime:
    """The instant, in UTC, at which a day begins in `zone`: the first midnight, or where clocks jump over it.

    The first day of the calendar begins with the first instant there is, in every zone.
    """
    if day == date.min:
        return _EARLIEST
    midnight = datetime.combine(day, time.min, ZoneInfo(zone))
    instant = midnight.astimezone(UTC)
    shown = instant.astimezone(midnight.tzinfo)
    if shown.date() == day and shown.time() == time.min:
        return instant
    return _jump(day, zone, midnight.replace(fold=1).astimezone(UTC), instant)


def _jump(day: date, zone: str, before: datetime, after: datetime) -> datetime:
    """The first instant between the two, to the second, at which clocks show `day` or a later one."""
    low, high = 0, (after - before) // _SECOND
    while low < high:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(ZoneInfo(zone)).date() < day:
            low = middle + 1
        else:
            high = middle
    return before + low * _SECOND


def edges(per: Per, zone: str, low: datetime, high: datetime) -> tuple[tuple[date, datetime, datetime], ...]:
    """The buckets from the one of `low` to the one of `high`: first day, first instant, first instant of the next.

    Instants are in UTC. Each bucket ends where the next begins; one that no instant falls into is left out.
    The bucket that holds the end of the year 9999 has that last microsecond as its end.
    """
    found = []
    day: date | None = start(low, per, zone)
    last = start(high, per, zone)
    while day is not None and day <= last:
        after = following(day, per)
        since = opening(day, zone)
        until = opening(after, zone) if after is not None else _LATEST
        if since < until:
            found.append((day, since, until))
        day = after
    return tuple(found)


def label(day: date, per: Per) -> str:
    """The bucket that begins with `day`, as people write it: 2025-03-01, 2025-W09, 2025-03, 2025 Q1, 2025."""
    match per:
        case Per.DAY:
            return day.isoformat()
        case Per.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        case Per.MONTH:
            return f"{day.year:04}-{day.month:02}"
        case Per.QUARTER:
            return f"{day.year:04} Q{(day.month + 2) // 3}"
        case Per.YEAR:
            return f"{day.year:04}"
