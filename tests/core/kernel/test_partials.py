"""The Python reading of tallies, where the contract of stores does not reach: the host's own settings and plain rows.

That it counts right is in the contract of stores, against figures made another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.figures import bind_tally
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.partials import partials
from crmkit.core.kernel.tally import Count, Mean, Measure, Partial, Percentile, Sum, Tally
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import an_id, firm, visit

NOW = datetime(2025, 3, 1, tzinfo=UTC)
FIRMS = {an_id(100): firm(100, name="Acme"), an_id(101): firm(101, name="ＡＣＭＥ"), an_id(102): firm(102, name="b")}


class Firms:
    """Where the firms are found."""

    def row(self, kind: str, id: Id[Any]) -> Row | None:
        return FIRMS.get(id)

    def pointing(self, kind: str, column: Column, id: Id[Any]) -> Iterable[Row]:
        return ()


def counted(rows: Iterable[Row], *measures: Measure, by: tuple[str, ...] = ()) -> list[Partial]:
    tally = Tally(kind="visit", title="Visits", measures=measures, by=by)
    return partials(bind_tally(tally, model=MODEL, now=NOW, zone="UTC", params={}), MODEL, rows, Firms())


def test_sums_are_exact_whatever_precision_the_host_works_with() -> None:
    """Fourteen digits and four decimals stay, ten thousand times."""
    rows = [visit(number, budget=Money("99999999999999.99", "EUR")) for number in range(3)]
    with localcontext() as context:
        context.prec = 3
        found = counted(rows, Sum(name="sum", path="budget"))

    assert found == [Partial((), ({"EUR": Decimal("299999999999999.97")},))]


def test_times_are_whole_microseconds_over_all_of_the_calendar() -> None:
    """More than a float could count."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    almost = first + timedelta(microseconds=1)
    rows = [visit(1, started_at=first, ended_at=last), visit(2, started_at=last, ended_at=almost)]
    span = (last - first) // timedelta(microseconds=1)

    mean = Mean(name="mean", start="started_at", end="ended_at")
    median = Percentile(name="median", start="started_at", end="ended_at")

    assert counted(rows, mean, median) == [Partial((), ((2, 1), (2, 1 - span, span)))]


@pytest.mark.parametrize(
    ("percent", "neighbours"), [(0, (0, 0)), (50, (2, 2)), (60, (2, 3)), (75, (3, 3)), (99, (3, 4)), (100, (4, 4))]
)
def test_a_percentile_has_the_two_times_at_the_ranks_around_it(percent: int, neighbours: tuple[int, int]) -> None:
    """Of five times, the ranks 0 to 4; where the rank is whole the two are one."""
    rows = [visit(number, started_at=NOW, ended_at=NOW + timedelta(microseconds=number)) for number in (3, 0, 4, 1, 2)]

    percentile = Percentile(name="percentile", start="started_at", end="ended_at", percent=percent)

    assert counted(rows, percentile) == [Partial((), ((5, *neighbours),))]


def test_names_that_fold_alike_are_one_group_under_the_first_spelling() -> None:
    """By code point, of those that are counted; no name is a group too, and so is a reference that leads nowhere."""
    rows = [visit(number, firm_id=an_id(99 + number)) for number in range(1, 5)] + [visit(5)]

    found = counted(rows, Count(name="visits"), by=("firm.name",))

    assert sorted(found, key=str) == [Partial(("Acme",), (2,)), Partial(("b",), (1,)), Partial((None,), (2,))]


@pytest.mark.parametrize(("by", "expected"), [((), [Partial((), (0,))]), (("mood",), [])])
def test_without_records_there_is_one_zero_or_no_group(by: tuple[str, ...], expected: list[Partial]) -> None:
    """A figure of everybody is there also when nobody is."""
    assert counted([], Count(name="visits"), by=by) == expected
