"""Visits, lived by machine and told by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from crmkit import CRM
from crmkit.core.kernel.errors import Refused, Veto
from crmkit.testing import Factory, FixedClock, FixedIds
from crmkit.testing.machines import flow_machine
from crmkit_acme.visit import Visit, VisitStatus, visit


def opened(clock: FixedClock, ids: FixedIds) -> CRM:
    """A CRM in memory that found the plugin by itself."""
    return CRM.open("memory:", clock=clock, ids=ids)


TestVisit = flow_machine(visit, opens=opened)


@pytest.fixture
def crm() -> Iterator[CRM]:
    """On a Monday morning."""
    with opened(FixedClock(), FixedIds()) as crm:
        yield crm


def test_a_visit_is_planned_and_made(crm: CRM) -> None:
    """Where to go has to be known first."""
    make = Factory()
    with crm.transaction() as tx:
        wished = make.keep(tx, make.of(Visit))
        with pytest.raises(Refused, match="a place to go to"):
            tx.move(visit.plan, wished.id, on=tx.now + timedelta(days=1))
    with crm.transaction() as tx:
        wished = make.keep(tx, make.of(Visit, place="El Olivo"))
        tx.move(visit.plan, wished.id, on=tx.now + timedelta(days=1))
        made = tx.move(visit.make, wished.id, said="fruity")

    assert (made.status, made.said) == (VisitStatus.MADE, "fruity")


def test_nobody_works_on_sundays(crm: CRM) -> None:
    """And nothing of the transaction is kept that would have it so."""
    make = Factory()
    with pytest.raises(Veto, match="nobody works on Sundays"), crm.transaction() as tx:
        wished = make.keep(tx, make.of(Visit, place="El Olivo"))
        tx.move(visit.plan, wished.id, on=tx.now + timedelta(days=6))

    with crm.read() as view:
        assert view.of(Visit).count() == 0


def test_the_diary_says_what_became_of_visits(crm: CRM, caplog: pytest.LogCaptureFixture) -> None:
    """Once they are kept."""
    make = Factory()
    with caplog.at_level("INFO", "crmkit_acme"), crm.transaction() as tx:
        wished = make.keep(tx, make.of(Visit))

    assert caplog.messages == [f"visit.added {wished.id}"]
