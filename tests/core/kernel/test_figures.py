"""Figures: what may be asked, how it is rounded, and the way from each figure to its records.

That stores count alike, and that the records behind a figure are those it was made of, is in the contract of stores.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import ALWAYS, Param, where
from crmkit.core.kernel.errors import CriteriaError, Invalid
from crmkit.core.kernel.figures import Figure, Figures, bind_tally, finish
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.tally import (
    Bucket,
    Count,
    GroundCount,
    GroundSum,
    GroundTally,
    Group,
    Mean,
    Measure,
    Partial,
    Per,
    Percentile,
    Share,
    Sum,
    Tally,
)
from crmkit.testing.world.records import MODEL

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
VISITS = Count(name="visits")
DONE = Count(name="done", where=where("done") == True)  # noqa: E712
MEDIAN = Percentile(name="median", start="started_at", end="ended_at")


def a_tally(*measures: Measure, by: tuple[Group, ...] = (), **said: Any) -> Tally:
    return Tally(kind="visit", title="Visits", measures=measures or (VISITS,), by=by, **said)


def bound(tally: Tally, zone: str = "UTC", **params: Any) -> GroundTally:
    return bind_tally(tally, model=MODEL, now=NOW, zone=zone, params=params)


def finished(tally: Tally, *partials: tuple[tuple[Any, ...], tuple[Any, ...]], zone: str = "UTC") -> Figures:
    return finish(tally, bound(tally, zone), [Partial(*partial) for partial in partials])


def the_value(measure: Measure, partial: Any) -> Any:
    """What becomes of a partial value of one measure."""
    return finished(a_tally(measure), ((), (partial,))).rows[0].values[0]


@pytest.mark.parametrize(
    ("tally", "says"),
    [
        (a_tally(VISITS, Sum(name="visits", path="budget")), "two figures «visits»"),
        (a_tally(DONE, Share(name="share", of="done", among="visits")), "share of «visits»"),
        (a_tally(VISITS, MEDIAN, Share(name="share", of="median", among="visits")), "share of «median»"),
        (a_tally(Share(name="share", of="a", among="a")), "add a Count"),
        (a_tally(Sum(name="sum", path="price")), "«price» is no money"),
        (a_tally(Sum(name="sum", path="budget.amount")), "«budget.amount» is no money"),
        (a_tally(Sum(name="sum", path="bugdet")), "did you mean budget"),
        (a_tally(Mean(name="mean", start="birthday", end="ended_at")), "«birthday» is no moment"),
        (a_tally(Mean(name="mean", start="started_at", end="mood")), "«mood» is no moment"),
        (a_tally(Percentile(name="p", start="started_at", end="ended_at", percent=101)), "from 0 to 100"),
        (a_tally(Percentile(name="p", start="started_at", end="ended_at", percent=True)), "True"),
        (a_tally(by=("labels",)), "several groups"),
        (a_tally(by=("started_at",)), "Bucket"),
        (a_tally(by=("budget",)), "several parts"),
        (a_tally(by=(Bucket("title", Per.DAY),)), "no days"),
        (a_tally(by=("frm.name",)), "did you mean"),
        (a_tally(where=where("firm_id") == Param("mine")), "mine"),
        (a_tally(Count(name="wrong", where=where("colour") == "red")), "colour"),
        (Tally(kind="vist", title="Visits", measures=(VISITS,)), "did you mean visit"),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(tally: Tally, says: str) -> None:
    """The error says which path or measure is wrong, and what would be right."""
    with pytest.raises(CriteriaError, match=says):
        bound(tally)


def test_an_unknown_zone_is_refused() -> None:
    """Also when no condition asks the clock."""
    with pytest.raises(Invalid, match="Asia/Soul"):
        bound(a_tally(), zone="Asia/Soul")


def test_shares_are_not_asked_of_the_store() -> None:
    """What a store gets are counts, sums and times, in their order, with paths resolved."""
    ground = bound(a_tally(Share(name="s", of="done", among="visits"), Sum(name="b", path="budget"), DONE, VISITS))

    assert [type(measure) for measure in ground.measures] == [GroundSum, GroundCount, GroundCount]
    budget = ground.measures[0]
    assert isinstance(budget, GroundSum)
    assert (budget.amount.column.path, budget.currency.column.path) == ("budget.amount", "budget.currency")


@pytest.mark.parametrize(
    ("done", "visits", "share"),
    [
        (2105, 20000, "10.525"),
        (1, 3, "33.333"),
        (1, 1, "100.000"),
        (0, 7, "0.000"),
        (1, 200_000, "0.000"),  # 0.0005
        (3, 200_000, "0.002"),  # 0.0015
    ],
)
def test_shares_have_three_decimals(done: int, visits: int, share: str) -> None:
    """Per cent, rounded half to even."""
    figures = finished(a_tally(DONE, VISITS, Share(name="s", of="done", among="visits")), ((), (done, visits)))

    assert str(figures.rows[0].values[2]) == share


def test_a_share_of_none_is_missing() -> None:
    """Nothing is not zero per cent of nothing."""
    figures = finished(a_tally(DONE, VISITS, Share(name="s", of="done", among="visits")), ((), (0, 0)))

    assert figures.rows[0].values == (0, 0, None)


@given(st.integers(1, 1000), st.integers(-(10**19), 10**19))
def test_means_are_rounded_once_half_to_even(many: int, total: int) -> None:
    """To the microsecond that is nearest to the exact quotient, whatever a float would make of it."""
    mean = Mean(name="mean", start="started_at", end="ended_at")

    assert the_value(mean, (many, total)) == timedelta(microseconds=round(Fraction(total, many)))


@pytest.mark.parametrize(
    ("percent", "partial", "microseconds"),
    [
        (50, (1, 7, 7), 7),
        (50, (2, 1, 2), 2),  # 1.5
        (50, (2, 2, 3), 2),  # 2.5
        (50, (2, -3, -2), -2),  # -2.5
        (50, (3, 5, 5), 5),
        (25, (4, 10, 20), 18),  # rank 0.75: 17.5
        (90, (11, 4, 4), 4),
        (99, (3, 10**16, 10**16 + 100), 10**16 + 98),  # rank 1.98
        (0, (9, 1, 1), 1),
        (100, (9, 3, 3), 3),
    ],
)
def test_percentiles_lie_between_neighbours(percent: int, partial: tuple[int, int, int], microseconds: int) -> None:
    """As far from the lower one as the rank is, rounded half to even."""
    measure = Percentile(name="p", start="started_at", end="ended_at", percent=percent)

    assert the_value(measure, partial) == timedelta(microseconds=microseconds)


def test_times_of_nobody_are_missing() -> None:
    """Neither a mean nor a median of none is zero."""
    assert the_value(Mean(name="mean", start="started_at", end="ended_at"), (0, 0)) is None
    assert the_value(MEDIAN, (0, 0, 0)) is None


def test_sums_are_money_sorted_by_currency() -> None:
    """One per currency, never added up; none at all is the empty tuple."""
    measure = Sum(name="budget", path="budget")

    assert the_value(measure, {"KRW": Decimal(20), "EUR": Decimal("10.5")}) == (Money("10.50", "EUR"), Money(20, "KRW"))
    assert the_value(measure, {}) == ()


def test_a_sum_that_no_amount_can_be_is_refused_by_name() -> None:
    """Rather than shown without its last digits."""
    with pytest.raises(Invalid) as refused:
        the_value(Sum(name="all budgets", path="budget"), {"EUR": Decimal(10**14)})

    assert refused.value.field == "all budgets"


def test_rows_are_sorted_by_group_with_missing_last() -> None:
    """Names as they fold, everything else by value."""
    groups = [("b", None), (None, 1), ("Ａ", 10), ("B1", 9), ("Ａ", 9), ("ab", None), (None, None)]
    figures = finished(a_tally(by=("title", "score")), *[(group, (1,)) for group in groups])

    assert [row.group for row in figures.rows] == [
        ("Ａ", 9),
        ("Ａ", 10),
        ("ab", None),
        ("b", None),
        ("B1", 9),
        (None, 1),
        (None, None),
    ]


def test_rows_take_the_order_that_somebody_gives_their_first_group() -> None:
    """Stages in their order; those it does not know come after, as they were, and what stands behind each stays."""
    figures = finished(a_tally(by=("mood",)), *[((mood,), (1,)) for mood in ("good", "fair", None, "bad")])

    ordered = figures.ordered(("good", "absent", "bad"))

    assert [row.group for row in ordered.rows] == [("good",), ("bad",), ("fair",), (None,)]
    assert ordered.criteria(ordered.rows[1], "visits") == (where("mood") == "bad")


def criteria_of(tally: Tally, group: tuple[Any, ...], measure: str, zone: str = "UTC") -> Any:
    """The condition behind a figure of one group, whatever its values."""
    values = tuple(None for _ in tally.measures)
    return Figures(title="", columns=(), rows=(), tally=tally, ground=bound(tally, zone)).criteria(
        Figure(group, values), measure
    )


def test_the_records_behind_a_figure_are_those_of_its_conditions_and_group() -> None:
    """What the tally asks, what the group has in common, what the measure asks, in one condition."""
    tally = a_tally(DONE, MEDIAN, by=("firm.name", "mood"), where=where("score") > 1)
    group = where("score") > 1, where("firm.name") == "Acme", where("mood") == "good"

    assert criteria_of(tally, ("Acme", "good"), "done") == group[0] & group[1] & group[2] & DONE.where
    assert criteria_of(tally, ("Acme", "good"), "median") == (
        group[0] & group[1] & group[2] & where("started_at").present() & where("ended_at").present()
    )


def test_the_records_behind_a_sum_have_money() -> None:
    """Those without are not in it, so they are not behind it."""
    tally = a_tally(Sum(name="budget", path="budget", where=DONE.where))

    assert criteria_of(tally, (), "budget") == DONE.where & where("budget").present()


def test_the_records_behind_a_share_are_those_of_its_part() -> None:
    """One of twenty done: the one can be listed."""
    share = Share(name="share", of="done", among="visits")

    assert criteria_of(a_tally(VISITS, DONE, share), (), "share") == DONE.where


def test_the_records_behind_everything_are_all() -> None:
    """A tally without conditions or groups lists everybody, and says so."""
    assert criteria_of(a_tally(), (), "visits") == ALWAYS


def test_the_records_of_no_group_lack_the_value() -> None:
    """Missing is a group of its own, in buckets too."""
    tally = a_tally(by=("mood", Bucket("started_at", Per.MONTH)))

    assert criteria_of(tally, (None, None), "visits") == ~where("mood").present() & ~where("started_at").present()


def test_a_bucket_is_half_open_in_its_zone() -> None:
    """From its first instant to before the first of the next; a date needs no zone."""
    tally = a_tally(by=(Bucket("started_at", Per.MONTH), Bucket("birthday", Per.WEEK)))
    started, born = where("started_at"), where("birthday")

    assert criteria_of(tally, (date(2025, 3, 1), date(2025, 2, 24)), "visits", "Asia/Seoul") == (
        (started >= datetime(2025, 2, 28, 15, tzinfo=UTC))
        & (started < datetime(2025, 3, 31, 15, tzinfo=UTC))
        & (born >= date(2025, 2, 24))
        & (born < date(2025, 3, 3))
    )


def test_the_last_bucket_of_the_calendar_has_no_end() -> None:
    """There is no day to begin after it."""
    tally = a_tally(by=(Bucket("birthday", Per.YEAR),))

    assert criteria_of(tally, (date(9999, 1, 1),), "visits") == (where("birthday") >= date(9999, 1, 1))


def test_a_measure_that_is_not_there_has_no_records() -> None:
    """The error lists the measures there are."""
    with pytest.raises(CriteriaError, match=r"one of visits, done"):
        criteria_of(a_tally(VISITS, DONE), (), "won")


REPORT = finished(
    a_tally(
        VISITS,
        DONE,
        Share(name="done of all", of="done", among="visits"),
        Sum(name="budget", path="budget"),
        MEDIAN,
        by=("firm.name", Bucket("started_at", Per.QUARTER)),
    ),
    (("한빛상사", date(2025, 1, 1)), (1200, 126, {"KRW": Decimal(1_200_000), "EUR": Decimal(9)}, (1, 10**11, 10**11))),
    (("<b>", None), (1, 0, {}, (0, 0, 0))),
)


def test_figures_print_as_a_table() -> None:
    """Title, groups as people write them, numbers to the right, a line per currency, – for what is missing."""
    assert str(REPORT).splitlines() == [
        "Visits",
        "",
        "firm.name  started_at by quarter  visits  done  done of all         budget  median",
        "---------  ---------------------  ------  ----  -----------  -------------  ------",
        "<b>        –                           1     0      0.000 %              –       –",
        "한빛상사   2025 Q1                 1,200   126     10.500 %       9.00 EUR  1.16 d",
        "                                                             1,200,000 KRW",
    ]


def test_figures_are_a_table_in_a_notebook() -> None:
    """With their title, and whatever stands in the data is text."""
    html = REPORT._repr_html_()

    assert "<caption>Visits</caption>" in html
    assert "&lt;b&gt;" in html
    assert '<td style="text-align: right">126</td>' in html


def test_figures_are_plain_json() -> None:
    """Buckets by their first day, amounts and per cent as texts, times as ISO 8601 durations."""
    assert json.loads(json.dumps(REPORT.to_json())) == {
        "title": "Visits",
        "columns": ["firm.name", "started_at by quarter", "visits", "done", "done of all", "budget", "median"],
        "rows": [
            ["<b>", None, 1, 0, "0.000", [], None],
            [
                "한빛상사",
                "2025-01-01",
                1200,
                126,
                "10.500",
                [{"amount": "9.00", "currency": "EUR"}, {"amount": "1200000", "currency": "KRW"}],
                "PT100000S",
            ],
        ],
    }


@pytest.mark.parametrize(("microseconds", "text"), [(1, "PT0.000001S"), (-1_500_000, "-PT1.500000S"), (0, "PT0S")])
def test_short_and_negative_times_are_exact_in_json(microseconds: int, text: str) -> None:
    """A sign before, microseconds behind the point when there are any."""
    figures = finished(a_tally(MEDIAN), ((), ((1, microseconds, microseconds),)))

    assert figures.to_json()["rows"] == [[text]]
