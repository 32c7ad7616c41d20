"""An opportunity: a deal that may be won, from its first stage to its outcome."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.customer import HAS_CUSTOMER
from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.assigns import Assigns
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.fields import Code, Name, Stamped, Tags
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.money import Money
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.pipeline import STANDARD_STAGES
from crmkit.core.sales.product import Product


class OpportunityStatus(StrEnum):
    """Where moves differ; how near the deal is says the stage."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    WON = "won"
    LOST = "lost"


@entity("opportunity", indexes=(index("status", "stage"), index("closed_at")))
@frozen(kw_only=True)
class Opportunity(Entity):
    """With whom, about what, for how much; while it is open the customer may still be missing."""

    id: Id[Opportunity]
    name: Name
    status: Annotated[OpportunityStatus, Stamped] = OpportunityStatus.OPEN
    reason: Annotated[Code | None, Stamped] = None  #: why it was lost
    stage: Annotated[Code, Stamped] = STANDARD_STAGES[0].code  #: one of the pipeline's; a closed deal keeps its last
    lead_id: Annotated[Id[Lead] | None, Stamped] = None  #: what it came of
    account_id: Annotated[Id[Account] | None, Stamped] = None
    contact_id: Annotated[Id[Contact] | None, Stamped] = None
    product_id: Id[Product] | None = None
    estimate: Money | None = None
    expected_on: date | None = None
    tags: Tags = frozenset()
    holding: Annotated[Holding, Stamped] = UNHELD
    revenue: Annotated[Money | None, Stamped] = None  #: what it was won for
    closed_at: Annotated[datetime | None, Stamped] = None  #: won or lost


def _staged(one: Opportunity, stamp: Stamp, *, stage: str) -> Opportunity:
    return evolve(one, stage=stage)


def _won(one: Opportunity, stamp: Stamp, *, revenue: Money | None = None) -> Opportunity:
    return evolve(one, closed_at=stamp.occurred, revenue=revenue)


def _lost(one: Opportunity, stamp: Stamp, *, reason: str) -> Opportunity:
    return evolve(one, closed_at=stamp.occurred, reason=reason)


_REOPENED = Assigns({"closed_at": None, "revenue": None, "reason": None})

OPEN, ON_HOLD, WON, LOST = OpportunityStatus


class opportunity(LifeCycle):
    """What happens to a deal: it moves through the stages, waits, is won or lost, and may be reopened."""

    flow = Flow(Opportunity, OpportunityStatus, initial=OPEN)
    change_stage = flow.move({OPEN}, OPEN, then=_staged, event="opportunity.stage_changed")
    hold = flow.move({OPEN}, ON_HOLD, event="opportunity.held")
    resume = flow.move({ON_HOLD}, OPEN, event="opportunity.resumed")
    win = flow.move({OPEN, ON_HOLD}, WON, needs=(HAS_CUSTOMER,), then=_won, event="opportunity.won")
    lose = flow.move({OPEN, ON_HOLD}, LOST, then=_lost, event="opportunity.lost", reasons=("cancelled", "out_sold"))
    reopen = flow.move({WON, LOST}, OPEN, then=_REOPENED, event="opportunity.reopened")
