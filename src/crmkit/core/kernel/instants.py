"""Relative times made absolute: by the clock on the wall of a zone, never by the machine's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from attrs import frozen
from dateutil.relativedelta import relativedelta

from crmkit.core.kernel.columns import utc
from crmkit.core.kernel.criteria import Ago, Unit
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape

MICROSECOND: Final = timedelta(microseconds=1)
_EXACT: Final = {
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
    Unit.WEEKS: timedelta(weeks=1),
}
_FARTHEST: Final = 10**12  # of any unit is beyond the calendar
_LONGEST: Final = timedelta(days=date.max.toordinal()) // MICROSECOND  # longer than from any moment to any other


@frozen
class Instant:
    """The instant at which a condition is asked, as clocks and calendars in one zone show it."""

    now: datetime  #: in UTC
    zone: ZoneInfo
    today: date

    @classmethod
    def at(cls, now: datetime, zone: str) -> Self:
        """An instant as it is in that zone.

        :raises Invalid: a naive `now`, or no such zone
        :raises CriteriaError: outside the years 1 to 9999 there
        """
        instant, place = utc(now, "now"), zone_named(zone)
        try:
            return cls(instant, place, instant.astimezone(place).date())
        except OverflowError:
            raise _beyond("now") from None

    def moment(self, ago: Ago) -> datetime:
        """The instant, in UTC, so long before now.

        Minutes and hours are exact. Days and longer go by the wall clock, and by the calendar: a month before
        31 March is 28 or 29 February. A time that clocks show twice is the first of the two; one that they skip is
        read as if they had not been put forward yet. None at all is now itself.

        :raises CriteriaError: outside the years 1 to 9999
        """
        if not _whole(ago.amount):
            return self.now
        try:
            if ago.unit in (Unit.MINUTES, Unit.HOURS):
                return self.now - ago.amount * _EXACT[ago.unit]
            shown = self.now.astimezone(self.zone).replace(tzinfo=None, fold=0)
            return (shown - _calendar(ago)).replace(tzinfo=self.zone).astimezone(UTC)
        except (OverflowError, ValueError):
            raise _beyond(f"{ago.amount} {ago.unit} ago") from None

    def day(self, ago: Ago) -> date:
        """The day so long before today.

        :raises CriteriaError: minutes or hours, or outside the years 1 to 9999
        """
        if ago.unit in (Unit.MINUTES, Unit.HOURS):
            raise CriteriaError(f"a date has no {ago.unit}", hint="days, weeks, months or years")
        try:
            return self.today - _calendar(ago)
        except (OverflowError, ValueError):
            raise _beyond(f"{ago.amount} {ago.unit} ago") from None

    def birthday(self, age: int) -> date | None:
        """The last day to be born on for being at least so old today; None beyond the years 1 to 9999."""
        try:
            return self.today - relativedelta(years=age)
        except (OverflowError, ValueError):
            return None


def zone_named(name: str) -> ZoneInfo:
    """The time zone of this name.

    :raises Invalid: there is none
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        raise Invalid("zone", f"got {shape(name)}", accepts="an IANA name of a time zone, as Asia/Seoul") from None


def microseconds(amount: int, unit: Unit) -> int:
    """How long a span is, at most as long as none can be; a day is 24 hours.

    :raises CriteriaError: months or years, which are not always equally long
    """
    if unit not in _EXACT:
        raise CriteriaError(f"{unit} are not all equally long", hint="minutes, hours, days or weeks")
    exact = _whole(amount) * (_EXACT[unit] // MICROSECOND)
    return max(-_LONGEST, min(_LONGEST, exact))


def _calendar(ago: Ago) -> relativedelta:
    match ago.unit:
        case Unit.DAYS:
            return relativedelta(days=_whole(ago.amount))
        case Unit.WEEKS:
            return relativedelta(weeks=_whole(ago.amount))
        case Unit.MONTHS:
            return relativedelta(months=_whole(ago.amount))
        case _:
            return relativedelta(years=_whole(ago.amount))


def _whole(amount: object) -> int:
    if type(amount) is not int or abs(amount) > _FARTHEST:
        raise CriteriaError(f"got {shape(amount)} as a span of time", hint="a whole number and a unit")
    return amount


def _beyond(what: str) -> CriteriaError:
    return CriteriaError(f"«{what}» lies outside the calendar", hint="the years 1 to 9999")
