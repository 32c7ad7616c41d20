"""A life cycle made for tests, and walks through any: moves drawn from the flow, arguments from the signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from inspect import Parameter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import pytest
from attrs import evolve, frozen
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import some, where
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import IllegalMove, Invalid, Refused
from crmkit.core.kernel.fields import Code, Name, Text
from crmkit.core.kernel.flow import Flow, LifeCycle, Move, Need, arguments
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.money import Money


class TicketStatus(StrEnum):
    """Where moves differ."""

    NEW = "new"
    OPEN = "open"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"


class Urgency(StrEnum):
    """How long a ticket may lie."""

    LOW = "low"
    HIGH = "high"


@entity("ticket")
@frozen(kw_only=True)
class Ticket(Entity):
    """Something that somebody wants mended; tickets form a tree."""

    id: Id[Ticket]
    title: Name = "Lamp"
    status: TicketStatus = TicketStatus.NEW
    reason: Code | None = None
    mail: Name | None = None
    phone: Code | None = None
    parent_id: Id[Ticket] | None = None
    agent_id: Id[Any] | None = None
    due_at: datetime | None = None
    urgency: Urgency = Urgency.LOW
    answer: Text | None = None
    fee: Money | None = None
    solved_at: datetime | None = None


REACHABLE: Final = Need(
    "unreachable", where("mail").present() | where("phone").present(), "an e-mail address or a phone number"
)
PARTS_CLOSED: Final = Need(
    "parts_open", ~some("ticket", "parent_id", where("status") != TicketStatus.CLOSED), "every part closed"
)


def _assigned(one: Ticket, stamp: Stamp, *, agent_id: Id[Any]) -> Ticket:
    return evolve(one, agent_id=agent_id)


def _held(one: Ticket, stamp: Stamp, *, until: datetime, urgency: Urgency = Urgency.LOW) -> Ticket:
    return evolve(one, due_at=until, urgency=urgency)


def _solved(
    one: Ticket, stamp: Stamp, *, answer: str, fee: Money | None = None, reason: str | None = "answered"
) -> Ticket:
    return evolve(one, answer=answer, fee=fee, reason=reason, solved_at=stamp.occurred)


NEW, OPEN, ON_HOLD, SOLVED, CLOSED = TicketStatus


class ticket(LifeCycle):
    """What happens to a ticket."""

    flow = Flow(Ticket, TicketStatus, initial=NEW, final=(CLOSED,), title="Ticket")
    assign = flow.move({NEW, OPEN}, OPEN, then=_assigned, event="ticket.assigned")
    hold = flow.move({OPEN}, ON_HOLD, then=_held, event="ticket.held")
    resume = flow.move({ON_HOLD}, OPEN, event="ticket.resumed")
    solve = flow.move(
        {OPEN, ON_HOLD},
        SOLVED,
        needs=(REACHABLE, PARTS_CLOSED),
        then=_solved,
        event="ticket.solved",
        reasons=("answered", "repaired"),
    )
    reopen = flow.move({SOLVED}, OPEN, event="ticket.reopened")
    close = flow.move({SOLVED}, CLOSED, event="ticket.closed")


def number(place: int) -> Id[Any]:
    """The id of a test record by its number."""
    return uuid7(place, 0)


NOON: Final = datetime(2024, 5, 17, 12, 0, tzinfo=UTC)


def stamp(at: datetime = NOON, occurred: datetime | None = None) -> Stamp:
    """A stamp of that moment."""
    return Stamp(at=at, occurred=occurred or at, by=number(1), operation=number(2))


ids: Final = st.builds(uuid7, st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
moments: Final = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))
texts: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
money: Final = st.builds(Money, st.integers(0, 10**9), st.sampled_from(("EUR", "KRW", "USD")))
tickets: Final = st.builds(
    Ticket,
    id=ids,
    mail=st.none() | st.just("kim@example.com"),
    phone=st.none() | st.just("+3491"),
    status=st.sampled_from(TicketStatus),
    version=st.integers(0, 3),
    modified_at=moments,
)

_BY_TYPE: Final[Mapping[Any, st.SearchStrategy[Any]]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(-(2**40), 2**40),
    str: texts,
    Decimal: st.decimals(-(10**9), 10**9, places=4),
    date: st.dates(),
    datetime: moments,
    Money: money,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return values(inside[0])
    if origin in (Union, UnionType):
        return st.one_of([values(each) for each in inside])
    if hint is Id or origin is Id:
        return ids
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return _BY_TYPE[hint]


def given_to(move: Move[Any, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments that a move takes, by name; what may be left out sometimes is."""
    drawn = {name: _argument(move, each) for name, each in arguments(move).items()}
    optional = {name for name, each in move.parameters.items() if each.default is not Parameter.empty}
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in drawn.items() if name not in optional},
        optional={name: strategy for name, strategy in drawn.items() if name in optional},
    )


