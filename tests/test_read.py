"""`crm.read`: what is committed, beside whoever writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from attrs import evolve
from support.crms import STORES, opened

from crmkit import CRM, Transaction, where
from crmkit.core.kernel.errors import Invalid, NotFound, Refused, StoreError
from crmkit.core.kernel.ids import uuid7
from crmkit.core.people.unit import Unit
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, lead


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on each store."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def captured(crm: CRM, topic: str) -> Lead:
    """A lead that is there from now on."""
    with crm.transaction() as tx:
        return tx.sales.capture_lead(topic=topic, source="web", email="gildong@example.com")


def test_a_view_shows_what_was_committed_when_it_began(crm: CRM) -> None:
    """While a transaction writes and commits, lists, counts, figures, records and histories stay what they were."""
    one = captured(crm, "Oil")
    with crm.transaction() as tx, crm.read() as view:
        tx.move(lead.contact, one.id)
        other = tx.sales.capture_lead(topic="Gas", source="web")
        tx.flush()

        assert view.of(Lead).find() == (one,)
        assert view.of(Lead).count(where("status") == "new") == 1
        assert len(view.history(one)) == 1
        with pytest.raises(NotFound):
            view.of(Lead).get(other.id)
    with crm.read() as view:
        before = view.insights.funnel()
        captured(crm, "Coal")
        assert view.insights.funnel() == before
        assert view.of(Lead).count() == 2
    with crm.read() as view:
        assert view.of(Lead).count() == 3


@pytest.mark.parametrize("name", [store for store in STORES if store != "memory"])
def test_a_view_that_cannot_begin_keeps_no_connection(name: str, tmp_path: Path) -> None:
    """Where the clock has no time zone, say."""
    with opened(name, tmp_path) as crm:
        store: Any = crm._opened()
        crm._transactions = evolve(crm._transactions, clock=lambda: datetime(2025, 3, 1))
        with pytest.raises(Invalid, match="clock"), crm.read():
            pass

        assert getattr(store, "_reading", store._engine).pool.checkedout() == 0


def test_views_are_read_beside_each_other(crm: CRM) -> None:
    """From several threads, while one transaction is open; nobody waits for its end."""
    captured(crm, "Oil")
    counts: list[int] = []

    def look() -> None:
        with crm.read() as view:
            counts.append(view.of(Lead).count())

    with crm.transaction() as tx:
        tx.sales.capture_lead(topic="Gas", source="web")
        tx.flush()
        threads = [Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert counts == [1] * 4


WRITES: dict[str, Callable[[Transaction, Lead], object]] = {
    "capture": lambda tx, _: tx.sales.capture_lead(topic="Gas", source="web"),
    "move": lambda tx, one: tx.move(lead.contact, one.id),
    "qualify": lambda tx, one: tx.sales.qualify(one.id),
    "lock": lambda tx, one: tx.lock(Lead, [one.id]),
    "revise": lambda tx, one: tx.revise(evolve(one, topic="Gas")),
    "user": lambda tx, _: tx.people.add_user(name="Ann"),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_view_does_not_write(crm: CRM, write: str) -> None:
    """Whatever would write is refused, and the view goes on."""
    one = captured(crm, "Oil")
    with crm.read() as view:
        events = len(tuple(view.journal()))
        with pytest.raises(StoreError, match="this is a view, it does not write"):
            WRITES[write](view, one)
        assert view.of(Lead).find() == (one,)
    with crm.read() as view:
        assert (view.of(Lead).find(), len(tuple(view.journal()))) == ((one,), events)


def test_a_view_bends_no_tree(crm: CRM) -> None:
    """What is above would be locked first, which is refused, and the view goes on."""
    with crm.transaction() as tx:
        one, other = tx.people.add_unit(name="A"), tx.people.add_unit(name="B")
    with crm.read() as view:
        with pytest.raises(StoreError, match="this is a view, it does not write"):
            view.revise(evolve(one, parent_id=other.id))
        assert view.of(Unit).find() == (one, other)


def test_a_view_is_over_when_it_is_left(crm: CRM) -> None:
    """Also by an exception, which is passed on; others can write."""
    with pytest.raises(LookupError), crm.read() as view:
        raise LookupError
    with pytest.raises(StoreError, match="over"):
        view.of(Lead).count()
    captured(crm, "Oil")


def test_a_view_is_for_somebody(crm: CRM) -> None:
    """Who is there and active; conditions know them as `me`."""
    with crm.transaction() as tx:
        ann = tx.people.add_user(name="Ann")
        bob = tx.people.add_user(name="Bob")
        tx.revise(evolve(bob, active=False))
    with crm.read(ann) as view:
        assert view.stamp.by == ann.id
    with pytest.raises(Refused), crm.read(bob.id):
        raise AssertionError("never reached")
    with pytest.raises(NotFound), crm.read(User(id=uuid7(1, 1), name="Nobody")):
        raise AssertionError("never reached")


def test_a_crm_is_opened_and_read_while_somebody_writes(tmp_path: Path) -> None:
    """By another process, say, during a long import."""
    with opened("sqlite", tmp_path) as crm, crm.transaction() as tx:
        tx.sales.capture_lead(topic="Oil", source="web")
        tx.flush()

        with opened("sqlite", tmp_path) as other, other.read() as view:
            assert view.of(Lead).count() == 0


def test_a_closed_crm_is_not_read(tmp_path: Path) -> None:
    """It says that it is closed."""
    crm = CRM.open(f"sqlite:{tmp_path / 'crm.db'}")
    crm.close()
    with pytest.raises(StoreError, match="closed"), crm.read():
        raise AssertionError("never reached")
