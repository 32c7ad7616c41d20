"""What follows from other records, decided by several at once: who reads locks first, on every store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier, BrokenBarrierError, Event
from typing import Any, TypeAlias

import pytest
from attrs import evolve
from support.crms import STORES
from support.races import in_threads
from support.servers import ADMIN

from crmkit import CRM, where
from crmkit.core.customers.account import Account
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id
from crmkit.core.people.unit import Unit
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.storage.sql import SQLSession
from crmkit.transaction import Transaction

Do: TypeAlias = Callable[[Transaction], object]

BESIDE_EACH_OTHER = [store for store in STORES if store in ADMIN]  #: elsewhere who begins has locked everything

LONG_ENOUGH = 0.3  #: seconds for which who has looked waits for the other, who may be waiting for it elsewhere
AS_LONG_AS_IT_TAKES = 60.0  #: seconds, where nobody waits elsewhere


def together(crm: CRM, *dos: Do, patience: float = LONG_ENOUGH) -> list[bool]:
    """Each in a transaction of its own, none committed before all have looked; which of them were not refused.

    Then they commit in their order: keys between the records would make them wait for each other and look again.
    """
    meeting, waiting = Barrier(len(dos)), list(enumerate(dos))
    ended, done = [Event() for _ in dos], [False] * len(dos)

    def client(crm: CRM, _: str) -> None:
        place, do = waiting.pop()

        def looked(tx: Transaction) -> None:
            do(tx)
            with suppress(BrokenBarrierError):
                meeting.wait(patience)
                meeting.abort()  # whoever looks again meets nobody
            for before in ended[:place]:
                before.wait(patience)

        try:
            crm.run(None, looked)
            done[place] = True
        except Invalid:
            pass  # done stays as it is
        finally:
            ended[place].set()

    in_threads(crm, client, len(dos))
    return done


not_waiting = partial(together, patience=AS_LONG_AS_IT_TAKES)


def won(crm: CRM, many: int = 2) -> tuple[Account, Lead, list[Id[Opportunity]]]:
    """Deals of one account and one lead, won a day after each other."""
    with crm.transaction() as tx:
        account, lead = tx.customers.add_account(name="A"), tx.sales.capture_lead(topic="L", company="A")
        lead = tx.sales.qualify(lead.id, account=account.id, opportunity=False).lead
        deals = [tx.sales.open_opportunity(name="D", account=account.id, lead=lead.id).id for _ in range(many)]
        for days, deal in enumerate(deals):
            with tx.occurred(tx.now + timedelta(days=days)):
                tx.sales.win(deal)
    return account, lead, deals


def check_credit(crm: CRM, *accounts: Account) -> None:
    """Accounts, and the leads of their deals, say when the first deal was won; the journal has it, too."""
    with crm.read() as view:
        for account in accounts:
            deals = view.of(Opportunity).find(where("account_id") == account.id)
            of_won = [deal.closed_at for deal in deals if deal.closed_at and deal.status is OpportunityStatus.WON]
            assert view.of(Account).get(account.id).customer_since == min(of_won, default=None)
        for lead in view.of(Lead).find():
            came = view.of(Opportunity).find((where("lead_id") == lead.id) & (where("status") == "won"))
            assert lead.won_at == min((deal.closed_at for deal in came if deal.closed_at), default=None)
    assert crm.replay()


def reopened(crm: CRM, together: Callable[..., list[bool]] = together) -> Account:
    """Two won deals of one account, reopened at once: neither changes anything at the account by itself."""
    account, _, (one, other) = won(crm)
    together(crm, lambda tx: tx.sales.reopen(one), lambda tx: tx.sales.reopen(other))
    return account


def two_units(crm: CRM) -> tuple[Unit, Unit]:
    """Two that have nothing to do with each other."""
    with crm.transaction() as tx:
        return tx.people.add_unit(name="A"), tx.people.add_unit(name="B")


def below(unit: Unit, parent: Unit | None) -> Do:
    """To put one below another."""
    return lambda tx: tx.revise(evolve(tx.of(Unit).get(unit.id), parent_id=parent.id if parent else None))


def loops(crm: CRM, units: Sequence[Unit]) -> bool:
    """Whether some unit is above itself."""
    with crm.read() as view:
        for unit in units:
            parent, seen = view.of(Unit).get(unit.id).parent_id, set[Any]()
            while parent is not None and parent not in seen:
                seen.add(parent)
                parent = view.of(Unit).get(parent).parent_id
            if parent is not None:
                return True
    return False


def test_deals_that_are_reopened_at_once_leave_no_customer(crm: CRM) -> None:
    """Whoever is second sees that the first is gone."""
    check_credit(crm, reopened(crm))


def test_deals_that_go_to_somebody_else_at_once_leave_no_customer_behind(crm: CRM) -> None:
    """Both customers are right afterwards."""
    (account, _, (one, other)), (heir, *_) = won(crm), won(crm, 0)

    def moved(deal: Id[Opportunity]) -> Do:
        return lambda tx: tx.sales.change_customer(deal, account=heir.id)

    together(crm, moved(one), moved(other))

    check_credit(crm, account, heir)


def test_one_is_won_while_the_other_is_reopened(crm: CRM) -> None:
    """What was read of the other before the customer was locked does not count."""
    account, _, (first, second) = won(crm)
    crm.run(None, lambda tx: tx.sales.reopen(second))

    def win(tx: Transaction) -> None:
        tx.of(Opportunity).find()
        tx.sales.win(second)

    together(crm, win, lambda tx: tx.sales.reopen(first))

    check_credit(crm, account)


def test_deals_that_are_opened_and_won_at_once_do_not_end_each_other(crm: CRM) -> None:
    """Whoever comes second waits before it has written what the first one waits for: little is done again."""
    account, *_ = won(crm, 1)
    attempts = list[str]()

    def client(crm: CRM, name: str) -> None:
        for _ in range(5):
            crm.run(None, partial(opened_and_won, name))

    def opened_and_won(name: str, tx: Transaction) -> None:
        attempts.append(name)
        deal = tx.sales.open_opportunity(name="D", account=account.id)
        tx.sales.win(deal.id)

    in_threads(crm, client, 4)

    assert len(attempts) <= 4 * 5 + 5  # each would be done twice and more
    check_credit(crm, account)


def test_two_that_are_put_below_each_other_at_once_make_no_loop(crm: CRM) -> None:
    """One of them is told so."""
    units = one, other = two_units(crm)

    done = together(crm, below(one, other), below(other, one))

    assert sorted(done) == [False, True]
    assert not loops(crm, units)


def test_three_that_would_make_a_loop_only_together_do_not(crm: CRM) -> None:
    """Each is put below the next, far below."""
    units, (foot, _) = [*two_units(crm), two_units(crm)[0]], two_units(crm)
    crm.run(None, below(foot, units[1]))

    done = together(crm, below(units[0], foot), below(units[1], units[2]), below(units[2], units[0]))

    assert sorted(done) == [False, True, True]
    assert not loops(crm, units)


def test_what_was_read_before_makes_no_loop_either(crm: CRM) -> None:
    """The chain is walked as it is by now, not as this transaction saw it first."""
    units = one, other = two_units(crm)

    def read_first(tx: Transaction) -> None:
        tx.of(Unit).find()
        below(other, one)(tx)

    done = together(crm, below(one, other), read_first)

    assert sorted(done) == [False, True]
    assert not loops(crm, units)


def test_two_undoings_at_once_make_no_loop(crm: CRM) -> None:
    """Each alone would be fine."""
    units = one, other = two_units(crm)
    taken = []
    for unit, parent in ((one, other), (other, one)):
        crm.run(None, below(unit, parent))
        with crm.transaction() as tx:
            below(unit, None)(tx)
            taken.append(tx.stamp.operation)

    done = together(crm, lambda tx: tx.undo(taken[0]), lambda tx: tx.undo(taken[1]))

    assert sorted(done) == [False, True]
    assert not loops(crm, units)


@pytest.mark.parametrize("url", BESIDE_EACH_OTHER, indirect=True, scope="module")
class TestSeededBugs:
    """Without the lock the checks fail, where transactions do not take turns."""

    @pytest.fixture(autouse=True)
    def unlocked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Locking only reads."""
        monkeypatch.setattr(SQLSession, "lock", SQLSession.load)

    def test_reading_without_the_lock_leaves_a_customer_without_a_deal(self, crm: CRM) -> None:
        """Each sees the deal of the other as won."""
        account = reopened(crm, not_waiting)

        with pytest.raises(AssertionError):
            check_credit(crm, account)

    def test_walking_without_the_lock_makes_a_loop(self, crm: CRM) -> None:
        """Each sees the other as a root."""
        units = one, other = two_units(crm)

        assert not_waiting(crm, below(one, other), below(other, one)) == [True, True]
        assert loops(crm, units)
