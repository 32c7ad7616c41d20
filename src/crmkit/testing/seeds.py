"""A small business that is the same every time: a team, leads, deals and cases, one at least in every status."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from attrs import frozen

from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.people.user import User
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.service.case import CaseType
from crmkit.crm import CRM
from crmkit.transaction import Transaction


@frozen
class Come:
    """Who came, for whom, how, and what became of it."""

    person: str
    company: str | None
    source: str
    fate: str


LEADS: Final = (
    Come("Ann Smith", "El Olivo", "web", "won"),
    Come("홍길동", "㈜한빛", "referral", "won"),
    Come("María García", "Aceites del Sur", "fair", "lost"),
    Come("Kim Lee", "Seoul Trade", "web", "on hold"),
    Come("John Doe", "Northern Foods", "web", "open"),
    Come("Ben Weiss", "Weiß & Söhne", "fair", "disqualified"),
    Come("Eva Novak", "Novak", "referral", "contacted"),
    Come("Cher", None, "web", "new"),
)
CASES: Final = ("active", "on hold", "resolved", "closed", "cancelled")
WEEKS: Final = 6  #: before now, the first lead came


def seed(crm: CRM) -> None:
    """Fill an empty CRM through its commands, as if a team had worked with it until now."""
    crm.run(None, _worked, cause="seed")


def _worked(tx: Transaction) -> None:
    now = tx.now
    with tx.occurred(now - timedelta(weeks=WEEKS)):
        unit = tx.people.add_unit(name="Sales")
        team = tx.people.add_team(name="East", unit=unit.id)
        users = [tx.people.add_user(name=name, team=team.id).id for name in ("Ana", "Bo")]
    won: list[Opportunity] = []
    for number, come in enumerate(LEADS):
        with tx.occurred(now - timedelta(weeks=WEEKS) + timedelta(days=number)):
            deal = _came(tx, come, users[number % 2])
        if deal is not None:
            with tx.occurred(now - timedelta(weeks=3) + timedelta(days=number)):
                _ended(tx, deal, come.fate)
            won += [deal] * (come.fate == "won")
    for number, fate in enumerate(CASES):
        with tx.occurred(now - timedelta(weeks=1) + timedelta(days=number)):
            _asked(tx, won[number % 2], fate)


def _came(tx: Transaction, come: Come, owner: Id[User]) -> Opportunity | None:
    """A lead, as far as it got; the deal that came of it, if one did."""
    lead = tx.sales.capture_lead(
        topic="Olive oil", source=come.source, person=come.person, company=come.company, owner=owner
    )
    if come.fate != "new":
        lead = tx.sales.contact(lead.id)
    if come.fate == "disqualified":
        tx.sales.disqualify(lead.id, reason="no_longer_interested")
    if come.fate in ("new", "contacted", "disqualified"):
        return None
    contact = tx.customers.add_contact(name=come.person)
    return tx.sales.qualify(lead.id, contact=contact.id, estimate=Money(1000, "EUR")).opportunity


def _ended(tx: Transaction, deal: Opportunity, fate: str) -> None:
    """What became of a deal."""
    match fate:
        case "won":
            tx.sales.win(deal.id, revenue=Money(900, "EUR"))
        case "lost":
            tx.sales.lose(deal.id, reason="out_sold")
        case "on hold":
            tx.sales.hold(deal.id)


def _asked(tx: Transaction, deal: Opportunity, fate: str) -> None:
    """A case of a customer, and how far it came."""
    case = tx.service.open_case(title="Leaking tin", type=CaseType.COMPLAINT, account=deal.account_id)
    match fate:
        case "on hold":
            tx.service.hold(case.id)
        case "cancelled":
            tx.service.cancel(case.id)
        case "resolved" | "closed":
            tx.service.resolve(case.id, resolution="a new tin", minutes=15)
    if fate == "closed":
        tx.service.close(case.id)
