"""A case: a request, a problem or a complaint of a customer, until it is resolved and closed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.assigns import OCCURRED, Assigns
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Code, Name, Stamped, Tags, Text
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.text import clean
from crmkit.core.kernel.whole import whole
from crmkit.core.sales.product import Product


class CaseStatus(StrEnum):
    """Where moves differ."""

    ACTIVE = "active"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class CaseType(StrEnum):
    """What the customer wants: something, something mended, or to be heard."""

    REQUEST = "request"
    PROBLEM = "problem"
    COMPLAINT = "complaint"


class CaseStage(StrEnum):
    """How far the work on it has come."""

    IDENTIFY = "identify"
    RESEARCH = "research"
    RESOLVE = "resolve"


class Priority(StrEnum):
    """What is done first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@entity("case", indexes=(index("status", "priority"),))
@frozen(kw_only=True)
class Case(Entity):
    """Whose, about what, and what came of it; a case always has a customer, an account or a contact."""

    id: Id[Case]
    title: Name
    type: CaseType
    status: Annotated[CaseStatus, Stamped] = CaseStatus.ACTIVE
    reason: Annotated[Code | None, Stamped] = None  #: how it was resolved
    stage: Annotated[CaseStage, Stamped] = CaseStage.IDENTIFY
    priority: Priority = Priority.NORMAL
    origin: Code | None = None  #: how it came: phone, email, web, ...
    account_id: Annotated[Id[Account] | None, Stamped] = None
    contact_id: Annotated[Id[Contact] | None, Stamped] = None
    product_id: Id[Product] | None = None
    description: Text | None = None
    tags: Tags = frozenset()
    holding: Annotated[Holding, Stamped] = UNHELD
    resolution: Annotated[Text | None, Stamped] = None
    minutes: Annotated[int | None, Stamped] = None  #: the work that it took
    resolved_at: Annotated[datetime | None, Stamped] = None
    closed_at: Annotated[datetime | None, Stamped] = None


def _staged(one: Case, stamp: Stamp, *, stage: CaseStage) -> Case:
    return evolve(one, stage=stage)


def _resolved(
    one: Case, stamp: Stamp, *, resolution: str, minutes: int | None = None, reason: str = "problem_solved"
) -> Case:
    if not clean(resolution, "resolution").strip():
        raise Invalid("resolution", "is blank", accepts="what was done about it")
    worked = None if minutes is None else whole(minutes, "minutes", least=0)
    return evolve(one, resolution=resolution, minutes=worked, reason=reason, resolved_at=stamp.occurred)


_CLOSED = Assigns({"closed_at": OCCURRED})
_REACTIVATED = Assigns(
    {"stage": CaseStage.IDENTIFY, "resolution": None, "minutes": None, "reason": None, "resolved_at": None}
)

ACTIVE, ON_HOLD, RESOLVED, CLOSED, CANCELLED = CaseStatus


class case(LifeCycle):
    """What happens to a request, a problem or a complaint."""

    flow = Flow(Case, CaseStatus, initial=ACTIVE, final=(CLOSED,))
    change_stage = flow.move({ACTIVE}, ACTIVE, then=_staged, event="case.stage_changed")
    hold = flow.move({ACTIVE}, ON_HOLD, event="case.held")
    resume = flow.move({ON_HOLD}, ACTIVE, event="case.resumed")
    resolve = flow.move(
        {ACTIVE, ON_HOLD},
        RESOLVED,
        then=_resolved,
        event="case.resolved",
        reasons=("problem_solved", "information_provided"),
    )
    close = flow.move({RESOLVED}, CLOSED, then=_CLOSED, event="case.closed")
    cancel = flow.move({ACTIVE, ON_HOLD}, CANCELLED, event="case.cancelled")
    reactivate = flow.move({RESOLVED, CANCELLED}, ACTIVE, then=_REACTIVATED, event="case.reactivated")
