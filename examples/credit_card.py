"""The call centre of a bank: a referral is called, qualified and won; a billing question is resolved and closed.

One script, one story, any store: `python credit_card.py`, or `python credit_card.py sqlite:bank.db`.
"""

from __future__ import annotations

import sys

from crmkit import CRM, CrmError, Money, PersonName, where
from crmkit.core.customers.contact import Contact
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.service.case import CaseStage, CaseType
from crmkit.testing import FixedClock, FixedIds


def main(url: str = "memory:") -> None:
    clock = FixedClock()
    with CRM.open(url, clock=clock, ids=FixedIds(), zone="Asia/Seoul") as crm:
        with crm.transaction() as tx:
            seoul = tx.people.add_unit(name="Seoul")
            centre = tx.people.add_team(name="Call centre", unit=seoul.id)
            agent = tx.people.add_user(name="김민지", team=centre.id, email="minji@example.com", key="minji")
            card = tx.sales.add_product(code="CARD-G", name="Gold card", list_price=Money(120_000, "KRW"))
        print(f"{agent.name} of the {centre.name} in {seoul.name} is on duty.")

        with crm.transaction(agent) as tx:
            referral = tx.sales.capture_lead(
                topic="Gold card",
                source="referral",
                person=PersonName.family_first("홍", "길동"),
                phone="010-9876-5432",
                note="A colleague of 이영희, who has had the card since spring.",
                owner=agent.id,
            )
        print(f"Referral: {referral.person}, {referral.phone}, {referral.status}.")

        clock.advance(hours=1)
        with crm.transaction(agent) as tx:
            to_call = tx.of(Lead).find(
                (where("status") == LeadStatus.NEW) & where("phone").present(), order=("created_at",)
            )
            for lead in to_call:
                tx.sales.contact(lead.id)
            print(f"Called: {', '.join(str(lead.person) for lead in to_call)}.")

        clock.advance(days=2)
        with crm.transaction(agent) as tx:
            done = tx.sales.qualify(referral.id, stage="proposing", estimate=card.list_price)
            assert done.contact and done.opportunity
            print(f"Qualified: created {' and '.join(done.created)}; {done.contact.name} is a prospect.")

        clock.advance(days=5)
        with crm.transaction(agent) as tx:
            won = tx.sales.win(done.opportunity.id, revenue=card.list_price)
            customer = tx.of(Contact).get(done.contact.id)
            print(f"Won: {won.name} for {won.revenue}.")
            print(f"{customer.name} is a customer since {customer.customer_since:%Y-%m-%d}.")

        clock.advance(days=30)
        with crm.transaction(agent) as tx:
            question = tx.service.open_case(
                title="Charged twice for the card",
                type=CaseType.REQUEST,
                contact=customer.id,
                product=card.id,
                origin="phone",
                owner=agent.id,
            )
            tx.service.change_stage(question.id, stage=CaseStage.RESEARCH)
        clock.advance(hours=4)
        with crm.transaction(agent) as tx:
            tx.service.resolve(
                question.id,
                resolution="The second charge was a reservation and has been released.",
                minutes=12,
                reason="information_provided",
            )
        clock.advance(days=3)
        with crm.transaction(agent) as tx:
            closed = tx.service.close(question.id)
            print(f"Case: {closed.title}, {closed.status} after {closed.minutes} minutes of work: {closed.resolution}")

        with crm.transaction(agent) as tx:
            print()
            print("What the journal says:")
            for event in tx.journal():
                print(f"  {event.sequence:>2} {event.stamp.occurred:%Y-%m-%d %H:%M} {event.name}")
            print()
            print(tx.insights.funnel(by="source"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CrmError as error:
        sys.exit(f"{error.code}: {error}")
