"""The figures on top of a page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from crmkit.present.headline import KeyFigure, key_figures

FUNNEL = [(("web",), (40, 30, 20, 10)), (("phone",), (60, 15, 5, 0))]
WON = [(("engaging",), (5, {"EUR": Decimal(9)}, 3, 1, 4, {"KRW": Decimal(1200000), "EUR": Decimal("99.60")}))]
OPEN: list[Any] = [(("engaging",), (5, {"EUR": Decimal(9)}, 0, 0, 0, {}))]


def test_leads_wins_and_money_stand_on_top(insights: Callable[..., Any]) -> None:
    """Three counts and shares of the first figures, and the money that was won, in whole units."""
    both = (insights(FUNNEL).funnel(by="source"), insights(WON).pipeline())

    assert key_figures(both) == (
        KeyFigure("leads", ("100",)),
        KeyFigure("won", ("10",)),
        KeyFigure("won of leads", ("10.0 %",)),
        KeyFigure("won value", ("100 EUR", "1,200,000 KRW"), money=True),
    )


def test_deals_alone_have_a_headline_too(insights: Callable[..., Any]) -> None:
    """The same measures are not said twice."""
    pipeline = insights(WON).pipeline()

    assert [key.name for key in key_figures((pipeline, pipeline))] == ["open", "won", "won of closed", "won value"]


def test_where_nothing_is_won_yet_the_expected_money_counts(insights: Callable[..., Any]) -> None:
    """A sum that comes to nothing is no headline; nor is a share of nothing a number."""
    assert key_figures((insights(OPEN).pipeline(),))[2:] == (
        KeyFigure("won of closed", ("–",)),
        KeyFigure("expected", ("9 EUR",), money=True),
    )


def test_no_figures_have_no_headline() -> None:
    """An empty page is a page."""
    assert key_figures(()) == ()
