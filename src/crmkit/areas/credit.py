"""What follows from deals that are won: since when their lead was, and their customer is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
Whom: TypeAlias = tuple[type[Any], Id[Any]]  #: a lead, an account or a contact

CREDITED: Final = (Lead, Account, Contact)  #: in the order in which they are locked
WON: Final = where("status") == OpportunityStatus.WON


def hold(work: Work, deal: Opportunity) -> None:
    """Lock those whom this deal is credited to when it is won, before anything is written that leads to them.

    A database may lock what a row leads to when it writes the row, so that others can still read it: of two who did so
    and then want it for themselves, each waits for the other.
    """
    _held(work, _whom(deal))


def credit(work: Work, *changes: Change) -> None:
    """Let those whom these changes of deals concern say when the first was won with them, whoever may see them.

    They are locked before their deals are looked at: of two transactions that change deals of the same customer, the
    second sees what the first one did, also where that changed nothing at the customer.
    """
    concerned = {whom for before, after in changes for whom, _ in {*_credits(before)} ^ {*_credits(after)}}
    with work.sight.lifted():
        held = _held(work, concerned)
        since = [work.of(Opportunity).least("closed_at", WON & _deals(each)) for each in held]
        for each, first in zip(held, since, strict=True):
            if not isinstance(each, Lead):
                Customers(work).became_customer(each, first)
            elif each.won_at != first:
                work.change(evolve(each, won_at=first), "lead.won" if first else "lead.win_withdrawn")


def _held(work: Work, whom: Iterable[Whom]) -> list[Any]:
    given = tuple(whom)
    with work.sight.lifted():
        return [each for cls in CREDITED for each in work.lock(cls, [id for of, id in given if of is cls])]


def _credits(deal: Opportunity | None) -> Iterator[tuple[Whom, datetime | None]]:
    """To whom a deal is credited, and from when on."""
    if deal is not None and deal.status is OpportunityStatus.WON:
        yield from ((whom, deal.closed_at) for whom in _whom(deal))


def _whom(deal: Opportunity) -> Iterator[Whom]:
    """The lead of a deal, and its customer: the account or, where there is none, the contact."""
    if deal.lead_id is not None:
        yield Lead, deal.lead_id
    if deal.account_id is not None:
        yield Account, deal.account_id
    elif deal.contact_id is not None:
        yield Contact, deal.contact_id


def _deals(of: Lead | Account | Contact) -> Criteria:
    """Those whose lead or customer it is."""
    if isinstance(of, Lead):
        return where("lead_id") == of.id
    if isinstance(of, Account):
        return where("account_id") == of.id
    return (where("contact_id") == of.id) & ~where("account_id").present()
