"""What every store promises. A store's test module subclasses `StoreContract` and says how to make one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import ALWAYS, Criteria, some, where
from crmkit.core.kernel.errors import Conflict, Invalid, StoreError
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.operation import Command, Operation
from crmkit.core.kernel.store import Order, Session, Store
from crmkit.core.kernel.sweep import GroundSweep, Sweep, bind_sweep
from crmkit.core.kernel.tally import GroundCount, GroundTally, Tally
from support.checks import EVERYBODY, check_criteria, check_figures, check_order, check_replay, unkept
from support.naive import World
from support.pools import CLOCKS
from support.records import MODEL, AcmeVisit, Firm, Visit
from support.samples import FIRST, HOSTILE, LAST, NOW, an_event, an_id, cell, column, exactly, firm, row_of, visit
from support.strategies import Situation, criteria, situations, visits, worlds
from support.sweeps import a_stamp, check_sweep, sweeps
from support.tallies import tallies

COUNT = GroundTally(kind="firm", where=EVERYBODY, by=(), measures=(GroundCount(EVERYBODY),), zone="UTC")
SORTABLE = [each.path for each in MODEL.entities["visit"].columns if each.scalar is not Scalar.TAGS]

#: One store serves all examples of a test, each in a transaction of which nothing stays.
one_store = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow]
)


def commit(store: Store, *, insert: Sequence[Row] = (), record: Sequence[Event] = ()) -> None:
    """One transaction that adds these rows and events."""
    session = store.begin()
    for kind, model in MODEL.entities.items():
        session.insert(kind, [row for row in insert if len(row) == len(model.columns)])
    session.record(record)
    session.commit()


def a_sweep(sweep: Sweep) -> GroundSweep:
    """A sweep of the test model, now."""
    return bind_sweep(sweep, model=MODEL, stamp=a_stamp(CLOCKS[0]))


def everything(session: Session) -> tuple[list[Row], list[Row], list[Event]]:
    """All that a transaction sees: firms, visits, events."""
    return session.page("firm", EVERYBODY), session.page("visit", EVERYBODY), list(session.history())


@st.composite
def lives(draw: st.DrawFn) -> tuple[World, list[tuple[Visit, ...]]]:
    """A world, and what became of its visits, step by step."""
    world = draw(worlds())
    return world, draw(st.lists(visits(list(world["firm"].values())), min_size=1, max_size=3))


class StoreContract:
    """What every store promises: `store` is an empty one, created over the test model."""

    takes_turns = True  #: whether a transaction begins when the one before it has ended

    @pytest.fixture
    def store(self) -> Any:
        """An empty store, created over `support.records.MODEL`."""
        raise NotImplementedError

    @pytest.fixture
    def session(self, store: Store) -> Iterator[Session]:
        """A transaction of which nothing stays."""
        with unkept(store) as session:
            yield session

    @pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
    def test_what_is_committed_comes_back_exactly(self, store: Store, fields: dict[str, Any]) -> None:
        """Every value, however odd, is after a commit what it was before, to the type and the last digit."""
        row = visit(10, **fields)
        commit(store, insert=[row])

        with unkept(store) as session:
            assert [exactly(found) for found in session.load("visit", [an_id(10)])] == [exactly(row)]

    def test_tags_have_no_order(self, session: Session) -> None:
        """Tags are a set, and none of them are not missing."""
        session.insert("visit", [visit(1, labels=frozenset("ab")), visit(2, labels=frozenset("ba")), visit(3)])

        found = session.page("visit", EVERYBODY)

        assert [cell("visit", row, "labels") for row in found] == [{"a", "b"}, {"a", "b"}, frozenset()]

    def test_unknown_ids_are_left_out_of_what_is_loaded(self, session: Session) -> None:
        """Loading gives the rows that there are, each once."""
        session.insert("firm", [firm(1), firm(2), firm(3)])

        found = session.load("firm", [an_id(1), an_id(9), an_id(3), an_id(1)])

        assert (len(found), set(found)) == (2, {firm(1), firm(3)})
        assert session.load("firm", []) == []

    def test_many_ids_are_loaded_at_once(self, session: Session) -> None:
        """No limit on parameters shows through."""
        rows = [firm(number) for number in range(3000)]
        session.insert("firm", rows)

        assert set(session.load("firm", [an_id(number) for number in range(3000)])) == set(rows)

    def test_an_id_is_given_once(self, session: Session) -> None:
        """A second record with the id of the first is refused."""
        session.insert("firm", [firm(1)])

        with pytest.raises(Invalid) as refused:
            session.insert("firm", [firm(1, name="another")])

        assert refused.value.field == "id"

    def test_an_update_takes_the_place_of_the_version_it_was_made_from(self, session: Session) -> None:
        """Every column is written, those that become missing too; other rows stay."""
        before, other = visit(1, title="a", score=1, labels=frozenset("x")), visit(2, title="b")
        after = visit(1, version=2, code="c", done=True)
        session.insert("visit", [before, other])

        assert session.update("visit", [(before, after)]) == []
        assert session.page("visit", EVERYBODY) == [after, other]

    def test_an_update_made_from_another_version_is_reported_and_not_done(self, session: Session) -> None:
        """The ids of changes to an older, a newer or no version come back; the others of the same call are made."""
        stored, other = firm(1, version=3), firm(2)
        session.insert("firm", [stored, other])
        older, newer, gone = firm(1, version=2), firm(1, version=4), firm(3)
        fresh = firm(2, version=2, region="east")

        reported = session.update(
            "firm", [(older, firm(1, version=3, region="west")), (newer, newer), (other, fresh), (gone, gone)]
        )

        assert sorted(reported) == [an_id(1), an_id(1), an_id(3)]
        assert session.page("firm", EVERYBODY) == [stored, fresh]

    def test_what_is_deleted_is_gone(self, session: Session) -> None:
        """Unknown ids are deleted already."""
        session.insert("firm", [firm(1), firm(2)])

        session.delete("firm", [an_id(1), an_id(9)])

        assert session.page("firm", EVERYBODY) == [firm(2)]

    @pytest.mark.parametrize(
        ("one", "other", "fields"),
        [
            ({"key": "K-1"}, {"key": "K-1"}, {"key"}),
            ({"name": "Acme", "region": "1"}, {"name": "Acme", "region": "1"}, {"name", "region"}),
            ({"name": "Straße ㈜", "region": "1"}, {"name": "ＳＴＲＡＳＳＥ (주)", "region": "1"}, {"name", "region"}),
        ],
    )
    def test_a_unique_key_has_one_holder(
        self, session: Session, one: dict[str, Any], other: dict[str, Any], fields: set[str]
    ) -> None:
        """Names are the same when they fold the same, codes when they are; the error names a field of the key."""
        session.insert("firm", [firm(1, **one), firm(2)])

        for write in (
            lambda: session.insert("firm", [firm(3, **other)]),
            lambda: session.update("firm", [(firm(2), firm(2, **{**other, "version": 2}))]),
        ):
            with pytest.raises(Invalid, match="is taken") as refused:
                write()
            assert refused.value.field in fields

    def test_a_missing_value_agrees_with_nothing(self, session: Session) -> None:
        """A unique key of which a part is missing holds nobody back."""
        session.insert("firm", [firm(1, name="Acme"), firm(2, name="Acme"), firm(3, name="Acme", region="east")])

        assert len(session.page("firm", EVERYBODY)) == 3

    def test_a_key_is_free_again_when_its_holder_is_changed_or_deleted(self, session: Session) -> None:
        """Keys belong to the rows there are, and a row does not stand in its own way."""
        one, other = firm(1, key="K-1"), firm(2, key="K-2")
        session.insert("firm", [one, other])

        session.update("firm", [(one, firm(1, key="K-1", region="east", version=2)), (other, firm(2, version=2))])
        session.insert("firm", [firm(3, key="K-2")])
        session.delete("firm", [an_id(1)])
        session.insert("firm", [firm(4, key="K-1")])

        assert [cell("firm", row, "key") for row in session.page("firm", EVERYBODY)] == [None, "K-2", "K-1"]

    def test_a_reference_leads_somewhere(self, session: Session) -> None:
        """Neither a new row nor a changed one may point to a record that is not there; the error names the field."""
        session.insert("visit", [visit(1)])

        for write in (
            lambda: session.insert("visit", [visit(2, firm_id=an_id(9))]),
            lambda: session.update("visit", [(visit(1), visit(1, version=2, firm_id=an_id(9)))]),
        ):
            with pytest.raises(Invalid, match="leads nowhere") as refused:
                write()
            assert refused.value.field == "firm_id"

    def test_rows_of_one_call_may_lead_to_each_other(self, session: Session) -> None:
        """Parents before children; a tree goes in at once and comes out at once, and a row may lead to itself."""
        tree = [firm(1), firm(2, parent_id=an_id(1)), firm(3, parent_id=an_id(2)), firm(4, parent_id=an_id(4))]
        session.insert("firm", tree)
        assert session.page("firm", EVERYBODY) == tree

        session.delete("firm", [an_id(1), an_id(2), an_id(3), an_id(4)])

        assert session.page("firm", EVERYBODY) == []

    def test_what_others_lead_to_is_not_deleted(self, store: Store) -> None:
        """The error names the kind and the field that lead there; once nothing does, it may go."""
        commit(store, insert=[firm(1), visit(1), visit(2, firm_id=an_id(1))])
        with unkept(store) as session, pytest.raises(Invalid) as refused:
            session.delete("firm", [an_id(1)])
        assert "visit" in str(refused.value)
        assert "firm_id" in str(refused.value)

        with unkept(store) as session:
            session.delete("visit", [an_id(1)])  # another kind has this id too, and that is what visits lead to
            session.delete("visit", [an_id(2)])
            session.delete("firm", [an_id(1)])

            assert everything(session) == ([], [], [])

    # transactions

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

    # snapshots

    def test_a_snapshot_shows_what_was_committed_when_it_began(self, store: Store) -> None:
        """Neither what a transaction is about to write nor what it commits meanwhile; the next one shows it all."""
        commit(store, insert=[firm(1), firm(2, key="K-2")], record=[an_event("firm", firm(1))])
        writer = store.begin()
        writer.insert("firm", [firm(3)])
        snapshot = store.snapshot()
        before = everything(snapshot)

        writer.update("firm", [(firm(1), firm(1, version=2))])
        writer.delete("firm", [an_id(2)])
        writer.record([an_event("firm", firm(1, version=2)), an_event("firm", firm(3))])
        assert everything(snapshot) == before
        writer.commit()

        assert everything(snapshot) == before
        assert snapshot.load("firm", [an_id(3)]) == []
        assert [partial.values for partial in snapshot.tally(COUNT)] == [(2,)]
        assert [event.version for event in snapshot.history(kind="firm", id=an_id(1))] == [1]
        assert list(snapshot.history(after=before[2][-1].sequence)) == []
        snapshot.rollback()
        after = store.snapshot()
        assert (after.page("firm", EVERYBODY), len(list(after.history()))) == ([firm(1, version=2), firm(3)], 3)
        after.rollback()

    def test_a_snapshot_is_of_one_moment_from_the_beginning(self, store: Store) -> None:
        """Also if nothing is read from it until somebody has committed."""
        snapshot = store.snapshot()
        commit(store, insert=[firm(1)], record=[an_event("firm", firm(1))])

        assert everything(snapshot) == ([], [], [])
        snapshot.commit()

    def test_snapshots_are_read_beside_each_other(self, store: Store) -> None:
        """Each of its own moment, also while a transaction is open, which waits for none of them."""
        snapshots = []
        for number in range(1, 4):
            commit(store, insert=[firm(number)])
            snapshots.append(store.snapshot())
        with unkept(store) as writer:
            writer.insert("firm", [firm(4)])

            assert [len(each.page("firm", EVERYBODY)) for each in snapshots] == [1, 2, 3]
        for each in snapshots:
            each.rollback()

    def test_a_snapshot_does_not_write(self, store: Store) -> None:
        """Every write is refused before anything happens, and the snapshot can be read all the same."""
        commit(store, insert=[firm(1)], record=[an_event("firm", firm(1))])
        snapshot = store.snapshot()
        there = everything(snapshot)
        attempts: tuple[Callable[[], object], ...] = (
            lambda: snapshot.insert("firm", [firm(2)]),
            lambda: snapshot.update("firm", [(firm(1), firm(1, version=2))]),
            lambda: snapshot.delete("firm", [an_id(1)]),
            lambda: snapshot.record([an_event("firm", firm(1, version=2))]),
        )

        for attempt in attempts:
            with pytest.raises(StoreError, match="does not write"):
                attempt()
            assert everything(snapshot) == there
        snapshot.commit()

        with unkept(store) as session:
            assert everything(session) == there

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_a_snapshot_that_is_over_shows_nothing(self, store: Store, end: str) -> None:
        """As every transaction that is over; those who write are not concerned."""
        snapshot = store.snapshot()
        getattr(snapshot, end)()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: snapshot.load("firm", [an_id(1)]),
            lambda: snapshot.page("firm", EVERYBODY),
            lambda: snapshot.tally(COUNT),
            lambda: snapshot.insert("firm", [firm(1)]),
            snapshot.history,
            snapshot.commit,
            snapshot.rollback,
        )
        for attempt in attempts:
            with pytest.raises(StoreError):
                attempt()
        commit(store, insert=[firm(1)])

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_nothing_can_be_done_in_a_transaction_that_is_over(self, store: Store, end: str) -> None:
        """Whatever is tried is refused, also ending it again, and others can begin."""
        session = store.begin()
        getattr(session, end)()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: session.load("firm", [an_id(1)]),
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

    def test_creating_again_keeps_what_is_there(self, store: Store) -> None:
        """`create` makes what is missing and nothing else."""
        commit(store, insert=[firm(1)])

        store.create()

        with unkept(store) as session:
            assert session.page("firm", EVERYBODY) == [firm(1)]

    # order

    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    @pytest.mark.parametrize("path", SORTABLE)
    def test_lists_are_sorted_with_missing_last(self, store: Store, path: str, direction: str) -> None:
        """By value, texts by code point, names folded; missing ones last in both directions; ties by id."""
        check_order(store, [Order(column("visit", path), direction == "descending")])

    def test_later_columns_decide_where_earlier_ones_tie(self, store: Store) -> None:
        """Any number of columns, each in its own direction; then the id."""
        mood, title, done = (column("visit", path) for path in ("mood", "title", "done"))

        check_order(store, [Order(mood, descending=True), Order(title), Order(done, descending=True)])

    def test_without_order_lists_are_in_the_order_of_ids(self, session: Session) -> None:
        """Which is that of their making, whatever the order of insertion."""
        session.insert("firm", [firm(3), firm(1), firm(2)])

        assert session.page("firm", EVERYBODY) == [firm(1), firm(2), firm(3)]
        assert session.page("firm", EVERYBODY, limit=2) == [firm(1), firm(2)]
        assert session.page("firm", Const(value=False)) == []

    # journal

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

    # sweeps

    @pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
    def test_a_sweep_journals_what_was_there_exactly(self, session: Session, fields: dict[str, Any]) -> None:
        """Every value, however odd, stands in the journal as it was before, and as it is given."""
        before, odd = visit(1), Visit(**{"id": an_id(2), "version": 1, **fields})
        session.insert("visit", [before, row_of(odd)])
        names = [name for name in fields if name != "ext"]
        given = {name: getattr(odd, name) for name in names} | {
            f"acme.{name}": getattr(odd.ext[AcmeVisit], name) for name in ("vip", "nick", "level") if "ext" in fields
        }
        plain = {name: getattr(Visit(id=an_id(1)), name) for name in names} | {"note": "plain"}
        to_odd = Sweep("odd", Visit, where("id") == an_id(1), given or {"done": True}, event="visit.odd")
        to_plain = Sweep("plain", Visit, where("id") == an_id(2), plain, event="visit.plain")

        for sweep, row in ((to_odd, before), (to_plain, row_of(odd))):
            ground = a_sweep(sweep)
            meant = ground.step(row)
            session.sweep(ground)
            assert meant is not None
            (event,) = session.history(kind="visit", id=cell("visit", row, "id"))

            assert evolve(event, sequence=0) == meant[1]
            assert [exactly(found) for found in session.load("visit", [event.id])] == [exactly(meant[0])]

    def test_a_sweep_sees_all_records_as_they_were(self, session: Session) -> None:
        """What it does to one record makes no difference for another, whichever is first."""
        chain = [firm(1, region="east"), *(firm(number, parent_id=an_id(number - 1)) for number in range(2, 6))]
        session.insert("firm", chain)

        swept = session.sweep(
            a_sweep(Sweep("s", Firm, where("parent.region") == "east", {"region": "east"}, event="firm.s"))
        )

        assert swept.count == 1
        assert [cell("firm", row, "region") for row in session.page("firm", EVERYBODY)] == ["east", "east", *[None] * 3]

    def test_a_sweep_that_a_key_refuses_names_the_field(self, store: Store) -> None:
        """Two records of one key, or a reference to nowhere; but not where nobody is swept."""
        for sweep, field in (
            (Sweep("s", Firm, ALWAYS, {"key": "K"}, event="firm.s"), "key"),
            (Sweep("s", Firm, ALWAYS, {"region": "x", "name": "ＡＢＣ"}, event="firm.s"), "name"),
            (Sweep("s", Visit, ALWAYS, {"firm_id": an_id(9)}, event="visit.s"), "firm_id"),
        ):
            with unkept(store) as session:
                assert session.sweep(a_sweep(sweep)).count == 0
                session.insert("firm", [firm(1), firm(2)])
                session.insert("visit", [visit(3)])
                with pytest.raises(Invalid) as refused:
                    session.sweep(a_sweep(sweep))
                assert refused.value.field == field

    def test_a_sweep_does_not_write_an_event_that_is_there(self, session: Session) -> None:
        """A version that the journal has already is a conflict."""
        session.insert("firm", [firm(1)])
        session.record([an_event("firm", firm(1, version=2))])

        with pytest.raises(Conflict):
            session.sweep(a_sweep(Sweep("s", Firm, ALWAYS, {"region": "x"}, event="firm.s")))

    @one_store
    @given(case=sweeps())
    def test_a_sweep_does_what_it_says(self, store: Store, case: tuple[Situation, Sweep]) -> None:
        """Whatever is swept in whatever world: rows, journal and count are those of a naive reading, once and again."""
        check_sweep(store, case)

    # operations

    def test_an_operation_comes_back_as_it_was(self, store: Store) -> None:
        """In its own transaction and after its commit, whatever its commands answered."""
        outcomes: list[Any] = [None, True, -(2**63), "한\u2028🎉\"'\\", [[], ["a", 1]], {"$": "firm", "version": 1}]
        commands = tuple(Command(name="sales.win", digest="0f", outcome=outcome) for outcome in outcomes)
        done = Operation(id=an_id(7), actor=an_id(8), at=LAST, cause="import «leads.csv»", commands=commands)
        bare = Operation(id=an_id(9), actor=an_id(8), at=FIRST)
        session = store.begin()
        assert session.operation(an_id(7)) is None
        for each in (done, bare):
            session.operation(each.id, done=each)
        assert (session.operation(an_id(7)), session.operation(an_id(9))) == (done, bare)
        session.commit()

        with unkept(store) as other:
            assert (other.operation(an_id(7)), other.operation(an_id(9))) == (done, bare)

    def test_an_operation_is_kept_once(self, store: Store) -> None:
        """A second one under the same id is a conflict, in the same transaction or a later one, and changes nothing."""
        first = Operation(id=an_id(7), actor=an_id(8), at=FIRST)
        for _ in range(2):
            with unkept(store) as session:
                session.operation(first.id, done=first)
                with pytest.raises(Conflict):
                    session.operation(first.id, done=evolve(first, at=LAST))
        session = store.begin()
        session.operation(first.id, done=first)
        session.commit()

        with unkept(store) as session:
            with pytest.raises(Conflict):
                session.operation(first.id, done=evolve(first, at=LAST))
            assert session.operation(first.id) == first

    # random worlds

    @one_store
    @given(
        situation=situations(),
        of_visits=st.lists(criteria("visit"), min_size=4, max_size=8),
        of_firms=st.lists(criteria("firm"), min_size=2, max_size=4),
    )
    def test_a_list_is_what_its_condition_says(
        self, store: Store, situation: Situation, of_visits: list[Criteria], of_firms: list[Criteria]
    ) -> None:
        """Whatever is asked of whatever records: those and only those that a naive reading of the condition names."""
        check_criteria(store, situation, {"visit": of_visits, "firm": of_firms})

    @one_store
    @given(situation=situations(), tally=tallies("visit") | tallies("firm"))
    def test_figures_are_what_their_tally_says(self, store: Store, situation: Situation, tally: Tally) -> None:
        """To the last microsecond and minor unit; and the records behind each figure can be listed."""
        check_figures(store, situation, tally)

    @one_store
    @given(life=lives())
    def test_the_journal_rebuilds_every_row(self, store: Store, life: tuple[World, list[tuple[Visit, ...]]]) -> None:
        """What was recorded is enough to have everything back."""
        check_replay(store, *life)
