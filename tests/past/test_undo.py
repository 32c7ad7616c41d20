"""`tx.undo`: what operations did is taken back, on every store, or refused with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened, plugged
from support.deeds import Act, acts, done, figures_of, rows_of

from crmkit import ALWAYS, CRM, NEVER, where
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.errors import Invalid, NotFound, Refused, StoreError
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.undo import Undone
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.sales.stage_stay import StageStay
from crmkit.testing import FixedClock

STEPPED = ("version", "modified_at")  #: what also undoing steps further


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on each store."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def held(crm: CRM) -> Any:
    """Rows, those of projections too, and figures; without what counts events."""
    with crm.read() as view:
        return rows_of(view, but=STEPPED), figures_of(view)


def undone(crm: CRM, *operations: Id[Any]) -> tuple[Undone, Id[Any]]:
    """What undoing did, and the operation that it was."""
    with crm.transaction() as tx:
        return tx.undo(operations), tx.stamp.operation


def captured(crm: CRM, **fields: Any) -> tuple[Lead, Id[Any]]:
    """A lead, and the operation that it came by."""
    with crm.transaction() as tx:
        return tx.sales.capture_lead(
            **{"topic": "Oil", "person": "Ann Smith", "company": "El Olivo", **fields}
        ), tx.stamp.operation


def qualified(crm: CRM, lead: Lead) -> tuple[Any, Id[Any]]:
    """What became of the lead, and the operation."""
    with crm.transaction() as tx:
        return tx.sales.qualify(lead.id), tx.stamp.operation


@pytest.mark.parametrize("store", STORES)
@settings(max_examples=max(6, settings().max_examples // 5))
@given(
    before=st.lists(st.lists(acts, max_size=4), max_size=4),
    then=st.lists(st.lists(acts, min_size=1, max_size=5), min_size=1, max_size=4),
)
def test_undone_everything_is_as_before_and_undone_again_as_after(
    store: str, before: list[list[Act]], then: list[list[Act]]
) -> None:
    """Rows, projections and figures, whatever several transactions did; the journal rebuilds it all the same."""
    with TemporaryDirectory() as folder, opened(store, Path(folder), FixedClock()) as crm:
        for deeds in before:
            done(crm, deeds)
        there = held(crm)
        operations = [each for each in (done(crm, deeds) for deeds in then) if each and _changed(crm, each)]
        after = held(crm)
        if not operations:
            return
        _, again = undone(crm, *operations)
        assert held(crm) == there
        assert crm.replay()

        if _changed(crm, again):
            undone(crm, again)
            assert held(crm) == after
            assert crm.replay()


def _changed(crm: CRM, operation: Id[Any]) -> bool:
    with crm.read() as view:
        return any(True for _ in view.session.history(operation=operation))


def test_a_qualification_is_undone_with_all_that_it_made(crm: CRM) -> None:
    """Account, contact, opportunity and its stay are gone, and the lead is what it was; their history stays."""
    lead, _ = captured(crm)
    there = held(crm)
    made, operation = qualified(crm, lead)

    told, _ = undone(crm, operation)

    assert told == Undone(changed=1, removed=3, returned=0)
    assert held(crm) == there
    with crm.read() as view:
        assert [event.name for event in view.history(made.contact)] == ["contact.added", "contact.undone"]
        assert view.history(made.contact)[-1].ends
        assert view.of(StageStay).count() == 0
        assert view.history(lead)[-1].undoes == (str(operation),)
        with pytest.raises(NotFound):
            view.of(Contact).get(made.contact.id)
    again, _ = qualified(crm, lead)
    assert again.created == ("account", "contact", "opportunity")


def test_what_others_changed_in_other_fields_stays(crm: CRM) -> None:
    """Only the fields of the operation go back."""
    lead, _ = captured(crm)
    with crm.transaction() as tx:
        tx.revise(evolve(lead, topic="Gas"))
        operation = tx.stamp.operation
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Lead).get(lead.id), company="La Oliva"))

    undone(crm, operation)

    with crm.read() as view:
        found = view.of(Lead).get(lead.id)
    assert (found.topic, found.company, found.version) == ("Oil", "La Oliva", 4)


def test_what_others_changed_since_is_refused_by_name(crm: CRM) -> None:
    """Every record with its event and fields; nothing is undone."""
    lead, _ = captured(crm)
    with crm.transaction() as tx:
        other = tx.sales.capture_lead(topic="Gas")
        tx.revise(evolve(tx.of(Lead).get(lead.id), topic="Olives"))
        operation = tx.stamp.operation
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Lead).get(lead.id), topic="Oil, cold"))
        tx.sales.contact(other.id)
    there = held(crm)

    with pytest.raises(Refused) as error:
        undone(crm, operation)

    found = {refusal.facts["id"]: (refusal.code, refusal.facts["paths"]) for refusal in error.value.refusals}
    assert found == {
        str(lead.id): ("changed_since", ["topic"]),
        str(other.id): ("changed_since", ["contacted_at", "status"]),
    }
    assert "has changed since, by lead.contacted" in str(error.value)
    assert held(crm) == there


def test_what_something_leads_to_does_not_go(crm: CRM) -> None:
    """The record that leads there is named; once it does no longer, undoing works."""
    lead, _ = captured(crm)
    made, operation = qualified(crm, lead)
    with crm.transaction() as tx:
        child = tx.customers.add_account(name="La Oliva", parent=made.account.id)

    with pytest.raises(Refused) as error:
        undone(crm, operation)
    (refusal,) = error.value.refusals
    assert (refusal.code, refusal.facts) == (
        "still_needed",
        {"kind": "account", "id": str(child.id), "field": "parent_id"},
    )

    with crm.transaction() as tx:
        tx.revise(evolve(child, parent_id=None))
    undone(crm, operation)
    with crm.read() as view:
        assert view.of(Account).count() == 1
        assert view.of(Opportunity).count() == 0


def test_it_is_undone_once(crm: CRM) -> None:
    """A second time is refused; after the undoing was undone it can be again."""
    lead, _ = captured(crm)
    there = held(crm)
    _, operation = qualified(crm, lead)
    after = held(crm)
    _, undoing = undone(crm, operation)

    with pytest.raises(Refused, match="is without it already"):
        undone(crm, operation)

    told, _ = undone(crm, undoing)
    assert told == Undone(changed=1, removed=0, returned=3)
    assert held(crm) == after
    undone(crm, operation)
    assert held(crm) == there
    assert crm.replay()


def test_an_undoing_that_others_built_on_is_not_undone(crm: CRM) -> None:
    """What came after it in the same fields is refused by name."""
    lead, _ = captured(crm)
    _, operation = qualified(crm, lead)
    _, undoing = undone(crm, operation)
    with crm.transaction() as tx:
        tx.sales.disqualify(lead.id, reason="lost")

    with pytest.raises(Refused, match="lead.disqualified"):
        undone(crm, undoing)


def test_a_tree_is_not_bent_into_a_loop(crm: CRM) -> None:
    """An account that was above another does not come below it."""
    with crm.transaction() as tx:
        above, below = tx.customers.add_account(name="A"), tx.customers.add_account(name="B")
    with crm.transaction() as tx:
        above = tx.revise(evolve(above, parent_id=below.id))
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Account).get(above.id), parent_id=None))
        operation = tx.stamp.operation
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Account).get(below.id), parent_id=above.id))

    with pytest.raises(Invalid, match="leads back"):
        undone(crm, operation)


def deals(crm: CRM, many: int = 2) -> tuple[Account, list[Id[Opportunity]]]:
    """Deals of one account, open."""
    with crm.transaction() as tx:
        account = tx.customers.add_account(name="El Olivo")
        return account, [tx.sales.open_opportunity(name="Oil", account=account.id).id for _ in range(many)]


def outcome(crm: CRM, move: str, deal: Id[Opportunity], days: int = 0) -> Id[Any]:
    """The operation by which a deal was won or reopened, some days from now."""
    with crm.transaction() as tx, tx.occurred(tx.now + timedelta(days=days)):
        getattr(tx.sales, move)(deal)
        return tx.stamp.operation


def since(crm: CRM, account: Account) -> datetime | None:
    """Since when it is a customer."""
    with crm.read() as view:
        return view.of(Account).get(account.id).customer_since


def test_a_customer_stays_one_by_the_deal_that_is_still_won(crm: CRM) -> None:
    """The second deal changed nothing at the account, and counts once the first is undone; all of it can be undone."""
    account, (one, other) = deals(crm)
    first = outcome(crm, "win", one)
    outcome(crm, "win", other, days=1)
    began = since(crm, account)
    assert began is not None

    _, undoing = undone(crm, first)
    assert since(crm, account) == began + timedelta(days=1)
    assert crm.replay()

    undone(crm, undoing)
    assert since(crm, account) == began
    assert crm.replay()


def test_a_customer_by_an_undone_deal_alone_is_a_prospect(crm: CRM) -> None:
    """Also where it was this deal's only since another one was reopened, and the undone operation never touched it."""
    account, (one, other) = deals(crm)
    outcome(crm, "win", one)
    second = outcome(crm, "win", other, days=1)
    outcome(crm, "reopen", one)
    assert since(crm, account) is not None

    undone(crm, second)

    assert since(crm, account) is None
    assert crm.replay()


