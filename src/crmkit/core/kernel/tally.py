"""Figures as data: which records, grouped by what, measured how; two readings compute the same partial results.

A store returns `Partial`s (counts, exact sums, the two neighbours of a percentile); what a person sees is finished
from them here, once, so that a mean or a median is the same figure whatever counted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeAlias

from attrs import field, frozen

from crmkit.core.kernel.criteria import ALWAYS, Criteria
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.model import Resolved


class Per(StrEnum):
    """How wide a bucket of time is."""

    DAY = "day"
    WEEK = "week"  #: from Monday on (ISO 8601)
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@frozen
class Bucket:
    """Groups of time: the day, week, ... of the zone in which the moment at `path` falls."""

    path: str
    per: Per


Group: TypeAlias = str | Bucket  #: a path, or a bucket of time


@frozen(kw_only=True)
class Count:
    """How many."""

    name: str
    where: Criteria = ALWAYS


@frozen(kw_only=True)
class Sum:
    """The money at `path` (the path of the value, not of its amount), summed per currency."""

    name: str
    path: str
    where: Criteria = ALWAYS


@frozen(kw_only=True)
class Mean:
    """The mean time from one moment to another, of those that have both."""

    name: str
    start: str
    end: str
    where: Criteria = ALWAYS


@frozen(kw_only=True)
class Percentile:
    """The time that `percent` of those with both moments stay under, interpolated linearly; 50 is the median."""

    name: str
    start: str
    end: str
    percent: int = 50
    where: Criteria = ALWAYS


@frozen(kw_only=True)
class Share:
    """One count of the tally in per cent of another, by their names."""

    name: str
    of: str
    among: str


Measure: TypeAlias = Count | Sum | Mean | Percentile | Share


@frozen(kw_only=True)
class Tally:
    """Which figures to make of the records of one kind."""

    kind: str
    title: str
    measures: tuple[Measure, ...]
    by: tuple[Group, ...] = ()
    where: Criteria = ALWAYS


@frozen
class GroundGroup:
    """A column to group by, over its relations; a NAME groups folded and shows the first of its spellings."""

    at: Resolved
    per: Per | None = None


@frozen
class GroundCount:
    """Partial: an int."""

    where: Ground


@frozen
class GroundSum:
    """Partial: a mapping of currency to Decimal, without currencies that do not occur."""

    where: Ground
    amount: Resolved
    currency: Resolved


@frozen
class GroundMean:
    """Partial: (how many, sum of microseconds) of those that have both moments."""

    where: Ground
    start: Resolved
    end: Resolved


@frozen
class GroundPercentile:
    """Partial: (how many, microseconds at the rank below, at the rank above) of those that have both moments.

    Ranks are `floor` and `ceil` of `(n - 1) * percent / 100`, counted from 0 in ascending order; (0, 0, 0) for none.
    """

    where: Ground
    start: Resolved
    end: Resolved
    percent: int


GroundMeasure: TypeAlias = GroundCount | GroundSum | GroundMean | GroundPercentile


@frozen(kw_only=True)
class GroundTally:
    """What a store computes: one `Partial` per group that has at least one record (exactly one when `by` is empty)."""

    kind: str
    where: Ground
    by: tuple[GroundGroup, ...]
    measures: tuple[GroundMeasure, ...]
    zone: str
    sight: Mapping[str, Ground] = field(factory=dict)  #: of these kinds paths lead over such records only


@frozen
class Partial:
    """What a store counted for one group.

    `group` has one row value per group (None for missing; the first day, as a date, of a bucket).
    """

    group: tuple[Any, ...]
    values: tuple[Any, ...]
