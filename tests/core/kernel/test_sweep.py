"""Sweeps: what can be said, what one does to a record, and what it is in a work beside moves, projections and reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened, undone
from support.flows import PARTS_CLOSED, REACHABLE, Ticket, TicketStatus

from crmkit.core.kernel.assigns import OCCURRED, Assigns
from crmkit.core.kernel.criteria import ALWAYS, Criteria, Param, where
from crmkit.core.kernel.errors import (
    Conflict,
    CriteriaError,
    CrmError,
    DefinitionError,
    IllegalMove,
    Invalid,
    Refused,
    StoreError,
)
from crmkit.core.kernel.flow import Flow, LifeCycle, Move
from crmkit.core.kernel.journal import Event, changes, replay
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.replaying import replayed
from crmkit.core.kernel.sweep import Sweep, bind_sweep
from crmkit.core.sales.lead import Lead, lead
from crmkit.core.sales.opportunity import Opportunity, opportunity
from crmkit.core.sales.stage_stay import StageStay
from crmkit.core.service.case import case
from crmkit.crm import CRM
from crmkit.testing import FixedClock
from crmkit.testing.world.pools import CLOCKS
from crmkit.testing.world.records import MODEL, AcmeVisit, Firm, Mood, Visit
from crmkit.testing.world.samples import an_id
from crmkit.testing.world.sweeps import a_stamp
from crmkit.transaction import Transaction

NOW = CLOCKS[0].now
NEW, OPEN, ON_HOLD, SOLVED, CLOSED = TicketStatus


class mending(LifeCycle):
    """Tickets whose moves can all be swept."""

    flow = Flow(Ticket, TicketStatus, initial=NEW, final=(CLOSED,))
    start = flow.move(
        {NEW, OPEN},
        OPEN,
        then=Assigns({"due_at": OCCURRED, "fee": Money("1.5", "EUR"), "answer": None}),
        needs=(REACHABLE,),
        event="ticket.started",
    )
    hold = flow.move({OPEN}, ON_HOLD, event="ticket.held")
    resume = flow.move({ON_HOLD}, OPEN, event="ticket.resumed")
    solve = flow.move({OPEN}, SOLVED, then=Assigns({"solved_at": OCCURRED}), event="ticket.solved")
    close = flow.move({OPEN, SOLVED}, CLOSED, needs=(PARTS_CLOSED, REACHABLE), event="ticket.closed")


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    with opened(request.param, tmp_path, entities=(Firm, Visit, Ticket), extensions=(AcmeVisit,)) as crm:
        yield crm


def visits(tx: Transaction, *titles: str) -> list[Visit]:
    return [tx.add(Visit(id=tx.new_id(Visit), title=title), "visit.made") for title in titles]


# what can be said


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"sets": {"done": True}}, "either a move or an event"),
        ({"entity": Lead, "event": "lead.x", "move": lead.reactivate}, "either a move or an event"),
        ({"sets": {"done": True}, "event": "firm.x"}, "no event of a visit"),
        ({"event": "visit.x"}, "changes nothing"),
        *[
            ({"sets": {name: None}, "event": "visit.x"}, f"it sets {name}")
            for name in ("id", "version", "status", "created_at", "modified_at")
        ],
        ({"move": lead.reactivate}, "no move of a visit"),
        ({"entity": Lead, "move": lead.disqualify}, "is a function"),
        ({"entity": Lead, "move": lead.contact}, "is a function"),
        ({"entity": Lead, "move": lead.reactivate, "sets": {"reason": "x"}}, "itself sets reason"),
        ({"entity": Lead, "move": lead.reactivate, "sets": {"status": "new"}}, "it sets status"),
    ],
)
def test_a_sweep_that_cannot_be_made_is_refused_when_it_is_defined(said: Mapping[str, Any], problem: str) -> None:
    """What it may set, as which event, and by which move."""
    with pytest.raises(DefinitionError, match=problem):
        Sweep(**{"name": "s", "entity": Visit, "where": ALWAYS, **said})


@pytest.mark.parametrize(
    ("entity", "sets", "error", "problem"),
    [
        (Visit, {"titel": "x"}, DefinitionError, "did you mean title"),
        (Visit, {"firm.name": "x"}, DefinitionError, "no field «firm.name» of its own"),
        (Visit, {"budget.amount": 1}, DefinitionError, "no field «budget.amount»"),
        (Firm, {"parent_id": an_id(1)}, DefinitionError, "bend into a loop"),
        (Visit, {"score": Param("nobody")}, CriteriaError, "no value for the parameter «nobody»"),
        (Visit, {"score": "x"}, Invalid, "score"),
        (Visit, {"score": OCCURRED}, Invalid, "score"),
        (Visit, {"done": None}, Invalid, "is missing"),
        (Visit, {"mood": "good"}, Invalid, "mood"),
        (Visit, {"budget": 5}, Invalid, "accepted: a Money"),
        (Visit, {"title": "\x00"}, Invalid, "title"),
        (Visit, {"acme.level": None}, Invalid, "acme.level"),
    ],
)
def test_a_value_that_a_field_does_not_take_is_refused_before_anything_is_written(
    entity: type[Any], sets: Mapping[str, Any], error: type[CrmError], problem: str
) -> None:
    """Own fields, whole values, of the field's own type; never the one that makes a tree."""
    sweep = Sweep("s", entity, ALWAYS, sets, event="firm.x" if entity is Firm else "visit.x")

    with pytest.raises(error, match=problem):
        bind_sweep(sweep, model=MODEL, stamp=a_stamp(CLOCKS[0]))


