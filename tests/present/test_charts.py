"""Which picture a set of figures gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import evolve

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.tally import Bucket, Per
from crmkit.present.charts import MOST_BARS, bars, funnel, is_funnel

NOBODY = (0, 0), (0, 0, 0)
FUNNEL = [(("web",), (40, 30, 20, 10)), (("phone",), (60, 15, 5, 0))]
PIPELINE: list[Any] = [((stage,), (many, {}, 0, 0, 0, {})) for stage, many in (("engaging", 3), ("prospecting", 9))]


def test_a_funnel_is_known_by_its_counts(insights: Callable[..., Any]) -> None:
    """Three counts or more in front, the first of everybody; neither title nor conditions of the tally matter."""
    found = insights(FUNNEL).funnel(by="source", criteria=where("source").present())

    assert is_funnel(evolve(found, title="Trichter"))
    assert not is_funnel(insights([(("web",), (1, 0, 0, *NOBODY))]).sources())
    assert not is_funnel(insights(PIPELINE).pipeline())


def test_a_funnel_takes_the_groups_together(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """One drawing for all sources."""
    assert page(funnel(insights(FUNNEL).funnel(by="source"))).of("tspan") == ["100", "45", "25", "10"]


def test_bars_show_the_largest_group_first(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """The table has them in the order of their names."""
    assert page(bars(insights(PIPELINE).pipeline())).of("text") == ["prospecting", "9", "engaging", "3"]


def test_bars_show_the_part_that_a_share_is_of(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """Leads, and those of them that were won."""
    rows = [((name,), (leads, won, 0, *NOBODY)) for name, leads, won in (("phone", 50, 5), ("web", 200, 50))]

    read = page(bars(insights(rows).sources()))

    assert read.of("text") == ["web", "200 · 50 won, 25.0 %", "phone", "50 · 5 won, 10.0 %"]
    assert read.of("title")[0] == "Source quality: leads, of them won"


def test_months_stay_in_their_order(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """Time is not sorted by size, nor cut."""
    rows = [((date(2024 + m // 12, m % 12 + 1, 1),), (m, 0, 0, *NOBODY)) for m in range(20)]

    months = page(bars(insights(rows).sources(by=Bucket("created_at", Per.MONTH)))).of("text")[::2]

    assert (len(months), months[:2]) == (20, ["2024-01", "2024-02"])


def test_of_many_groups_the_largest_are_drawn(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """The table has the others."""
    rows: list[Any] = [((f"stage{n:02}",), (n, {}, 0, 0, 0, {})) for n in range(50)]

    drawn = page(bars(insights(rows).pipeline())).of("text")[::2]

    assert drawn == [f"stage{n:02}" for n in range(49, 49 - MOST_BARS, -1)]


def test_nothing_to_compare_is_not_drawn(insights: Callable[..., Any]) -> None:
    """No groups, one group, or none that has any."""
    money = {"EUR": Decimal(1)}

    assert bars(insights([((), (7, money, 0, 0, 0, {}))]).pipeline(by=None)) == ""
    assert bars(insights(PIPELINE[:1]).pipeline()) == ""
    assert bars(insights([((stage,), (0, money, 0, 0, 0, {})) for stage in ("a", "b")]).pipeline()) == ""


def test_the_first_count_that_shows_anything_is_drawn(insights: Callable[..., Any], page: Callable[[str], Any]) -> None:
    """Where no deal is open, those that were won."""
    rows: list[Any] = [((stage,), (0, {}, won, 1, won + 1, {})) for stage, won in (("a", 2), ("b", 5))]

    assert page(bars(insights(rows).pipeline())).of("text") == ["b", "5", "a", "2"]
