"""The life of three leads: one becomes a customer, one is lost, one comes back.

Run it with a store of your choice: `python lead_story.py`, or `python lead_story.py sqlite:leads.db`.
"""

from __future__ import annotations

import sys

from crmkit import CRM, CrmError, Money
from crmkit.core.kernel.errors import IllegalMove
from crmkit.testing import FixedClock, FixedIds


def main(url: str = "memory:") -> None:
    clock = FixedClock()
    with CRM.open(url, clock=clock, ids=FixedIds(), zone="Asia/Seoul") as crm:
        with crm.transaction() as tx:
            hanbit = tx.sales.capture_lead(
                topic="Card terminals for 12 shops",
                source="web",
                company="㈜한빛상사",
                person="홍길동",
                email="gildong@example.com",
                phone="010-1234-5678",
                budget=Money(24_000_000, "KRW"),
            )
            olivo = tx.sales.capture_lead(topic="Price list", source="trade_show", company="El Olivo S.L.")
            smith = tx.sales.capture_lead(topic="Business account", source="web", person="Ann Smith")

        clock.advance(days=1)
        with crm.transaction() as tx:
            for lead in (hanbit, olivo, smith):
                tx.sales.contact(lead.id)
            lost = tx.sales.disqualify(olivo.id, reason="no_longer_interested")
            print(f"{lost.company}: {lost.status}, {lost.reason}")

        clock.advance(days=3)
        with crm.transaction() as tx:
            done = tx.sales.qualify(hanbit.id)
            assert done.account and done.contact and done.opportunity
            print(f"{done.account.name}: created {', '.join(done.created)}; customer: {done.account.is_customer}")
            tx.sales.win(done.opportunity.id, revenue=Money(23_500_000, "KRW"))

        try:
            with crm.transaction() as tx:
                tx.sales.qualify(hanbit.id)
        except IllegalMove as error:
            print(f"{error.code}: {error}")

        clock.advance(days=60)
        with crm.transaction() as tx:
            tx.sales.reactivate(olivo.id)
            tx.sales.contact(olivo.id)
            again = tx.sales.qualify(olivo.id)
            print(f"{again.lead.company}: {again.lead.status}, first contacted {again.lead.contacted_at:%Y-%m-%d}")

            for event in tx.history(again.lead):
                print(f"  {event.version} {event.stamp.occurred:%Y-%m-%d} {event.name}")
            print(tx.insights.funnel(by="source"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CrmError as error:
        sys.exit(f"{error.code}: {error}")
