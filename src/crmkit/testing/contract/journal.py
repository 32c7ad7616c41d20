"""What a store promises of its journal: events as they were, versions once, and that it rebuilds every row."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from crmkit.core.kernel.errors import Conflict
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.store import Session, Store
from crmkit.testing.contract.checks import check_replay, unkept
from crmkit.testing.contract.supplied import Supplied, commit, one_store
from crmkit.testing.world.naive import World
from crmkit.testing.world.records import Visit
from crmkit.testing.world.samples import FIRST, HOSTILE, LAST, an_event, an_id, firm, visit
from crmkit.testing.world.strategies import lives


class Journals(Supplied):
    """Events as they were, in the order of recording."""

    def test_events_come_back_as_they_were_in_the_order_of_recording(self, store: Store) -> None:
        """Whatever a change or a detail holds; sequence numbers rise, over transactions too."""
        details: dict[str, Any] = {"text": "한\u2028🎉\"'\\", "deep": [1, None, True, {"a": []}], "": 2**63 - 1}
        events = [
            an_event("visit", visit(number, **fields), details=details, name="visit.noted 한")
            for number, fields in enumerate(HOSTILE.values(), start=1)
        ]
        for half in (events[:7], events[7:]):
            commit(store, record=half)

        with unkept(store) as session:
            found = list(session.history())

        assert [evolve(event, sequence=0) for event in found] == events
        assert found[0].sequence > 0
        assert all(one.sequence < other.sequence for one, other in pairwise(found))

    def test_a_stamp_comes_back_to_the_microsecond(self, session: Session) -> None:
        """Recorded and occurred time, who, within what and why."""
        stamp = Stamp(at=LAST, occurred=FIRST, by=an_id(7), operation=an_id(8), cause="import «leads.csv»")
        session.record([an_event("firm", firm(1), stamp=stamp)])

        assert [event.stamp for event in session.history()] == [stamp]

    def test_history_is_of_all_of_a_kind_or_of_one_record(self, store: Store) -> None:
        """From any sequence number on, as many as asked for, committed or not yet."""
        steps = [("firm", 1, 1), ("visit", 5, 1), ("firm", 2, 1), ("firm", 1, 2), ("visit", 5, 2), ("firm", 1, 3)]
        events = [an_event(kind, (firm if kind == "firm" else visit)(id, version=step)) for kind, id, step in steps]
        commit(store, record=events[:3])

        with unkept(store) as session:
            session.record(events[3:])
            at = [event.sequence for event in session.history()]

            def told(**asked: Any) -> list[tuple[str, int, int]]:
                return [steps[at.index(event.sequence)] for event in session.history(**asked)]

            assert told() == steps
            assert told(kind="visit") == [steps[1], steps[4]]
            assert told(kind="firm", id=an_id(1)) == [steps[0], steps[3], steps[5]]
            assert told(id=an_id(5)) == [steps[1], steps[4]]
            assert told(kind="visit", id=an_id(1)) == []
            assert told(after=at[2]) == steps[3:]
            assert told(kind="firm", id=an_id(1), after=at[0], limit=1) == [steps[3]]
            assert told(kind="firm", after=at[1], limit=2) == [steps[2], steps[3]]
            assert told(limit=4) == steps[:4]
            assert told(after=at[-1]) == []

    def test_a_record_has_each_version_once(self, store: Store) -> None:
        """An event of a version that there is already is a conflict, in the same transaction or a later one."""
        event = an_event("firm", firm(1))
        with unkept(store) as session, pytest.raises(Conflict):
            session.record([event, event])
        commit(store, record=[event])

        with unkept(store) as session:
            session.record([an_event("visit", visit(1)), an_event("firm", firm(1, version=2))])
            with pytest.raises(Conflict):
                session.record([event])

    def test_a_journal_is_read_while_it_grows(self, session: Session) -> None:
        """What is being read stays what it was when it was asked for."""
        session.record([an_event("firm", firm(1)), an_event("firm", firm(2))])
        reader = session.history()
        first = next(reader)
        session.record([an_event("firm", firm(3))])

        assert [event.id for event in (first, *reader)][:2] == [an_id(1), an_id(2)]

    @one_store
    @given(life=lives())
    def test_the_journal_rebuilds_every_row(self, store: Store, life: tuple[World, list[tuple[Visit, ...]]]) -> None:
        """What was recorded is enough to have everything back."""
        check_replay(store, *life)
