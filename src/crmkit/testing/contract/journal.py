"""What a store promises of its journal: events as they were, versions once, and that it rebuilds every row."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from crmkit.core.kernel.errors import Conflict
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.operation import Command, Operation
from crmkit.core.kernel.store import Session, Store
from crmkit.testing.contract.checks import check_replay, unkept
from crmkit.testing.contract.supplied import Supplied, commit, one_store
from crmkit.testing.world.naive import World
from crmkit.testing.world.records import Visit
from crmkit.testing.world.samples import FIRST, HOSTILE, LAST, an_event, an_id, firm, visit
from crmkit.testing.world.strategies import lives

SAID = Command(name="sales.win", digest="0f", outcome="Ann")


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

    def test_history_is_of_one_operation(self, store: Store) -> None:
        """Whatever kinds it concerned, committed or not yet, also together with a kind and a record."""
        stamps = [Stamp(at=LAST, occurred=FIRST, by=an_id(7), operation=an_id(number)) for number in (8, 9)]
        events = [
            an_event("firm", firm(1), stamp=stamps[0]),
            an_event("visit", visit(5), stamp=stamps[1]),
            an_event("visit", visit(6), stamp=stamps[0]),
            an_event("firm", firm(1, version=2), stamp=stamps[1]),
        ]
        commit(store, record=events[:2])

        with unkept(store) as session:
            session.record(events[2:])

            def told(**asked: Any) -> list[Event]:
                return [evolve(event, sequence=0) for event in session.history(**asked)]

            assert told(operation=an_id(8)) == [events[0], events[2]]
            assert told(operation=an_id(9), kind="firm") == [events[3]]
            assert told(operation=an_id(9), id=an_id(5)) == [events[1]]
            assert told(operation=an_id(8), limit=1) == [events[0]]
            assert told(operation=an_id(10)) == []

    def test_what_is_redacted_says_the_new_and_is_the_old(self, store: Store) -> None:
        """Changes, details, cause and commands are those given, all else is as it was, of this transaction too."""
        events = [an_event("firm", firm(number), details={"said": "Ann"}) for number in (1, 2, 3)]
        kept = [
            Operation(id=an_id(number), actor=an_id(6), at=LAST, cause="Ann", commands=(SAID,)) for number in (8, 9)
        ]
        commit(store, record=events[:2])
        session = store.begin()
        session.operation(kept[0].id, done=kept[0])
        session.commit()
        session = store.begin()
        session.record(events[2:])
        session.operation(kept[1].id, done=kept[1])
        before = list(session.history())

        after = [
            evolve(event, changes={"name": (None, "x")}, details={"n": 1}, stamp=evolve(event.stamp, cause="y"))
            for event in (before[0], before[2])
        ]
        told = [evolve(each, cause="", commands=(evolve(SAID, outcome=None),)) for each in kept]
        session.redact([evolve(each, name="firm.other", version=9) for each in after], told)

        def check(session: Session) -> None:
            assert list(session.history()) == [after[0], before[1], after[1]]
            assert list(session.history(kind="firm", id=an_id(1))) == [after[0]]
            assert [session.operation(each.id) for each in kept] == told

        check(session)
        session.commit()
        with unkept(store) as other:
            check(other)

    def test_a_redaction_is_undone_with_its_transaction(self, store: Store) -> None:
        """Nothing of it stays."""
        commit(store, record=[an_event("firm", firm(1), details={"said": "Ann"})])
        with unkept(store) as session:
            (event,) = session.history()
            session.redact([evolve(event, details={})], [])
            assert [each.details for each in session.history()] == [{}]

        with unkept(store) as session:
            assert list(session.history()) == [event]

    def test_what_is_not_there_is_not_redacted(self, store: Store) -> None:
        """An unknown event or operation is a conflict."""
        event = evolve(an_event("firm", firm(1)), sequence=2**40)
        with unkept(store) as session, pytest.raises(Conflict):
            session.redact([event], [])
        with unkept(store) as session, pytest.raises(Conflict):
            session.redact([], [Operation(id=an_id(8), actor=an_id(6), at=LAST)])

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
