"""A lead: somebody who may want something, until it is known whether they do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.assigns import Assigns
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.fields import Code, Name, Personal, Stamped, Tags, Text
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, PersonName, Phone


class LeadStatus(StrEnum):
    """Where moves differ."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"


@entity("lead", indexes=(index("status", "holding.owner_id"), index("source"), index("company"), index("email")))
@frozen(kw_only=True)
class Lead(Entity):
    """Who, about what, from where, and how far it has come."""

    id: Id[Lead]
    topic: Name
    status: Annotated[LeadStatus, Stamped] = LeadStatus.NEW
    reason: Annotated[Code | None, Stamped] = None  #: why it was disqualified
    source: Code | None = None  #: how it came: web, referral, ...
    company: Name | None = None
    person: Annotated[PersonName | None, Personal] = None
    email: Annotated[Email | None, Personal] = None
    phone: Annotated[Phone | None, Personal] = None
    address: Annotated[Address | None, Personal] = None
    note: Text | None = None
    budget: Money | None = None
    tags: Tags = frozenset()
    holding: Annotated[Holding, Stamped] = UNHELD
    account_id: Annotated[Id[Account] | None, Stamped] = None  #: what qualifying made or linked
    contact_id: Annotated[Id[Contact] | None, Stamped] = None  #: what qualifying made or linked
    contacted_at: Annotated[datetime | None, Stamped] = None  #: the first time
    qualified_at: Annotated[datetime | None, Stamped] = None
    disqualified_at: Annotated[datetime | None, Stamped] = None
    won_at: Annotated[datetime | None, Stamped] = None  #: when the first opportunity that came of it was won


def _contacted(one: Lead, stamp: Stamp) -> Lead:
    return evolve(one, contacted_at=one.contacted_at or stamp.occurred)


def _qualified(
    one: Lead, stamp: Stamp, *, account_id: Id[Account] | None = None, contact_id: Id[Contact] | None = None
) -> Lead:
    return evolve(one, qualified_at=stamp.occurred, account_id=account_id, contact_id=contact_id)


def _disqualified(one: Lead, stamp: Stamp, *, reason: str) -> Lead:
    return evolve(one, disqualified_at=stamp.occurred, reason=reason)


_REACTIVATED = Assigns({"qualified_at": None, "disqualified_at": None, "reason": None})

NEW, CONTACTED, QUALIFIED, DISQUALIFIED = LeadStatus


class lead(LifeCycle):
    """What happens to a lead: it is contacted, then qualified or disqualified, and may be taken up again."""

    flow = Flow(Lead, LeadStatus, initial=NEW)
    contact = flow.move({NEW, CONTACTED}, CONTACTED, then=_contacted, event="lead.contacted")
    qualify = flow.move({NEW, CONTACTED}, QUALIFIED, then=_qualified, event="lead.qualified")
    disqualify = flow.move(
        {NEW, CONTACTED},
        DISQUALIFIED,
        then=_disqualified,
        event="lead.disqualified",
        reasons=("lost", "cannot_contact", "no_longer_interested", "cancelled"),
    )
    reactivate = flow.move({QUALIFIED, DISQUALIFIED}, NEW, then=_REACTIVATED, event="lead.reactivated")
