"""Life cycles: what contradicts itself is refused when it is defined, what is defined holds on every walk."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.flows import (
    CLOSED,
    NEW,
    NOON,
    ON_HOLD,
    OPEN,
    REACHABLE,
    SOLVED,
    Ticket,
    TicketStatus,
    stamp,
    ticket,
    tickets,
)

from crmkit.core.kernel import move as move_module
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, Stamp, step
from crmkit.testing.machines.walks import check_walks


class LampStatus(StrEnum):
    """Where moves differ."""

    OFF = "off"
    ON = "on"
    BROKEN = "broken"


OFF, ON, BROKEN = LampStatus


@entity("lamp")
@frozen(kw_only=True)
class Lamp(Entity):
    """As little as has a life."""

    id: Id[Lamp]
    status: LampStatus = OFF
    turns: int = 0
    reason: str | None = None


def _turned(one: Lamp, stamp: Stamp) -> Lamp:
    return evolve(one, turns=one.turns + 1)


def _broken(one: Lamp, stamp: Stamp, *, reason: str) -> Lamp:
    return evolve(one, reason=reason)


def flow(final: tuple[LampStatus, ...] = (BROKEN,)) -> Flow[Lamp, LampStatus]:
    """A flow whose moves are still to be defined."""
    return Flow(Lamp, LampStatus, initial=OFF, final=final)


def cycle(lamps: Flow[Lamp, LampStatus], **moves: Any) -> type[LifeCycle]:
    """A life cycle with these moves, as a class statement defines it."""
    return types.new_class("lamp", (LifeCycle,), exec_body=lambda body: body.update(flow=lamps, **moves))


def test_moves_have_the_names_of_their_attributes() -> None:
    """In the order in which they are defined."""
    assert tuple(ticket.flow.moves) == ("assign", "hold", "resume", "solve", "reopen", "close")
    assert ticket.flow.moves["hold"] is ticket.hold
    assert repr(ticket.hold) == "<move ticket.hold>"
    assert ticket.hold.entity is Ticket


def test_possible_are_the_moves_that_begin_there() -> None:
    """A screen offers these and no others."""
    assert [ticket.flow.possible(status) for status in (NEW, OPEN, ON_HOLD, SOLVED, CLOSED)] == [
        ("assign",),
        ("assign", "hold", "solve"),
        ("resume", "solve"),
        ("reopen", "close"),
        (),
    ]


def test_sources_are_in_the_order_of_the_statuses() -> None:
    """However they were written down: sets have no order, diagrams do."""
    assert ticket.solve.sources == (OPEN, ON_HOLD)


def test_a_status_that_nothing_leads_to_is_refused() -> None:
    """Nobody would ever be there."""
    lamps = flow(final=(ON, BROKEN))

    with pytest.raises(DefinitionError, match="lamp contradicts itself: nothing leads to broken$"):
        cycle(lamps, light=lamps.move({OFF}, ON, event="lamp.lit"))


def test_a_status_that_only_islands_lead_to_is_refused() -> None:
    """A path counts from where new records begin."""
    lamps = flow(final=(OFF,))

    with pytest.raises(DefinitionError, match="nothing leads to on; nothing leads to broken$"):
        cycle(
            lamps,
            crack=lamps.move({ON}, BROKEN, event="lamp.broken"),
            mend=lamps.move({BROKEN}, ON, event="lamp.mended"),
        )


def test_a_dead_end_is_declared_final() -> None:
    """A move from a status to itself is no way out of it."""
    lamps = flow(final=())

    with pytest.raises(DefinitionError, match="nothing leads out of broken, and it is not final$"):
        cycle(
            lamps,
            light=lamps.move({OFF}, ON, event="lamp.lit"),
            crack=lamps.move({ON}, BROKEN, event="lamp.broken"),
            kick=lamps.move({BROKEN}, BROKEN, then=_turned, event="lamp.kicked"),
        )


def test_a_final_status_is_never_left() -> None:
    """What is over is over, though it may still be moved from itself to itself."""
    lamps = flow()

    with pytest.raises(DefinitionError, match="contradicts itself: broken is final, yet a move leads out of it$"):
        cycle(
            lamps,
            light=lamps.move({OFF}, ON, event="lamp.lit"),
            crack=lamps.move({ON}, BROKEN, event="lamp.broken"),
            kick=lamps.move({BROKEN}, BROKEN, then=_turned, event="lamp.kicked"),
            mend=lamps.move({BROKEN}, OFF, event="lamp.mended"),
        )


def test_two_moves_have_two_events() -> None:
    """The journal tells what happened by the name alone."""
    lamps = flow()

    with pytest.raises(DefinitionError, match="light and crack have the same event"):
        cycle(
            lamps,
            light=lamps.move({OFF}, ON, event="lamp.changed"),
            crack=lamps.move({ON}, BROKEN, event="lamp.changed"),
        )


def test_two_names_for_one_move_are_refused() -> None:
    """From one status to the same other with the same effect: nobody would know which of them to call."""
    lamps = flow()

    with pytest.raises(DefinitionError, match="crack and smash do the same"):
        cycle(
            lamps,
            light=lamps.move({OFF}, ON, event="lamp.lit"),
            crack=lamps.move({ON}, BROKEN, event="lamp.cracked"),
            smash=lamps.move({ON, OFF}, BROKEN, event="lamp.smashed"),
        )


def test_two_moves_that_differ_in_anything_may_lead_the_same_way() -> None:
    """Another source, effect, need or vocabulary makes another move."""
    lamps = flow()

    defined = cycle(
        lamps,
        light=lamps.move({OFF}, ON, event="lamp.lit"),
        crack=lamps.move({ON}, BROKEN, event="lamp.cracked"),
        smash=lamps.move({OFF}, BROKEN, event="lamp.smashed"),
        wear=lamps.move({ON}, BROKEN, then=_turned, event="lamp.worn"),
        burn=lamps.move({ON}, BROKEN, event="lamp.burnt", needs=(REACHABLE,)),
        drop=lamps.move({ON}, BROKEN, then=_broken, event="lamp.dropped", reasons=("clumsy",)),
        throw=lamps.move({ON}, BROKEN, then=_broken, event="lamp.thrown", reasons=("angry",)),
    )

    assert len(defined.flow.moves) == 7


def test_all_contradictions_are_named_at_once() -> None:
    """Whoever writes a flow mends it in one go."""
    lamps = flow(final=())

    with pytest.raises(DefinitionError) as refused:
        cycle(lamps, light=lamps.move({OFF}, ON, event="lamp.lit"))

    assert refused.value.message == (
        "the life cycle lamp contradicts itself: nothing leads out of on, and it is not final; "
        "nothing leads to broken; nothing leads out of broken, and it is not final"
    )


def test_a_move_that_is_no_attribute_is_found() -> None:
    """A move that was made and forgotten would be possible and could not be called."""
    lamps = flow()
    lamps.move({ON}, OFF, event="lamp.dimmed")

    with pytest.raises(DefinitionError, match=r"the move with the event lamp.dimmed is no attribute of it"):
        cycle(lamps)


def test_a_move_has_one_name() -> None:
    """An alias would appear as another move."""
    lamps = flow()
    light = lamps.move({OFF}, ON, event="lamp.lit")

    with pytest.raises(DefinitionError, match="shine and light are the same move"):
        cycle(lamps, light=light, shine=light)


def test_a_move_of_another_flow_is_refused() -> None:
    """A table has moves of its own."""
    with pytest.raises(DefinitionError, match="light is a move of another flow"):
        cycle(flow(), light=flow().move({OFF}, ON, event="lamp.lit"))


def test_a_life_cycle_has_a_flow() -> None:
    """A subclass of another life cycle needs one of its own as well."""
    with pytest.raises(DefinitionError, match="the life cycle lamp has no flow"):
        types.new_class("lamp", (LifeCycle,))
    with pytest.raises(DefinitionError, match="the life cycle special has no flow"):
        types.new_class("special", (ticket,))


def test_a_flow_is_complete_once_its_life_cycle_is_defined() -> None:
    """Nothing is added to it unchecked."""
    with pytest.raises(DefinitionError, match="the life cycle of a ticket is complete"):
        ticket.flow.move({NEW}, CLOSED, event="ticket.dropped")


@pytest.mark.parametrize(("sources", "target"), [({OFF, NEW}, ON), ({OFF}, NEW), ({"off"}, ON)])
def test_statuses_are_members_of_the_one_enumeration(sources: set[Any], target: Any) -> None:
    """Not texts that look like them, nor those of another kind."""
    with pytest.raises(DefinitionError, match="is no LampStatus"):
        flow().move(sources, target, event="lamp.lit")


def test_an_event_is_one_of_its_kind() -> None:
    """Names of events tell whose they are."""
    with pytest.raises(DefinitionError, match=r"ticket.lit is no event of a lamp"):
        flow().move({OFF}, ON, event="ticket.lit")


def test_reason_and_vocabulary_need_each_other() -> None:
    """An argument without words to choose from, or words without an argument, is a mistake."""
    with pytest.raises(DefinitionError, match="need each other"):
        flow().move({ON}, BROKEN, then=_broken, event="lamp.broken")
    with pytest.raises(DefinitionError, match="need each other"):
        flow().move({ON}, BROKEN, then=_turned, event="lamp.broken", reasons=("worn",))


def test_an_effect_of_another_shape_is_refused() -> None:
    """At the line that names it, not when it is first called."""

    def wrong(one: Lamp, stamp: Stamp, reason: str) -> Lamp:
        return one

    with pytest.raises(DefinitionError, match="takes reason"):
        flow().move({ON}, BROKEN, then=wrong, event="lamp.broken", reasons=("worn",))


def test_new_records_begin_where_the_flow_begins() -> None:
    """Otherwise the first move would start from nowhere."""
    with pytest.raises(DefinitionError, match=r"Lamp.status begins as .*OFF.*make that the default"):
        Flow(Lamp, LampStatus, initial=ON)


def test_what_has_no_status_has_no_flow() -> None:
    """The field has to be called so."""

    @entity("stone")
    @frozen(kw_only=True)
    class Stone(Entity):
        id: Id[Stone]

    with pytest.raises(DefinitionError, match=r"Stone.status begins nowhere"):
        Flow(Stone, LampStatus, initial=OFF)


@given(st.data())
def test_tickets_walk_as_their_flow_says(data: st.DataObject) -> None:
    """Whatever is done in whatever order, every step keeps what moves promise."""
    check_walks(ticket, tickets, data)


lamps = st.builds(Lamp, id=st.just(stamp().by))


def _sabotaged(effect: Callable[..., Lamp]) -> type[LifeCycle]:
    """A life cycle with one effect that does what it must not."""
    shaky = flow()
    return cycle(
        shaky,
        light=shaky.move({OFF}, ON, then=effect, event="lamp.lit"),
        dim=shaky.move({ON}, OFF, event="lamp.dimmed"),
        crack=shaky.move({ON}, BROKEN, then=_broken, event="lamp.broken", reasons=("worn", "hit")),
    )


def _walk(walked: type[LifeCycle]) -> None:
    """Walk through a life cycle until something is wrong, without searching for the shortest such walk."""

    @settings(database=None, phases=[Phase.generate], max_examples=200)
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        check_walks(walked, lamps, data)

    walk()


def test_a_sound_life_cycle_is_walked_without_complaint() -> None:
    """The seeded bugs below are found for what they are, not for the lamp."""
    _walk(_sabotaged(_turned))


def _changes_status(one: Lamp, stamp: Stamp) -> Lamp:
    return evolve(one, status=BROKEN)


def _changes_version(one: Lamp, stamp: Stamp) -> Lamp:
    return evolve(one, version=one.version + 1)


def _gives_another(one: Lamp, stamp: Stamp) -> Lamp:
    return Lamp(id=stamp.operation)


def _forgets_to_return(one: Lamp, stamp: Stamp) -> Lamp:
    return None  # type: ignore[return-value]


def _backdates(one: Lamp, stamp: Stamp) -> Lamp:
    return evolve(one, modified_at=NOON - timedelta(days=99_999))


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (_changes_status, "the effect of lamp.light changes status"),
        (_changes_version, "the effect of lamp.light changes version"),
        (_gives_another, "the effect of lamp.light changes id"),
        (_forgets_to_return, "the effect of lamp.light gives None"),
        (_backdates, "the effect of lamp.light changes modified_at"),
    ],
)
def test_an_effect_that_does_the_work_of_the_move_is_found(effect: Callable[..., Lamp], says: str) -> None:
    """The move itself stops it, before anything is recorded; every walk comes across it."""
    with pytest.raises(DefinitionError, match=says):
        _walk(_sabotaged(effect))


def test_an_effect_that_remembers_is_found() -> None:
    """The same move of the same record has the same outcome, however often it is asked."""
    turns: list[int] = []

    def counts(one: Lamp, stamp: Stamp) -> Lamp:
        turns.append(1)
        return evolve(one, turns=len(turns))

    with pytest.raises(AssertionError, match="the same once more gives the same"):
        _walk(_sabotaged(counts))


def test_an_effect_that_forgets_the_reason_is_found() -> None:
    """What was given as reason stands on the record."""
    careless = flow()
    walked = cycle(
        careless,
        light=careless.move({OFF}, ON, event="lamp.lit"),
        crack=careless.move(
            {ON}, BROKEN, then=lambda one, stamp, *, reason: one, event="lamp.broken", reasons=("hit",)
        ),
    )

    with pytest.raises(AssertionError):
        _walk(walked)


Step = Callable[..., tuple[Any, Event]]


def _forgets_the_version(record: Any, by: Stamp, name: str, details: Any, *, status: Any) -> tuple[Any, Event]:
    stepped, event = step(record, by, name, details, status=status)
    return evolve(stepped, version=record.version), event


def _believes_the_clock(record: Any, by: Stamp, name: str, details: Any, *, status: Any) -> tuple[Any, Event]:
    stepped, event = step(record, by, name, details, status=status)
    return evolve(stepped, modified_at=by.at), evolve(event, stamp=by)


def _says_something_else(record: Any, by: Stamp, name: str, details: Any, *, status: Any) -> tuple[Any, Event]:
    return step(record, by, f"{name}_or_so", details, status=status)


def _forgets_the_details(record: Any, by: Stamp, name: str, details: Any, *, status: Any) -> tuple[Any, Event]:
    return step(record, by, name, status=status)


def _forgets_the_status(record: Any, by: Stamp, name: str, details: Any, *, status: Any) -> tuple[Any, Event]:
    return step(record, by, name, details, status=OFF)


@pytest.mark.parametrize(
    "seeded",
    [_forgets_the_version, _believes_the_clock, _says_something_else, _forgets_the_details, _forgets_the_status],
)
def test_a_move_that_breaks_its_promise_is_found(seeded: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks notice a wrong version, time, event, detail or status."""
    monkeypatch.setattr(move_module, "step", seeded)

    with pytest.raises(AssertionError):
        _walk(_sabotaged(_turned))


def test_statuses_of_the_ticket_are_all_reached_by_walks() -> None:
    """The checker is no use if it never leaves the first status."""
    seen: set[TicketStatus] = set()

    @settings(database=None, phases=[Phase.generate], max_examples=200)
    @given(st.data())
    def walk(data: st.DataObject) -> None:
        new = evolve(data.draw(tickets), status=NEW, phone="+3491")
        seen.update(record.status for record in check_walks(ticket, st.just(new), data))

    walk()
    assert seen == set(TicketStatus)
