"""The sample that crmkit ships: leads and deals of invented companies, with the dirt of real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crmkit.cli.demo.dataset import Dataset, Step, Told, says, titled
from crmkit.exchange.mapping import Plan
from crmkit.transaction import Transaction

FOLDER: Final = Path(__file__).with_name("sample")
ZONE: Final = "Asia/Seoul"


def tell(tx: Transaction) -> Iterator[Told]:
    """The figures of leads and deals, by source, stage and region."""
    funnel, pipeline = tx.insights.funnel(), tx.insights.pipeline(by=None)
    yield funnel
    yield f"{says(funnel, 'won')} of {says(funnel, 'leads')} leads won, {says(funnel, 'won %')}."
    yield tx.insights.sources()
    yield tx.insights.pipeline()
    yield titled(tx.insights.pipeline(by="holding.owner.team.unit.name"), "Pipeline by region", "region")
    yield tx.insights.cycle()
    yield (
        f"{says(pipeline, 'won')} deals won, {says(pipeline, 'lost')} lost, {says(pipeline, 'open')} open; "
        f"won value {says(pipeline, 'won value')}."
    )


SAMPLE: Final = Dataset(
    title="The sample",
    intro="600 leads and the deals that came of them, in six countries; companies and people are invented.",
    zone=ZONE,
    steps=(
        Step(file="team.csv", kind="user", plan=Plan(columns={"unit": "region"})),
        Step(file="products.csv", kind="product", plan=Plan()),
        Step(file="leads.csv", kind="lead", plan=Plan(columns={"key": "lead_id", "source": "origin"}, zone=ZONE)),
        Step(
            file="deals.csv",
            kind="opportunity",
            plan=Plan(
                columns={"key": "deal_id", "lead": "lead_id"},
                values={"product": {"CloudPro": "Cloud Pro"}},
                zone=ZONE,
            ),
            repairs="product",
        ),
    ),
    tell=tell,
)