def test_stamped_fields_are_set_beside_a_move_only(crm: CRM) -> None:
    """As by hand: what commands stamp, no plain change touches."""
    with undone(crm) as tx:
        with pytest.raises(DefinitionError, match="won_at is set by commands only"):
            tx.sweep(Sweep("s", Lead, ALWAYS, {"won_at": None}, event="lead.x"))
        assert tx.sweep(Sweep("s", Lead, ALWAYS, {"won_at": None}, move=lead.reactivate)).count == 0


# what it does to one record


def test_one_record_is_swept_by_itself() -> None:
    """A version further, at a time that does not go back, with what changed and which sweep it was."""
    sweep = bind_sweep(
        Sweep("the good ones", Visit, where("mood") == Mood.GOOD, {"title": "Ｏne", "score": 5}, event="visit.x"),
        model=MODEL,
        stamp=a_stamp(CLOCKS[0]),
    )
    later = NOW + timedelta(days=1)
    good = Visit(id=an_id(1), mood=Mood.GOOD, title="One", score=5, version=3, modified_at=later)

    done = sweep.apply(good)

    assert done is not None
    assert done[0] == evolve(good, title="Ｏne", version=4)
    assert done[1] == Event(
        name="visit.x",
        kind="visit",
        id=good.id,
        version=4,
        stamp=evolve(sweep.stamp, at=later),
        changes={"title": ("One", "Ｏne")},
        details={"sweep": "the good ones"},
    )
    assert sweep.apply(done[0]) is None
    assert sweep.apply(evolve(good, mood=Mood.BAD)) is None


def test_assigned_values_are_the_effect_of_a_move() -> None:
    """The same record as by a function, at the moment in which it happened."""
    stamp = evolve(a_stamp(CLOCKS[0]), occurred=NOW - timedelta(days=3))
    started, event = mending.start(Ticket(id=an_id(1), mail="a@b.c", answer="x"), stamp)

    assert (started.due_at, started.fee, started.answer) == (stamp.occurred, Money("1.5", "EUR"), None)
    assert (started.status, event.details, dict(mending.start.parameters)) == (OPEN, {}, {})


# what it is in a work


def test_a_sweep_sees_what_the_work_did_and_the_work_what_it_did(crm: CRM) -> None:
    """Flushed before, read again after; what was read before is stale."""
    with crm.transaction() as tx:
        one, _ = visits(tx, "one", "two")

        swept = tx.sweep(Sweep("s", Visit, where("title") == "ONE", {"done": True}, event="visit.x"))

        assert (swept.count, tx.swept) == (1, (swept,))
        assert (tx.of(Visit).get(one.id).done, tx.of(Visit).get(one.id).version) == (True, 2)
        assert [event.name for event in tx.history(one)] == ["visit.made", "visit.x"]
        assert [event.id for event in tx.journal(after=swept.batch)] == [one.id]
        with pytest.raises(Conflict):
            tx.revise(evolve(one, score=1))
        again = tx.sweep(Sweep("t", Visit, where("done") == True, {"done": False}, event="visit.x"))  # noqa: E712
        assert (again.name, again.count) == ("t", 1)
        assert [event.version for event in tx.journal(after=again.batch)] == [3]
        assert [each.name for each in tx.swept] == ["s", "t"]


def test_a_sweep_goes_by_parameters_and_by_when_things_happened(crm: CRM) -> None:
    """In the condition and in what is given; who acts is known by itself."""
    with crm.transaction() as tx:
        visits(tx, "one", "two")
        past = tx.now - timedelta(days=9)
        sets = {"note": Param("note"), "ended_at": OCCURRED}
        sweep = Sweep("s", Visit, where("title") == Param("which"), sets, event="visit.x")
        with tx.occurred(past):
            swept = tx.sweep(sweep, params={"which": "two", "note": "said"})
        (event,) = tx.journal(after=swept.batch)

        (two,) = tx.of(Visit).find(where("note") == "said")
        assert (two.title, two.ended_at, two.modified_at) == ("two", past, tx.now)
        assert (event.stamp.occurred, event.stamp.at, event.stamp.operation) == (past, tx.now, tx.stamp.operation)


@pytest.mark.parametrize("sets", [{"key": "K"}, {"firm_id": an_id(9)}], ids=str)
def test_a_refused_sweep_leaves_nothing_half_done(crm: CRM, sets: Mapping[str, Any]) -> None:
    """The field is named, the work is over, and all is as it was."""
    with crm.transaction() as tx:
        before = visits(tx, "one", "two")
    with pytest.raises(StoreError), crm.transaction() as tx:
        with pytest.raises(Invalid, match=next(iter(sets))):
            tx.sweep(Sweep("s", Visit, ALWAYS, sets, event="visit.x"))
        tx.of(Visit).count()
    with crm.transaction() as tx:
        assert list(tx.of(Visit).find()) == before
        assert [event.name for event in tx.journal() if event.kind == "visit"] == ["visit.made"] * 2


