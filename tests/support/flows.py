"""A life cycle made for tests: tickets, with needs, reasons, arguments of several types, and a tree."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from attrs import evolve, frozen
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import some, where
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.fields import Code, Name, Text
from crmkit.core.kernel.flow import Flow, LifeCycle, Need
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.money import Money
from crmkit.testing.machines.drawn import ids, moments


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


tickets: Final = st.builds(
    Ticket,
    id=ids,
    mail=st.none() | st.just("kim@example.com"),
    phone=st.none() | st.just("+3491"),
    status=st.sampled_from(TicketStatus),
    version=st.integers(0, 3),
    modified_at=moments,
)
