"""Buckets of time: the same whether a moment is put into one or the edges are drawn for a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.buckets import edges, following, label, opening, start
from crmkit.core.kernel.tally import Per

# Havana and Santiago change clocks at midnight, St. John's did at one minute past, Toronto in 1919 half an hour before;
# Apia left out a whole day.
ZONES = (
    "UTC",
    "Asia/Seoul",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "America/Toronto",
    "Pacific/Apia",
)
FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)

zones = st.sampled_from(ZONES)
widths = st.sampled_from(Per)
moments = st.datetimes(timezones=st.just(UTC)) | st.sampled_from((FIRST_MOMENT, LAST_MOMENT))
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1200))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(moments, widths, zones)
def test_a_moment_lies_between_the_edges_of_its_bucket(moment: datetime, per: Per, zone: str) -> None:
    """Putting a moment into a bucket and drawing the edges around it give the same bucket."""
    ((day, since, until),) = edges(per, zone, moment, moment)

    assert day == start(moment, per, zone)
    assert since <= moment < until or moment == until == LAST_MOMENT


@given(st.datetimes(datetime(1900, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), spans, widths, zones)
def test_edges_follow_each_other_without_gap(low: datetime, span: timedelta, per: Per, zone: str) -> None:
    """Every instant is in one bucket: each ends where the next begins, and none is empty."""
    drawn = edges(per, zone, low, low + span)

    assert drawn[0][1] <= low
    assert low + span < drawn[-1][2]
    assert all(since < until for _, since, until in drawn)
    assert all(one[2] == other[1] for one, other in pairwise(drawn))
    assert all(start(since, per, zone) == day for day, since, _ in drawn)
    assert all(start(until - timedelta(microseconds=1), per, zone) == day for day, _, until in drawn)


@given(st.dates(), widths)
def test_a_date_is_in_the_bucket_that_begins_on_or_before_it(day: date, per: Per) -> None:
    """The first day of a bucket is in it, and the first day of the next is not."""
    first = start(day, per, "UTC")
    after = following(first, per)

    assert first <= day
    assert start(first, per, "UTC") == first
    assert after is None or day < after == start(after, per, "UTC")


@given(st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2037, 1, 1), timezones=st.just(UTC)), widths)
def test_without_odd_clocks_it_is_the_local_date_that_counts(moment: datetime, per: Per) -> None:
    """In a zone whose clocks change by day, the bucket of a moment is that of the date on the wall."""
    on_the_wall = moment.astimezone(ZoneInfo("Europe/Berlin")).date()

    assert start(moment, per, "Europe/Berlin") == start(on_the_wall, per, "Europe/Berlin")


def test_the_same_instant_falls_into_different_months_of_different_zones() -> None:
    """Zones decide the bucket, not UTC."""
    new_year = utc("2024-12-31T20:00")

    assert start(new_year, Per.MONTH, "UTC") == date(2024, 12, 1)
    assert start(new_year, Per.MONTH, "Asia/Seoul") == date(2025, 1, 1)


def test_a_day_of_changing_clocks_has_23_or_25_hours() -> None:
    """Edges are instants, so daylight saving is in them."""
    spring, autumn = utc("2025-03-30T12:00"), utc("2025-10-26T12:00")
    lengths = [until - since for at in (spring, autumn) for _, since, until in edges(Per.DAY, "Europe/Berlin", at, at)]

    assert lengths == [timedelta(hours=23), timedelta(hours=25)]


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("America/Havana", date(2024, 3, 10), "2024-03-10T05:00"),  # no midnight: clocks go from 0:00 to 1:00
        ("America/Havana", date(2024, 11, 3), "2024-11-03T04:00"),  # two midnights: the first
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30"),  # clocks go from 23:30 to 0:30
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30"),  # at 0:01 clocks go back to 23:01
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00"),  # a day that never was
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00"),
    ],
)
def test_a_day_opens_when_clocks_first_show_it(zone: str, day: date, instant: str) -> None:
    """Where midnight is missing or there are two, the day begins at the first instant that shows it."""
    assert opening(day, zone) == utc(instant)


def test_a_clock_put_back_over_midnight_does_not_reopen_the_day_before() -> None:
    """An hour shown twice, the second time after midnight already struck, belongs to the new day."""
    again_23_30 = utc("2010-11-07T03:00")

    assert again_23_30.astimezone(ZoneInfo("America/St_Johns")).date() == date(2010, 11, 6)
    assert start(again_23_30, Per.DAY, "America/St_Johns") == date(2010, 11, 7)


def test_a_day_that_never_was_has_no_bucket() -> None:
    """Samoa went from the 29th of December 2011 to the 31st."""
    drawn = edges(Per.DAY, "Pacific/Apia", utc("2011-12-30T00:00"), utc("2011-12-31T00:00"))

    assert [day for day, _, _ in drawn] == [date(2011, 12, 29), date(2011, 12, 31)]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Seoul", "UTC"])
@pytest.mark.parametrize("per", Per)
def test_the_ends_of_the_calendar_have_buckets_too(per: Per, zone: str) -> None:
    """The first moment of the year 1 and the last of 9999 fall into the first and the last bucket there are."""
    assert start(FIRST_MOMENT, per, zone) == date.min
    assert edges(per, zone, FIRST_MOMENT, FIRST_MOMENT)[0][1] == FIRST_MOMENT
    assert following(start(LAST_MOMENT, per, zone), per) is None
    assert edges(per, zone, LAST_MOMENT, LAST_MOMENT)[0][2] == LAST_MOMENT


@pytest.mark.parametrize(
    ("per", "day", "text"),
    [
        (Per.DAY, date(2025, 3, 1), "2025-03-01"),
        (Per.WEEK, date(2024, 12, 30), "2025-W01"),
        (Per.MONTH, date(2025, 3, 1), "2025-03"),
        (Per.QUARTER, date(2025, 4, 1), "2025 Q2"),
        (Per.YEAR, date(987, 1, 1), "0987"),
    ],
)
def test_labels_are_as_people_write_them(per: Per, day: date, text: str) -> None:
    """A week is that of its Thursday's year (ISO 8601), quarters are counted from 1."""
    assert label(day, per) == text


@given(st.dates(), st.dates(), widths)
def test_two_buckets_never_share_a_label(one: date, other: date, per: Per) -> None:
    """What is told apart in figures is told apart on screen."""
    first, second = start(one, per, "UTC"), start(other, per, "UTC")

    assert (label(first, per) == label(second, per)) == (first == second)
