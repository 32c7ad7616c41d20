"""Insights: figures, and the records behind them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from crmkit.core.kernel.criteria import where, within
from crmkit.core.kernel.errors import CriteriaError
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.tally import Bucket, Per
from crmkit.core.sales.lead import Lead
from crmkit.transaction import Transaction


def five_leads(tx: Transaction) -> None:
    """Three of the web, of which two are won after 10 and 20 days; one of a fair, lost; one of nowhere, new."""
    for days in (10, 20, None):
        lead = tx.sales.capture_lead(topic="Oil", source="web", company=f"Shop {days}")
        tx.sales.contact(lead.id)
        if days is not None:
            done = tx.sales.qualify(lead.id)
            assert done.opportunity
            with tx.occurred(tx.now + timedelta(days=days)):
                tx.sales.win(done.opportunity.id, revenue=Money(days * 1000, "KRW"))
    fair = tx.sales.capture_lead(topic="Oil", source="fair")
    tx.sales.disqualify(fair.id, reason="lost")
    tx.sales.capture_lead(topic="Oil")


def test_a_funnel_counts_how_far_leads_came(tx: Transaction) -> None:
    """By the dates that moves stamped, with the leads of no source in a row of their own, last."""
    five_leads(tx)

    funnel = tx.insights.funnel(by="source")

    assert [(row.group, row.values) for row in funnel.rows] == [
        (("fair",), (1, 0, 0, 0, Decimal("0.000"))),
        (("web",), (3, 3, 2, 2, Decimal("66.667"))),
        ((None,), (1, 0, 0, 0, Decimal("0.000"))),
    ]
    (whole,) = tx.insights.funnel().rows
    assert whole.values == (5, 3, 2, 2, Decimal("40.000"))


def test_every_figure_lists_its_records(tx: Transaction) -> None:
    """The criteria that made it find exactly the leads that it counts."""
    five_leads(tx)
    funnel = tx.insights.funnel(by="source")

    for row in funnel.rows:
        for measure, value in zip(("leads", "contacted", "qualified", "won"), row.values, strict=False):
            assert tx.of(Lead).count(funnel.criteria(row, measure)) == value


def test_source_quality_says_how_long_it_took(tx: Transaction) -> None:
    """From the first contact to the first deal won."""
    five_leads(tx)

    quality = {row.group[0]: row.values for row in tx.insights.sources().rows}

    assert quality["web"] == (3, 2, Decimal("66.667"), 0, timedelta(days=15), timedelta(days=15))
    assert quality["fair"] == (1, 0, Decimal("0.000"), 1, None, None)
    assert tx.of(Lead).count(within(10, "days", start="contacted_at", end="won_at")) == 1


def test_the_pipeline_sums_what_is_expected_and_what_was_won(tx: Transaction) -> None:
    """Per currency: what cannot be added is not."""
    five_leads(tx)
    tx.sales.open_opportunity(name="Oil", estimate=Money("10.50", "EUR"), stage="closing")
    tx.sales.open_opportunity(name="Oil", estimate=Money("100", "USD"), stage="closing")

    prospecting, closing = tx.insights.pipeline().rows  # as the pipeline has them, not the alphabet

    assert closing.values == (2, (Money("10.50", "EUR"), Money("100", "USD")), 0, 0, 0, None, ())
    assert prospecting.values == (0, (), 2, 0, 2, Decimal("100.000"), (Money(30_000, "KRW"),))
    (cycle,) = tx.insights.cycle().rows
    assert cycle.values == (2, timedelta(days=15), timedelta(days=15))


def test_figures_are_grouped_over_relations_and_by_time(tx: Transaction) -> None:
    """A path leads as far as the relations go; a bucket begins with its first day."""
    unit = tx.people.add_unit(name="East")
    user = tx.people.add_user(name="Ann", team=tx.people.add_team(name="Blue", unit=unit.id).id)
    tx.sales.capture_lead(topic="Oil", owner=user.id)

    assert [row.group for row in tx.insights.funnel(by="holding.owner.team.unit.name").rows] == [("East",)]
    (month,) = tx.insights.funnel(by=Bucket("created_at", Per.MONTH)).rows
    assert month.values[0] == 1
    assert "2026-01" in str(tx.insights.funnel(by=Bucket("created_at", Per.MONTH)))


def test_an_unknown_group_names_the_nearest(tx: Transaction) -> None:
    """A misspelt path is a mistake of the question."""
    with pytest.raises(CriteriaError) as refused:
        tx.insights.funnel(by="sorce")

    assert "source" in refused.value.hint


def test_figures_of_a_part_say_so_in_their_criteria(tx: Transaction) -> None:
    """Criteria narrow the records before they are counted."""
    five_leads(tx)

    (web,) = tx.insights.funnel(by="source", criteria=where("source") == "web").rows

    assert web.values[0] == 3
