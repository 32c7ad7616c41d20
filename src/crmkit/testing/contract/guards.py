"""What a store promises of guarded changes: of many at once exactly one wins, and the others are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import ALWAYS, Criteria, where
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id
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

    @one_store
    @given(case=sweeps(), among=st.frozensets(st.sampled_from((*FIRM_IDS, *VISIT_IDS))))
    def test_a_guarded_change_is_a_sweep_of_those_that_are_named(
        self, store: Store, case: tuple[Situation, Sweep], among: frozenset[Id[Any]]
    ) -> None:
        """Rows, journal and who was changed are those of a naive reading, once and again."""
        check_sweep(store, case, among)
