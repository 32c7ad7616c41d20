"""Relative times on nights when clocks are put forward or back, in short months, and at the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from crmkit.core.kernel.criteria import Ago, Unit
from crmkit.core.kernel.errors import CriteriaError, Invalid
from crmkit.core.kernel.instants import Instant, microseconds


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "zone", "ago", "then"),
    [
        # 31 March 2024 has 23 hours in Madrid: the day is counted, the hours have passed
        ("2024-03-31T10:30Z", "Europe/Madrid", Ago(1, Unit.DAYS), "2024-03-30T11:30Z"),
        ("2024-03-31T10:30Z", "Europe/Madrid", Ago(24, Unit.HOURS), "2024-03-30T10:30Z"),
        ("2024-03-31T10:30Z", "UTC", Ago(1, Unit.DAYS), "2024-03-30T10:30Z"),
        # half past two is skipped that night: read by the clock before, which is half past three
        ("2024-04-01T00:30Z", "Europe/Madrid", Ago(1, Unit.DAYS), "2024-03-31T01:30Z"),
        # half past two comes twice: the first
        ("2024-10-28T01:30Z", "Europe/Madrid", Ago(1, Unit.DAYS), "2024-10-27T00:30Z"),
        ("2024-10-26T00:30Z", "Europe/Madrid", Ago(-1, Unit.DAYS), "2024-10-27T00:30Z"),
        # in the second of them, now is now
        ("2024-10-27T01:30Z", "Europe/Madrid", Ago(0, Unit.DAYS), "2024-10-27T01:30Z"),
        ("2024-10-27T01:30Z", "Europe/Madrid", Ago(1, Unit.WEEKS), "2024-10-20T00:30Z"),
        # short months
        ("2024-03-31T12:00Z", "UTC", Ago(1, Unit.MONTHS), "2024-02-29T12:00Z"),
        ("2024-02-29T12:00Z", "UTC", Ago(1, Unit.YEARS), "2023-02-28T12:00Z"),
        ("2024-01-31T12:00Z", "UTC", Ago(-1, Unit.MONTHS), "2024-02-29T12:00Z"),
        # the wall shows another day
        ("2024-03-30T15:30Z", "Asia/Seoul", Ago(1, Unit.MONTHS), "2024-02-28T15:30Z"),
    ],
)
def test_days_are_counted_on_the_wall(now: str, zone: str, ago: Ago, then: str) -> None:
    """Minutes and hours pass; days, weeks, months and years are read off clocks and calendars of the zone."""
    assert Instant.at(at(now), zone).moment(ago) == at(then)


@pytest.mark.parametrize(
    ("zone", "ago", "day"),
    [
        ("UTC", Ago(0, Unit.DAYS), date(2024, 2, 29)),
        ("Asia/Seoul", Ago(0, Unit.DAYS), date(2024, 3, 1)),
        ("Asia/Seoul", Ago(1, Unit.MONTHS), date(2024, 2, 1)),
        ("UTC", Ago(1, Unit.YEARS), date(2023, 2, 28)),
        ("UTC", Ago(-1, Unit.WEEKS), date(2024, 3, 7)),
    ],
)
def test_today_is_the_day_in_the_zone(zone: str, ago: Ago, day: date) -> None:
    """And days are counted from it."""
    assert Instant.at(at("2024-02-29T15:30Z"), zone).day(ago) == day


def test_who_was_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    """In years without that day."""
    assert Instant.at(at("2023-02-28T12:00Z"), "UTC").birthday(3) == date(2020, 2, 28)
    assert Instant.at(at("2023-03-01T12:00Z"), "UTC").birthday(3) == date(2020, 3, 1)


def test_the_ends_of_the_calendar_are_seen() -> None:
    """An instant without a day in the zone, a time before the year 1, and one that UTC does not have."""
    last = datetime.max.replace(tzinfo=UTC)
    first = Instant.at(datetime(1, 1, 1, 12, tzinfo=UTC), "Asia/Seoul")

    with pytest.raises(CriteriaError, match="outside the calendar"):
        Instant.at(last, "Asia/Seoul")
    with pytest.raises(CriteriaError, match="outside the calendar"):
        first.moment(Ago(1, Unit.DAYS))
    with pytest.raises(CriteriaError, match="outside the calendar"):
        first.moment(Ago(24, Unit.HOURS))
    with pytest.raises(CriteriaError, match="outside the calendar"):
        first.day(Ago(1, Unit.DAYS))
    assert first.birthday(1) is None


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/City", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "x" * 5000, "\ud800", None, 3]
)
def test_what_is_no_zone_is_refused(zone: Any) -> None:
    """Whatever it is, and without a look at any other file."""
    with pytest.raises(Invalid, match="zone"):
        Instant.at(at("2024-02-29T12:00Z"), zone)


def test_a_span_of_equal_days_is_exact() -> None:
    """A day has 24 hours here; months and years have no length."""
    assert microseconds(1, Unit.WEEKS) == 7 * microseconds(24, Unit.HOURS) == -microseconds(-7, Unit.DAYS)
    with pytest.raises(CriteriaError, match="not all equally long"):
        microseconds(1, Unit.YEARS)
