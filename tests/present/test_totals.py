"""What the groups come to together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from crmkit.core.kernel.tally import Bucket, Per
from crmkit.present.totals import grouping, name_of, totals

NOBODY = (0, 0), (0, 0, 0)


def test_counts_are_added_and_shares_made_of_the_sums(insights: Callable[..., Any]) -> None:
    """10 of 40 and 0 of 20 are a sixth, whatever the mean of 25 and 0 would be."""
    funnel = insights([(("web",), (40, 30, 20, 10)), (("phone",), (20, 5, 1, 0))]).funnel(by="source")

    assert totals(funnel) == {"leads": 60, "contacted": 35, "qualified": 21, "won": 10, "won %": Decimal("16.667")}


def test_money_is_added_within_a_currency(insights: Callable[..., Any]) -> None:
    """Currencies stand in their order, and a group without money changes nothing."""
    pipeline = insights(
        [
            (("a",), (1, {"KRW": Decimal(5)}, 0, 0, 0, {})),
            (("b",), (1, {"EUR": Decimal("1.50"), "KRW": Decimal(2)}, 0, 0, 0, {})),
        ]
    ).pipeline()

    total = totals(pipeline)

    assert str(total["expected"]) == str({"EUR": Decimal("1.50"), "KRW": Decimal(7)})
    assert total["won value"] == {}


def test_times_have_no_total_and_nothing_has_no_share(insights: Callable[..., Any]) -> None:
    """What cannot be told from the groups is not made up."""
    total = totals(insights([(("web",), (0, 0, 0, *NOBODY))]).sources())

    assert (total["mean time to win"], total["median time to win"], total["won %"]) == (None, None, None)


def test_groups_are_named_as_readers_know_them(insights: Callable[..., Any]) -> None:
    """Months by their number, what is missing as –."""
    rows = [((date(2025, 3, 1),), (1, 0, 0, *NOBODY)), ((None,), (1, 0, 0, *NOBODY))]
    sources = insights(rows).sources(by=Bucket("created_at", Per.MONTH))

    assert [name_of(sources, row) for row in sources.rows] == ["2025-03", "–"]


def test_without_groups_there_is_one_row_of_all(insights: Callable[..., Any]) -> None:
    """It is called what the row of sums below groups is called."""
    whole = insights([((), (40, 30, 20, 10))]).funnel()

    assert [name_of(whole, row) for row in whole.rows] == ["all"]


def test_the_grouping_is_a_word(insights: Callable[..., Any]) -> None:
    """A path is for programs: the name of the team of the owner is a team."""
    by = {"source": "source", "holding.owner.team.name": "team", "address.postal_code": "postal code"}

    for path, word in by.items():
        assert grouping(insights([]).funnel(by=path)) == word
    assert grouping(insights([]).funnel(by=Bucket("created_at", Per.MONTH))) == "created at by month"
    assert grouping(insights([((), (1, 1, 1, 1))]).funnel()) == ""


def test_the_precision_of_the_host_changes_no_total(insights: Callable[..., Any]) -> None:
    """Neither a share nor a sum."""
    rows: list[Any] = [((stage,), (1, {}, 1, 2, 3, {"KRW": Decimal(123_456_789_012)})) for stage in "ab"]
    with localcontext(prec=3):
        total = totals(insights(rows).pipeline())

    assert (total["win rate %"], total["won value"]) == (Decimal("33.333"), {"KRW": Decimal(246_913_578_024)})