def test_what_is_kept_ready_follows_a_sweep(tmp_path: Path) -> None:
    """Stage stays after reopening all deals at once are those after reopening one by one."""
    kept: list[list[tuple[Any, ...]]] = []
    for store in STORES:
        for at_once in (True, False):
            clock, folder = FixedClock(), tmp_path / f"{store}{at_once}"
            folder.mkdir()
            with opened(store, folder, clock) as crm, crm.transaction() as tx:
                deals = [tx.sales.open_opportunity(name=f"deal {number}") for number in range(4)]
                for deal in deals[:3]:
                    tx.move(opportunity.lose, deal.id, reason="cancelled")
                with tx.occurred(tx.now + timedelta(days=1)):
                    if at_once:
                        assert tx.sweep(Sweep("s", Opportunity, ALWAYS, move=opportunity.reopen)).count == 3
                    else:
                        for deal in deals[:3]:
                            tx.move(opportunity.reopen, deal.id)
                stays = tx.of(StageStay).find(order=("id",))
                tx.flush()
                assert replayed(tx.session, tx.registry)
                kept.append([(stay.stage, stay.entered_at, stay.left_at, stay.version) for stay in stays])

    assert len(kept[0]) == 7
    assert all(each == kept[0] for each in kept)


@pytest.mark.parametrize("move", [case.hold, case.resume, case.close, case.cancel, case.reactivate, lead.reactivate])
def test_moves_that_are_data_can_be_swept(crm: CRM, move: Move[Any, Any]) -> None:
    """Those without effect, and those that give every record the same."""
    with undone(crm) as tx:
        assert tx.sweep(Sweep("s", move.entity, ALWAYS, move=move)).count == 0


TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(TicketStatus),
            "mail": st.sampled_from((None, "a@b.c")),
            "answer": st.sampled_from((None, "x")),
            "parent": st.integers(0, 3),
        }
    ),
    min_size=1,
    max_size=6,
)
MOVES = st.sampled_from([*mending.flow.moves.values()])


def check_moves(crm: CRM, drawn: list[dict[str, Any]], move: Move[Any, Any], sweep: type[Sweep] = Sweep) -> None:
    """A sweep by a move is the move of each record that can make it, all as they were before."""
    with undone(crm) as tx:
        ids = [tx.new_id(Ticket) for _ in drawn]
        for place, (id, fields) in enumerate(zip(ids, drawn, strict=True)):
            parent = ids[fields["parent"]] if fields["parent"] < place else None
            said = {name: value for name, value in fields.items() if name != "parent"}
            tx.add(Ticket(id=id, parent_id=parent, **said), "ticket.made")
        tx.flush()
        meant = [made for id in ids if (made := _moved(tx, move, id)) is not None]

        swept = tx.sweep(sweep("s", Ticket, ALWAYS, move=move))

        assert swept.count == len(meant)
        assert [evolve(event, sequence=0, details={}) for event in tx.journal(after=swept.batch)] == [
            evolve(event, changes=_changes(tx, before, after)) for before, after, event in meant
        ]
        assert [tx.of(Ticket).get(after.id) for _, after, _ in meant] == [after for _, after, _ in meant]
        assert replay(tx.model, tx.journal())["ticket"] == {
            one.id: tx.model.of(Ticket).flatten(one) for one in tx.of(Ticket).find()
        }


def _moved(tx: Transaction, move: Move[Any, Any], id: Any) -> tuple[Ticket, Ticket, Event] | None:
    before = tx.of(Ticket).get(id)
    try:
        move.require(before, now=tx.now, holds=lambda criteria: tx.of(Ticket).holds(id, criteria))
    except (IllegalMove, Refused):
        return None
    return before, *move(before, tx.stamp)


def _changes(tx: Transaction, before: Ticket, after: Ticket) -> Any:
    model = tx.model.of(Ticket)
    return changes(model, model.flatten(before), model.flatten(after))


many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])


@many
@given(drawn=TICKETS, move=MOVES)
def test_a_sweep_by_a_move_is_that_move_of_each_record(
    crm: CRM, drawn: list[dict[str, Any]], move: Move[Any, Any]
) -> None:
    """Sources, all needs, effect and event: who is moved, and to what, is the same one by one."""
    check_moves(crm, drawn, move)


@frozen
class _Needless(Sweep):
    @property
    def condition(self) -> Criteria:
        return self.where & where("status").in_(self.move.sources if self.move else ())


def test_a_sweep_that_forgets_the_needs_of_its_move_is_noticed(crm: CRM) -> None:
    """The check above fails for one that moves whoever has the right status."""
    drawn = [{"status": OPEN, "mail": None, "answer": None, "parent": 0}]

    check_moves(crm, drawn, mending.close)
    with pytest.raises(AssertionError):
        check_moves(crm, drawn, mending.close, _Needless)