def test_what_a_deal_has_nothing_to_do_with_stays_when_it_is_undone(crm: CRM) -> None:
    """Undoing something else about a won deal asks nobody since when they are customers."""
    account, (one, _) = deals(crm)
    outcome(crm, "win", one)
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Opportunity).get(one), name="Olives"))
        revised = tx.stamp.operation
    with crm.transaction() as tx:
        tx.customers.became_customer(tx.of(Account).get(account.id), tx.now - timedelta(days=900))
    by_hand = since(crm, account)

    undone(crm, revised)

    assert since(crm, account) == by_hand


def test_reserved_keys_of_what_goes_are_free_again(crm: CRM) -> None:
    """Somebody else can have them."""
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil")
        tx.keys.reserve("email", ["ann@example.com"], holder=lead.id)
        operation = tx.stamp.operation
    undone(crm, operation)
    other, _ = captured(crm)
    with crm.transaction() as tx:
        assert tx.keys.reserve("email", ["ann@example.com"], holder=other.id).taken == ()


def test_an_operation_that_changed_nothing_is_not_found(crm: CRM) -> None:
    """As is one that never was."""
    with pytest.raises(NotFound):
        undone(crm, uuid7(1, 1))


def test_a_view_undoes_nothing(crm: CRM) -> None:
    """It does not write."""
    _, operation = captured(crm)
    with crm.read() as view, pytest.raises(StoreError, match="this is a view"):
        view.undo(operation)


