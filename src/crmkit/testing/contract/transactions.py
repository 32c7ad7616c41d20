"""What a store promises of transactions: what they see, that they take turns, and that nothing is left of some."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import ALWAYS, some, where
from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.tally import GroundCount, GroundTally
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.contract.supplied import Supplied, a_sweep, commit, everything
from crmkit.testing.world.records import MODEL, Firm
from crmkit.testing.world.samples import NOW, an_event, an_id, cell, firm, visit

COUNT = GroundTally(kind="firm", where=EVERYBODY, by=(), measures=(GroundCount(EVERYBODY),), zone="UTC")


class Transactions(Supplied):
    """What is seen of whom, and when."""

    def test_a_transaction_sees_what_it_wrote_and_after_its_commit_the_others_do(self, store: Store) -> None:
        """Inserts, updates, deletes and events count at once for their own transaction."""
        commit(store, insert=[firm(1), firm(2)])
        session = store.begin()
        session.insert("firm", [firm(3)])
        session.update("firm", [(firm(1), firm(1, version=2))])
        session.delete("firm", [an_id(2)])
        session.record([an_event("firm", firm(3))])
        mine = everything(session)
        session.commit()

        with unkept(store) as other:
            assert everything(other) == mine
        assert mine[0] == [firm(1, version=2), firm(3)]
        assert [event.id for event in mine[-1]] == [an_id(3)]

    def test_nothing_is_left_of_what_is_rolled_back(self, store: Store) -> None:
        """Rows, unique keys and events are as they were, and can be written as if for the first time."""
        commit(store, insert=[firm(1), firm(2, key="K-2")])
        with unkept(store) as before:
            there = everything(before)

        for _ in range(2):
            session = store.begin()
            session.insert("firm", [firm(3, key="K-3")])
            session.update("firm", [(firm(1), firm(1, version=2, key="K-1"))])
            session.delete("firm", [an_id(2)])
            session.record([an_event("firm", firm(3))])
            session.rollback()

        with unkept(store) as after:
            assert everything(after) == there

    def test_transactions_take_turns(self, store: Store) -> None:
        """One that begins while another writes sees all that it did or, without turns, nothing; never a part."""
        seen: list[list[Row]] = []

        def look() -> None:
            with unkept(store) as session:
                seen.append(session.page("firm", EVERYBODY))

        first = store.begin()
        first.insert("firm", [firm(1)])
        second = Thread(target=look)
        second.start()
        first.insert("firm", [firm(2)])
        first.commit()
        second.join()

        whole = [firm(1), firm(2)]
        assert seen == [whole] if self.takes_turns else seen in ([whole], [[]])

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_nothing_can_be_done_in_a_transaction_that_is_over(self, store: Store, end: str) -> None:
        """Whatever is tried is refused, also ending it again, and others can begin."""
        session = store.begin()
        getattr(session, end)()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: session.load("firm", [an_id(1)]),
            lambda: session.lock("firm", [an_id(1)]),
            lambda: session.page("firm", EVERYBODY),
            lambda: session.tally(COUNT),
            lambda: session.insert("firm", [firm(1)]),
            lambda: session.update("firm", [(firm(1), firm(1))]),
            lambda: session.delete("firm", [an_id(1)]),
            lambda: session.sweep(a_sweep(Sweep("x", Firm, ALWAYS, {"region": "x"}, event="firm.x"))),
            lambda: session.record([an_event("firm", firm(1))]),
            session.history,
            lambda: session.operation(an_id(1)),
            session.commit,
            session.rollback,
        )
        for attempt in attempts:
            with pytest.raises(StoreError):
                attempt()
        with unkept(store) as other:
            assert everything(other) == ([], [], [])

    def test_conditions_see_what_was_just_written(self, session: Session) -> None:
        """What leads to a record, and what it leads to, is asked of the rows as they are now."""

        def busy() -> list[int]:
            visited = bind(some("visit", "firm_id", where("done") == True), model=MODEL, kind="firm", now=NOW)  # noqa: E712
            return [cell("firm", row, "id").int & 0xFF for row in session.page("firm", visited)]

        def eastern() -> int:
            east = bind(where("firm.region") == "east", model=MODEL, kind="visit", now=NOW)
            return len(session.page("visit", east))

        session.insert("firm", [firm(1), firm(2)])
        session.insert("visit", [visit(3, firm_id=an_id(1))])
        assert (busy(), eastern()) == ([], 0)

        done = visit(3, firm_id=an_id(1), done=True, version=2)
        session.update("visit", [(visit(3), done)])
        session.update("firm", [(firm(1), firm(1, region="east", version=2))])
        assert (busy(), eastern()) == ([1], 1)

        session.update("visit", [(done, visit(3, firm_id=an_id(2), done=True, version=3))])
        session.insert("visit", [visit(4, firm_id=an_id(1), done=True)])
        assert (busy(), eastern()) == ([1, 2], 1)

        session.delete("visit", [an_id(3)])
        assert (busy(), eastern()) == ([1], 1)

    def test_a_store_as_it_was_made_lacks_nothing(self, store: Store) -> None:
        """A thorough look finds no difference, and there is nothing to migrate."""
        store.create(thorough=True)

        assert store.migrate(dry=True) == store.migrate() == ()

    def test_creating_again_keeps_what_is_there(self, store: Store) -> None:
        """`create` makes what is missing and nothing else."""
        commit(store, insert=[firm(1)])

        store.create()

        with unkept(store) as session:
            assert session.page("firm", EVERYBODY) == [firm(1)]
