"""One transaction: every record once, deferred writes, guarded revisions, pages that miss nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from support.crms import STORES, opened, undone

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import Extensions
from crmkit.core.kernel.errors import Conflict, CriteriaError, CrmError, Invalid, NotFound, StoreError
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.crm import CRM
from crmkit.testing.world.records import AcmeVisit, Firm, Visit
from crmkit.transaction import Transaction

HOW: dict[str, Any] = {"entities": (Firm, Visit), "extensions": (AcmeVisit,)}


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with opened(request.param, tmp_path, **HOW) as crm:
        yield crm


def made(tx: Transaction, **fields: Any) -> Visit:
    return tx.add(evolve(Visit(id=tx.new_id(Visit)), **fields), "visit.made")


def test_a_record_is_one_object_in_a_work(crm: CRM) -> None:
    """However it is found, it is the one that was written."""
    with crm.transaction() as tx:
        visit = made(tx, title="One")
        assert tx.of(Visit).get(visit.id) is visit
        assert tx.of(Visit).find(where("title") == "ONE")[0] is visit


def test_leaving_by_an_exception_undoes_everything(crm: CRM) -> None:
    """Flushed or not."""
    with pytest.raises(ZeroDivisionError), crm.transaction() as tx:
        made(tx)
        tx.flush()
        made(tx)
        raise ZeroDivisionError
    with crm.transaction() as tx:
        assert (tx.of(Visit).count(), [event.kind for event in tx.journal()]) == (0, ["user"])


def test_a_work_that_is_over_does_nothing_more(crm: CRM) -> None:
    """Nor does one whose flush failed, although the caller swallowed the error."""
    with crm.transaction() as tx:
        pass
    with pytest.raises(StoreError):
        tx.of(Visit).count()

    with crm.transaction() as tx:
        tx.add(Firm(id=tx.new_id(Firm), name="El Olivo", region="S"), "firm.added")
    with pytest.raises(StoreError), crm.transaction() as tx:
        made(tx, title="Half")
        tx.add(Firm(id=tx.new_id(Firm), name="EL OLIVO", region="S"), "firm.added")
        with pytest.raises(Invalid):
            tx.flush()
    with crm.transaction() as tx:
        assert tx.of(Visit).count() == 0


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ("", {}),
        ("done", {}),
        ("firm.made", {}),
        ("visit.\0", {}),
        ("visit.x", {"a": object()}),
        ("visit.x", {"a": 1.5}),
    ],
)
def test_an_event_that_no_store_could_keep_is_refused(crm: CRM, event: str, details: dict[str, Any]) -> None:
    """A name that is none of the kind's, details without an exact form."""
    with crm.transaction() as tx, pytest.raises(Invalid):
        tx.add(Visit(id=tx.new_id(Visit)), event, details)


@pytest.mark.parametrize("cause", [None, "\ud800", "x" * 10_000_000])
def test_a_cause_that_no_store_could_keep_is_refused(crm: CRM, cause: Any) -> None:
    """Before anything is done; the turn is given back."""
    for _ in range(2):
        with pytest.raises(Invalid) as refused, crm.transaction(cause=cause):
            raise AssertionError("never reached")
        assert refused.value.field == "cause"


def test_a_work_that_is_over_says_why(crm: CRM) -> None:
    """The first error is the one that matters, also to who swallowed it."""
    with pytest.raises(StoreError, match="is taken"), crm.transaction() as tx:
        for _ in range(2):
            tx.sales.add_product(code="PR-9", name="Printer")
        with pytest.raises(Invalid):
            tx.flush()


def test_a_closed_crm_stays_closed(crm: CRM) -> None:
    """And closing again is no error."""
    crm.close()
    crm.close()
    with pytest.raises(StoreError), crm.transaction():
        raise AssertionError("never reached")


def test_a_stale_revision_is_a_conflict(crm: CRM) -> None:
    """What somebody else wrote in between is not overwritten."""
    with crm.transaction() as tx:
        visit = made(tx, title="One")
    with crm.transaction() as tx:
        tx.revise(evolve(visit, title="Two"))

    with pytest.raises(Conflict), crm.transaction() as tx:
        tx.revise(evolve(visit, title="Three"))
    with crm.transaction() as tx:
        assert tx.of(Visit).get(visit.id).title == "Two"


def test_a_stale_revision_of_what_has_moved_is_a_conflict(crm: CRM) -> None:
    """It has the status of then, which nobody meant to change; nor is it lost without a word where nothing differs."""
    with crm.transaction() as tx:
        old = tx.sales.capture_lead(topic="Oil")
    with crm.transaction() as tx:
        tx.sales.contact(old.id)

    for revised in (evolve(old, topic="Olives"), old):
        with pytest.raises(Conflict), crm.transaction() as tx:
            tx.revise(revised)


