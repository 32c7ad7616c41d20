"""The pipeline of a seller of hardware: accounts, products, agents in regions, and 8,800 deals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crmkit.areas.insights import OPEN
from crmkit.cli.demo.dataset import Dataset, Step, Told, says, titled
from crmkit.core.kernel.criteria import some, where
from crmkit.core.people.user import User
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.exchange.mapping import Plan
from crmkit.transaction import Transaction

WON, LOST = OpportunityStatus.WON, OpportunityStatus.LOST
REGION: Final = "holding.owner.team.unit.name"
COUNTRIES: Final = {
    "Belgium": "BE",
    "Brazil": "BR",
    "China": "CN",
    "Germany": "DE",
    "Italy": "IT",
    "Japan": "JP",
    "Jordan": "JO",
    "Kenya": "KE",
    "Korea": "KR",
    "Norway": "NO",
    "Panama": "PA",
    "Philipines": "PH",
    "Poland": "PL",
    "Romania": "RO",
    "United States": "US",
}


def tell(tx: Transaction) -> Iterator[Told]:
    """The figures of the pipeline: what was won, where, of what, and how long it took."""
    stages, whole = tx.insights.pipeline(), tx.insights.pipeline(by=None)
    cycle, cycles = tx.insights.cycle(by=None), tx.insights.cycle()
    yield stages
    yield (
        f"{says(whole, 'won')} won, {says(whole, 'lost')} lost, {says(stages, 'open', 'engaging')} engaging, "
        f"{says(stages, 'open', 'prospecting')} prospecting; win rate {says(whole, 'win rate %')}, "
        f"won value {says(whole, 'won value')}."
    )
    yield titled(tx.insights.pipeline(by=REGION), "Pipeline by region", "region")
    yield titled(tx.insights.pipeline(by="product.name"), "Pipeline by product", "product")
    yield cycles
    yield (
        f"From opening to outcome: {says(cycle, 'mean cycle')}, "
        f"won {says(cycles, 'mean cycle', WON)}, lost {says(cycles, 'mean cycle', LOST)}."
    )
    nobody = ~where("account").present() & ~where("contact").present()
    yield (
        f"{tx.of(Opportunity).count(nobody):,} deals have no customer yet, "
        f"{tx.of(Opportunity).count(nobody & OPEN):,} of them are open."
    )
    idle = where("team").present() & ~some("opportunity", "holding.owner_id")
    yield f"{tx.of(User).count(idle)} agents have no deals."


CRM_SALES: Final = Dataset(
    title="A seller of hardware",
    intro="8,800 deals of 35 agents in three regions, with 85 accounts and seven products.",
    steps=(
        Step(
            file="crm_sales_teams.csv",
            kind="user",
            plan=Plan(
                columns={"key": "sales_agent", "name": "sales_agent", "team": "manager", "unit": "regional_office"}
            ),
        ),
        Step(
            file="crm_products.csv",
            kind="product",
            plan=Plan(
                columns={"code": "product", "name": "product", "list_price": "sales_price"},
                constants={"currency": "USD"},
            ),
        ),
        Step(
            file="crm_accounts.csv",
            kind="account",
            plan=Plan(
                columns={
                    "key": "account",
                    "name": "account",
                    "industry": "sector",
                    "founded": "year_established",
                    "annual_revenue": "revenue",
                    "country": "office_location",
                    "parent": "subsidiary_of",
                },
                values={"industry": {"technolgy": "technology"}, "country": COUNTRIES},
                times={"annual_revenue": 1_000_000},
                constants={"currency": "USD"},
            ),
            repairs="industry",
        ),
        Step(
            file="crm_sales_pipeline.csv",
            kind="opportunity",
            plan=Plan(
                columns={
                    "key": "opportunity_id",
                    "owner": "sales_agent",
                    "stage": "deal_stage",
                    "outcome": "deal_stage",
                    "opened": "engage_date",
                    "closed": "close_date",
                    "amount": "close_value",
                },
                values={
                    "product": {"GTXPro": "GTX Pro"},
                    "stage": {"Won": "engaging", "Lost": "engaging"},
                    "outcome": {"Prospecting": "", "Engaging": ""},
                    "amount": {"0": ""},
                },
                constants={"currency": "USD", "reason": "cancelled"},
            ),
            repairs="product",
        ),
    ),
    tell=tell,
)
