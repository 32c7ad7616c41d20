"""What follows from deals that are won: since when their lead was, and their customer is one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TypeAlias

from attrs import evolve

from crmkit.areas.customers import Customers
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.criteria import Criteria, where
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.work import Work
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus

Change: TypeAlias = tuple[Opportunity | None, Opportunity | None]  #: a deal before and after; None: not there
Credit: TypeAlias = tuple[type[Any], Id[Any], datetime | None]  #: to whom, and from when on

CREDITED: Final = (Lead, Account, Contact)  #: in the order in which they are locked
WON: Final = where("status") == OpportunityStatus.WON


def credit(work: Work, *changes: Change) -> None:
    """Let those whom these changes of deals concern say when the first was won with them, whoever may see them.

    They are locked before their deals are looked at: of two transactions that change deals of the same customer, the
    second sees what the first one did, also where that changed nothing at the customer.
    """
    concerned = {each[:2] for before, after in changes for each in {*_credits(before)} ^ {*_credits(after)}}
    with work.sight.lifted():
        held = [each for cls in CREDITED for each in work.lock(cls, [id for of, id in concerned if of is cls])]
        since = [work.of(Opportunity).least("closed_at", WON & _deals(each)) for each in held]
        for each, first in zip(held, since, strict=True):
            if not isinstance(each, Lead):
                Customers(work).became_customer(each, first)
            elif each.won_at != first:
                work.change(evolve(each, won_at=first), "lead.won" if first else "lead.win_withdrawn")


def _credits(deal: Opportunity | None) -> Iterator[Credit]:
    """The lead of a deal that is won, and its customer: the account or, where there is none, the contact."""
    if deal is not None and deal.status is OpportunityStatus.WON:
        if deal.lead_id is not None:
            yield Lead, deal.lead_id, deal.closed_at
        if deal.account_id is not None:
            yield Account, deal.account_id, deal.closed_at
        elif deal.contact_id is not None:
            yield Contact, deal.contact_id, deal.closed_at


def _deals(of: Lead | Account | Contact) -> Criteria:
    """Those whose lead or customer it is."""
    if isinstance(of, Lead):
        return where("lead_id") == of.id
    if isinstance(of, Account):
        return where("account_id") == of.id
    return (where("contact_id") == of.id) & ~where("account_id").present()
