"""The marketing funnel of a Brazilian marketplace: leads that want to sell there, and the deals that came of them."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from typing import Final

from crmkit.cli.demo.dataset import Dataset, Step, Told, says, titled
from crmkit.core.kernel.criteria import Field, where, within
from crmkit.core.kernel.tally import Count, Mean, Percentile, Tally
from crmkit.exchange.mapping import Plan
from crmkit.transaction import Transaction

LEADS: Final = "olist_marketing_qualified_leads_dataset.csv"
DEALS: Final = "olist_closed_deals_dataset.csv"

FIRST_CONTACT_TO_WON: Final = Tally(
    kind="lead",
    title="From first contact to won",
    measures=(
        Count(name="won"),
        Mean(name="mean", start="contacted_at", end="won_at"),
        Percentile(name="median", start="contacted_at", end="won_at"),
        Percentile(name="shortest", start="contacted_at", end="won_at", percent=0),
        Count(name="within 30 days", where=within(30, "days", start="contacted_at", end="won_at")),
        Count(name="before it", where=where("won_at") < Field("contacted_at")),
    ),
    where=where("won_at").present(),
)
SEGMENTS: Final = Tally(
    kind="opportunity", title="Deals by segment", by=("account.industry",), measures=(Count(name="deals"),)
)


def tell(tx: Transaction) -> Iterator[Told]:
    """The figures of the funnel, by origin and by segment."""
    funnel, sources = tx.insights.funnel(), tx.insights.sources()
    time, segments = tx.tally(FIRST_CONTACT_TO_WON), titled(tx.tally(SEGMENTS), SEGMENTS.title, "segment")
    yield funnel
    yield f"{says(funnel, 'won')} of {says(funnel, 'leads')} leads won, {says(funnel, 'won %')}."
    yield sources
    yield time
    yield (
        f"From first contact to won: mean {says(time, 'mean')}, median {says(time, 'median')}; "
        f"{says(time, 'within 30 days')} within 30 days, {says(time, 'before it')} before the first contact "
        f"({says(time, 'shortest')})."
    )
    yield tx.insights.pipeline()
    yield segments
    largest = nlargest(3, segments.rows, key=lambda row: row.values)
    yield f"The largest segments: {', '.join(f'{row.group[0]} {row.values[0]}' for row in largest)}."
    yield f"{_holding(tx, 'lead')} SDRs brought the leads that were won, {_holding(tx, 'opportunity')} SRs the deals."


def _holding(tx: Transaction, kind: str) -> int:
    """How many users hold records of this kind."""
    held = Tally(kind=kind, title="", by=("holding.owner_id",), measures=(Count(name="held"),))
    return sum(row.group != (None,) for row in tx.tally(held).rows)


OLIST: Final = Dataset(
    title="A marketplace and its sellers",
    intro="8,000 people who asked to sell on a Brazilian marketplace, and the 842 deals that were closed with them.",
    steps=(
        Step(file=DEALS, kind="user", plan=Plan(columns={"key": "sdr_id"}, repeats=True)),
        Step(file=DEALS, kind="user", plan=Plan(columns={"key": "sr_id"}, repeats=True)),
        Step(
            file=LEADS,
            kind="lead",
            plan=Plan(
                columns={
                    "key": "mql_id",
                    "source": "origin",
                    "created": "first_contact_date",
                    "contacted": "first_contact_date",
                    "note": "landing_page_id",
                },
                constants={"topic": "Sell on the marketplace"},
            ),
        ),
        Step(
            file=DEALS,
            kind="opportunity",
            plan=Plan(
                columns={
                    "key": "mql_id",
                    "lead": "mql_id",
                    "account": "seller_id",
                    "industry": "business_segment",
                    "lead_owner": "sdr_id",
                    "owner": "sr_id",
                    "closed": "won_date",
                },
                constants={"outcome": "won", "stage": "closing"},
            ),
        ),
    ),
    tell=tell,
)
