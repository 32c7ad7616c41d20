"""The life of a deal: through the stages, lost, reopened and won; what each stage took, and who became a customer."""

from __future__ import annotations

import sys

from attrs import evolve

from crmkit import CRM, CrmError, Money, where
from crmkit.core.kernel.errors import Refused
from crmkit.core.sales.stage_stay import StageStay
from crmkit.testing import FixedClock, FixedIds


def main(url: str = "memory:") -> None:
    clock = FixedClock()
    with CRM.open(url, clock=clock, ids=FixedIds()) as crm:
        with crm.transaction() as tx:
            rep = tx.people.add_user(name="Kim Minji", key="kim.minji")
            printer = tx.sales.add_product(code="PR-9", name="Label printer", list_price=Money("349.00", "EUR"))
        with crm.transaction(rep) as tx:
            deal = tx.sales.open_opportunity(
                name="Forty label printers", product=printer.id, estimate=Money("13000.00", "EUR"), owner=rep.id
            )
            print(f"{deal.name}: {deal.status}, {deal.stage}")

        for days, stage in ((4, "engaging"), (10, "proposing")):
            clock.advance(days=days)
            with crm.transaction(rep) as tx:
                tx.sales.change_stage(deal.id, stage=stage)

        clock.advance(days=7)
        try:
            with crm.transaction(rep) as tx:
                tx.sales.win(deal.id, revenue=Money("12500.00", "EUR"))
        except Refused as error:
            print(f"{error.code}: {error}")

        with crm.transaction(rep) as tx:
            tx.sales.lose(deal.id, reason="out_sold")
        clock.advance(days=14)
        with crm.transaction(rep) as tx:
            account = tx.customers.add_account(name="Papelería Luna", owner=rep.id)
            reopened = tx.sales.reopen(deal.id)
            deal = tx.revise(evolve(reopened, account_id=account.id))
            won = tx.sales.win(deal.id, revenue=Money("12500.00", "EUR"))
            print(f"{won.name}: {won.status} for {won.revenue}")
            print(f"{account.name} is a customer since {won.closed_at:%Y-%m-%d}")

            for stay in tx.of(StageStay).find(where("opportunity_id") == won.id, order=("entered_at", "id")):
                left = f"{stay.left_at:%Y-%m-%d}" if stay.left_at else "now"
                print(f"  {stay.stage}: {stay.entered_at:%Y-%m-%d} to {left}")
            print(tx.insights.pipeline())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CrmError as error:
        sys.exit(f"{error.code}: {error}")