def _argument(move: Move[Any, ...], parameter: Parameter) -> st.SearchStrategy[Any]:
    return st.sampled_from(move.reasons) if parameter.name == "reason" else values(parameter.annotation)


def check_walks(
    cycle: type[LifeCycle], start: st.SearchStrategy[Any], data: st.DataObject, *, steps: int = 8
) -> list[Any]:
    """Walk from a drawn record through moves, possible ones and others, checking each; gives the records on the way.

    Works for every flow: `start` draws records in any status, the rest is read off the flow.
    """
    way, flow = [data.draw(start)], cycle.flow
    for _ in range(data.draw(st.integers(1, steps))):
        possible, stray = flow.possible(way[-1].status), data.draw(st.integers(0, 3)) == 0
        move = flow.moves[data.draw(st.sampled_from(tuple(flow.moves) if stray else possible or tuple(flow.moves)))]
        given = data.draw(given_to(move))
        way.append(check_move(move, way[-1], data.draw(st.builds(stamp, moments, moments)), given))
    return way


def check_move(move: Move[Any, ...], record: Any, by: Stamp, given: Mapping[str, Any]) -> Any:
    """The record after a move that does what moves promise; the same record where it is refused for a reason."""
    before = deepcopy(record)
    if record.status not in move.sources:
        with pytest.raises(IllegalMove) as refused:
            move(record, by, **given)
        assert refused.value.facts["possible"] == list(move.flow.possible(record.status))
        assert record == before
        return record
    try:
        after, event = move(record, by, **given)
    except (Refused, Invalid) as error:
        _check_refusal(move, error, given)
        assert record == before
        return record
    assert (after, event) == move(record, by, **given), "the same once more gives the same"
    assert record == before
    _check_record(move, before, after, by, given)
    _check_event(move, after, event, by, given)
    return after


def _check_refusal(move: Move[Any, ...], error: Refused | Invalid, given: Mapping[str, Any]) -> None:
    if isinstance(error, Refused):
        assert error.refusals
        assert {each.code for each in error.refusals} <= {need.code for need in move.needs}
    else:
        assert error.field.partition(".")[0] in given, "only a value that was given may be refused"


def _check_record(move: Move[Any, ...], before: Any, after: Any, by: Stamp, given: Mapping[str, Any]) -> None:
    assert after.status == move.target
    assert (after.id, after.version) == (before.id, before.version + 1)
    assert after.modified_at == max(before.modified_at, by.at)
    assert after.created_at == (before.created_at if before.version else by.occurred)
    if move.reasons:
        assert after.reason == given.get("reason", move.parameters["reason"].default)


def _check_event(move: Move[Any, ...], after: Any, event: Event, by: Stamp, given: Mapping[str, Any]) -> None:
    assert (event.name, event.kind, event.id) == (move.event, move.flow.kind, after.id)
    assert event.version == after.version
    assert event.stamp == evolve(by, at=after.modified_at)
    assert event.details.keys() == given.keys()
    assert json.loads(json.dumps(event.details)) == event.details