def test_run_again_it_answers_what_it_answered(crm: CRM) -> None:
    """It is a command: done once per operation."""
    _, operation = captured(crm)
    with crm.transaction() as tx:
        asked = tx.new_id(Lead)
    answers = [crm.run(None, lambda tx: tx.undo(operation), operation=asked) for _ in range(2)]

    assert answers == [Undone(changed=0, removed=1, returned=0)] * 2


def test_what_has_nothing_left_the_second_time_is_no_list(crm: CRM) -> None:
    """An iterator could not be compared with what was asked the first time; a list can."""
    _, operation = captured(crm)
    with crm.transaction() as tx, pytest.raises(Invalid, match="list_iterator.*accepted: .*a list of them"):
        tx.undo(iter([operation]))  # type: ignore[arg-type]  # what is tried here
    with crm.transaction() as tx:
        assert tx.undo([operation]) == Undone(changed=0, removed=1, returned=0)


@pytest.mark.parametrize("store", STORES)
def test_what_an_actor_does_not_see_is_neither_undone_nor_named(store: str, tmp_path: Path) -> None:
    """A hidden record is not found; one that leads there is refused without its id, and the past hides it too."""
    hidden = {
        "acme": lambda _, cls: NEVER if cls is Opportunity else where("topic") != "Gas" if cls is Lead else ALWAYS
    }
    with plugged(store, tmp_path, access=hidden) as crm:
        with crm.transaction() as tx:
            user = tx.people.add_user(name="Rep")
        _, unseen = captured(crm, topic="Gas")
        lead, operation = captured(crm)
        with crm.transaction() as tx:
            account = tx.customers.add_account(name="El Olivo")
            seen = tx.stamp.operation
        with crm.transaction() as tx:
            deal = tx.sales.open_opportunity(name="Oil", account=account.id)

        with pytest.raises(NotFound), crm.transaction(user) as tx:
            tx.undo(unseen)
        with pytest.raises(Refused, match="a record still leads") as error, crm.transaction(user) as tx:
            tx.undo(seen)
        assert str(deal.id) not in str(error.value.facts) + str(error.value)
        with crm.as_of(crm._transactions.clock(), user) as view:
            assert [record.id for record in view.of(Lead).find()] == [lead.id]
        with crm.transaction(user) as tx:
            assert tx.undo(operation).removed == 1
