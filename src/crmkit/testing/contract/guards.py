"""What a store promises of guarded changes and of locks: of many at once exactly one wins, and the others are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import ALWAYS, Criteria, where
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.sweep import GroundSweep, Sweep, bind_sweep
from crmkit.testing.contract.checks import EVERYBODY, check_sweep, unkept
from crmkit.testing.contract.supplied import Supplied, at_once, commit, one_store
from crmkit.testing.world.pools import CLOCKS, FIRM_IDS, VISIT_IDS
from crmkit.testing.world.records import MODEL, Firm, Visit
from crmkit.testing.world.samples import an_id, cell, firm, visit
from crmkit.testing.world.strategies import Situation
from crmkit.testing.world.sweeps import a_stamp, sweeps


def a_guard(ids: Sequence[int], condition: Criteria = ALWAYS, **sets: Any) -> GroundSweep:
    """A change of visits with these numbers that fulfil the condition: they are done then."""
    sweep = Sweep("guard", Visit, condition, sets or {"done": True}, event="visit.guarded")
    return bind_sweep(sweep, model=MODEL, stamp=a_stamp(CLOCKS[0]), among=[an_id(number) for number in ids])


def done(session: Session) -> list[Id[Any]]:
    """The visits that are done."""
    return [cell("visit", row, "id") for row in session.page("visit", EVERYBODY) if cell("visit", row, "done")]


class Guards(Supplied):
    """Changes of named records, under a condition."""

    def test_a_guarded_change_tells_whom_it_changed(self, session: Session) -> None:
        """Those that are named, there, fulfil the condition and have something to change; nobody else is touched."""
        session.insert("visit", [visit(1, score=5), visit(2), visit(3, score=7, done=True), visit(4, score=9)])

        swept = session.sweep(a_guard([9, 3, 2, 1], where("score") > 0))

        assert (swept.count, swept.done, done(session)) == (1, (an_id(1),), [an_id(1), an_id(3)])
        assert [event.id for event in session.history(after=swept.batch)] == [an_id(1)]
        assert session.sweep(a_guard([1, 2, 3], where("score") > 0)).done == ()
        assert session.sweep(a_guard([])).done == ()

    def test_a_change_of_many_named_records_is_one(self, session: Session) -> None:
        """A thousand."""
        session.insert("visit", [visit(number) for number in range(1200)])

        swept = session.sweep(a_guard(range(100, 1100)))

        assert sorted(swept.done) == [an_id(number) for number in range(100, 1100)] == done(session)

    def test_a_guarded_change_that_a_key_refuses_names_the_field(self, session: Session) -> None:
        """As every sweep."""
        session.insert("firm", [firm(1), firm(2)])
        both = [an_id(1), an_id(2)]
        sweep = Sweep("s", Firm, ALWAYS, {"key": "K"}, event="firm.s")

        with pytest.raises(Invalid) as refused:
            session.sweep(bind_sweep(sweep, model=MODEL, stamp=a_stamp(CLOCKS[0]), among=both))

        assert refused.value.field == "key"

    @pytest.mark.parametrize("first", ["commit", "rollback"])
    def test_the_second_waits_for_the_first(self, store: Store, first: str) -> None:
        """It has what the first gives back, and is told that it has nothing where the first keeps it."""
        commit(store, insert=[visit(1), visit(2)])
        session = store.begin()
        assert session.sweep(a_guard([1], where("done") == False)).done == (an_id(1),)  # noqa: E712

        def second() -> tuple[Id[Any], ...]:
            with unkept(store) as other:
                return other.sweep(a_guard([2, 1], where("done") == False)).done  # noqa: E712

        (told,) = at_once([second], meanwhile=getattr(session, first))

        assert sorted(told) == ([an_id(2)] if first == "commit" else [an_id(1), an_id(2)])

    def test_of_many_at_once_exactly_one_wins(self, store: Store) -> None:
        """Every record is won once, whoever asks for which of them in which order, and nobody fails."""
        commit(store, insert=[visit(number) for number in range(40)])

        def winner(turn: int) -> tuple[Id[Any], ...]:
            won: list[Id[Any]] = []
            for start in range(0, 40, 10):
                session = store.begin()
                ids = [(start + turn * 10 + place * 7) % 40 for place in range(20)]
                won += session.sweep(a_guard(ids, where("done") == False)).done  # noqa: E712
                session.commit()
            return tuple(won)

        won = [id for ids in at_once([lambda turn=turn: winner(turn) for turn in range(4)]) for id in ids]  # type: ignore[misc]

        with unkept(store) as session:
            assert sorted(won) == done(session) == sorted(event.id for event in session.history())
        assert len(won) == len(set(won)) >= 34

    def test_what_is_locked_is_given_in_the_order_of_ids(self, session: Session) -> None:
        """Unknown ids are left out, and none is fine; what this transaction wrote is given as it wrote it."""
        session.insert("firm", [firm(number) for number in range(1200)])
        session.update("firm", [(firm(3), firm(3, version=2))])

        found = session.lock("firm", [an_id(number) for number in range(3000, 1, -1)])

        assert found == [firm(2), firm(3, version=2), *(firm(number) for number in range(4, 1200))]
        assert session.lock("firm", []) == session.lock("firm", [an_id(3000)]) == []

    @pytest.mark.parametrize("first", ["commit", "rollback"])
    def test_who_locks_second_is_given_what_the_first_left(self, store: Store, first: str) -> None:
        """It waits for that, and sees from then on also what the first one did elsewhere."""
        commit(store, insert=[firm(1), visit(1)])
        session = store.begin()
        assert session.lock("firm", [an_id(1)]) == [firm(1)]
        session.update("visit", [(visit(1), visit(1, version=2, done=True))])

        def second() -> tuple[list[Row], list[Id[Any]]]:
            with unkept(store) as other:
                other.load("visit", [an_id(1)])
                return other.lock("firm", [an_id(1)]), done(other)

        (told,) = at_once([second], meanwhile=getattr(session, first))

        assert told == ([firm(1)], [an_id(1)] if first == "commit" else [])

    def test_a_lock_outlasts_a_write_that_is_refused(self, store: Store) -> None:
        """Who wants to change the record waits all the same, until this transaction ends."""
        commit(store, insert=[firm(1), firm(2, key="K")])
        session = store.begin()
        session.insert("firm", [firm(3)])
        session.lock("firm", [an_id(1)])
        with pytest.raises(Invalid):
            session.insert("firm", [firm(4), firm(5, key="K")])

        def second() -> list[Id[Any]]:
            other = store.begin()
            stale = other.update("firm", [(firm(1), firm(1, version=2, region="east"))])
            other.commit()
            return stale

        def first() -> None:
            assert session.load("firm", [an_id(1)]) == [firm(1)]
            session.rollback()

        assert at_once([second], meanwhile=first) == [[]]

    @one_store
    @given(case=sweeps(), among=st.frozensets(st.sampled_from((*FIRM_IDS, *VISIT_IDS))))
    def test_a_guarded_change_is_a_sweep_of_those_that_are_named(
        self, store: Store, case: tuple[Situation, Sweep], among: frozenset[Id[Any]]
    ) -> None:
        """Rows, journal and who was changed are those of a naive reading, once and again."""
        check_sweep(store, case, among)
