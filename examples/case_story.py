"""The life of a case: held, resolved too early, taken up again, resolved and closed; the journal keeps both answers."""

from __future__ import annotations

import sys

from crmkit import CRM, CrmError
from crmkit.core.kernel.errors import IllegalMove, Refused
from crmkit.core.service.case import CaseStage, CaseType, Priority
from crmkit.testing import FixedClock, FixedIds


def main(url: str = "memory:") -> None:
    clock = FixedClock()
    with CRM.open(url, clock=clock, ids=FixedIds()) as crm:
        with crm.transaction() as tx:
            wang = tx.customers.add_contact(name="王小明", phone="+86 138 0013 8000")
            problem = tx.service.open_case(
                title="Terminal shows no signal",
                type=CaseType.PROBLEM,
                contact=wang.id,
                priority=Priority.HIGH,
                origin="phone",
            )
            tx.service.change_stage(problem.id, stage=CaseStage.RESEARCH)

        clock.advance(hours=2)
        with crm.transaction() as tx:
            tx.service.hold(problem.id)
        clock.advance(days=1)
        with crm.transaction() as tx:
            tx.service.resume(problem.id)
            tx.service.resolve(problem.id, resolution="restarted", minutes=5)
        clock.advance(hours=3)
        with crm.transaction() as tx:
            tx.service.reactivate(problem.id)
            tx.service.change_stage(problem.id, stage=CaseStage.RESOLVE)
            tx.service.resolve(problem.id, resolution="new cable", minutes=15)
            closed = tx.service.close(problem.id)
            print(f"{closed.title}: {closed.status}, «{closed.resolution}» in {closed.minutes} minutes")

            for event in tx.history(closed):
                said = "".join(f" {name}={value}" for name, value in event.details.items())
                print(f"  {event.stamp.occurred:%Y-%m-%d %H:%M} {event.name}{said}")

        try:
            with crm.transaction() as tx:
                tx.service.reactivate(closed.id)
        except IllegalMove as error:
            print(f"{error.code}: {error}")
        try:
            with crm.transaction() as tx:
                tx.service.open_case(title="Whose is this?", type=CaseType.COMPLAINT)
        except Refused as error:
            print(f"{error.code}: {error}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except CrmError as error:
        sys.exit(f"{error.code}: {error}")