def test_a_revision_changes_no_stamped_field(crm: CRM) -> None:
    """Status, dates of moves and holding have commands of their own."""
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil")
        for changed in (
            evolve(lead, status=LeadStatus.QUALIFIED),
            evolve(lead, won_at=tx.now),
            evolve(lead, created_at=tx.now + timedelta(days=1)),
        ):
            with pytest.raises(Invalid):
                tx.revise(changed)
        assert tx.revise(lead) is lead
        assert tx.revise(evolve(lead, topic="Olive oil")).version == 2


def test_occurred_is_the_time_in_the_world_and_recorded_that_of_the_clock(crm: CRM) -> None:
    """Inside the block only."""
    with crm.transaction() as tx:
        past = tx.now - timedelta(days=100)
        with tx.occurred(past):
            old = made(tx)
        new = made(tx)

        assert (old.created_at, old.modified_at, new.created_at) == (past, tx.now, tx.now)
        with pytest.raises(Invalid), tx.occurred(datetime(2026, 1, 1)):
            raise AssertionError("never reached")


def test_one_transaction_writes_a_record_once_and_each_of_its_events(crm: CRM) -> None:
    """Versions count events; the row is that of the last."""
    with crm.transaction() as tx:
        visit = made(tx, score=0)
        for score in range(1, 5):
            visit = tx.revise(evolve(visit, score=score))
    with crm.transaction() as tx:
        assert [event.changes.get("score") for event in tx.history(visit)] == [
            (None, 0),
            (0, 1),
            (1, 2),
            (2, 3),
            (3, 4),
        ]
        assert tx.of(Visit).get(visit.id) == visit
        assert {event.stamp.operation for event in tx.history(visit)} == {tx.history(visit)[0].stamp.operation}


def test_extension_fields_are_kept_and_asked(crm: CRM) -> None:
    """Under their prefix, with their defaults where nothing was said."""
    with crm.transaction() as tx:
        made(tx)
        vip = made(tx, ext=Extensions(AcmeVisit(vip=True, nick="Bob")))
    with crm.transaction() as tx:
        assert tx.of(Visit).find(where("acme.vip") == True) == (vip,)  # noqa: E712
        assert tx.of(Visit).count(where("acme.level") == 3) == 2


def test_pages_one_after_the_other_are_the_list(crm: CRM) -> None:
    """Each record once, in the same order, whatever is missing or ties."""

    @given(
        scores=st.lists(st.none() | st.integers(-2, 2), max_size=12),
        limit=st.integers(1, 5),
        order=st.lists(st.sampled_from(["score", "-score", "title", "-title", "-started_at"]), max_size=2),
    )
    def check(scores: list[int | None], limit: int, order: list[str]) -> None:
        with undone(crm) as tx:
            for score in scores:
                title = None if score is None else "aBÄ"[abs(score)]
                made(tx, score=score, title=title, started_at=None if score == 1 else tx.now)
            repository, pages = tx.of(Visit), list[Visit]()
            page = repository.page(order=order, limit=limit)
            pages += page.items
            while page.next is not None:
                page = repository.page(order=order, limit=limit, after=page.next)
                pages += page.items

            assert tuple(pages) == repository.find(order=order)
            assert len(pages) == len(scores)
            assert list(repository.iterate(order=order, chunk=limit)) == pages

    check()


def test_a_cursor_belongs_to_its_order(crm: CRM) -> None:
    """A made-up one, or one of another list, is refused."""
    with crm.transaction() as tx:
        for score in range(3):
            made(tx, score=score)
        after = tx.of(Visit).page(order=("score",), limit=1).next
        for orders, cursor in (((), after), (("-score",), after), (("score",), "nonsense"), (("score",), "W10=")):
            with pytest.raises(Invalid) as refused:
                tx.of(Visit).page(order=orders, after=cursor)
            assert refused.value.field == "after"


@pytest.mark.parametrize(
    "call", [{"order": ("nmae",)}, {"order": "name"}, {"order": ("tags",)}, {"limit": 0}, {"limit": True}]
)
def test_a_list_that_cannot_be_is_refused(crm: CRM, call: dict[str, Any]) -> None:
    """Unknown fields, a text in the place of a tuple, no records at all."""
    with crm.transaction() as tx, pytest.raises((CriteriaError, Invalid)):
        tx.of(Firm).find(**call)


def test_what_is_not_there_is_not_found(crm: CRM) -> None:
    """By id and by key."""
    with crm.transaction() as tx:
        with pytest.raises(NotFound):
            tx.of(Lead).get(tx.new_id(Lead))
        assert tx.of(Lead).by_key("nobody") is None
        with pytest.raises(CrmError):
            tx.of(Lead).get("nonsense")  # type: ignore[arg-type]


def test_a_record_is_not_born_twice(crm: CRM) -> None:
    """In one work or in two."""
    with crm.transaction() as tx:
        visit = made(tx)
    with pytest.raises(CrmError), crm.transaction() as tx:
        tx.add(evolve(visit, version=0), "visit.made")
    with pytest.raises(CrmError), crm.transaction() as tx:
        other = made(tx)
        tx.add(evolve(other, version=0), "visit.made")
