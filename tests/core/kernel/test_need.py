"""Needs: which of them a record alone answers, and what it answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from attrs import evolve, frozen
from support.flows import NOON, PARTS_CLOSED, REACHABLE, Ticket, TicketStatus, number

from crmkit.core.kernel.criteria import Criteria, Param, some, where, within
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.need import Need
from crmkit.testing.world.records import Visit
from crmkit.testing.world.samples import an_id

if TYPE_CHECKING:
    from crmkit.testing.world.records import Firm

TICKET = Ticket(id=number(5))


@entity("errand")
@frozen(kw_only=True)
class Errand(Entity):
    """A record with an annotation that only type checkers resolve."""

    id: Id[Errand]
    firm_id: Id[Firm] | None = None


def met(criteria: Criteria, record: Entity, now: datetime = NOON) -> bool | None:
    """What a need with this condition says of a record."""
    return Need("code", criteria, "words").met(record, now=now)


@pytest.mark.parametrize(
    "criteria",
    [
        where("mail").present() | where("phone").present(),
        ~(where("status") == TicketStatus.CLOSED),
        where("fee.amount") > 3,
        where("parent").present(),
        where("due_at").in_last(3, "hours"),
        within(3, "days", start="due_at", end="solved_at"),
    ],
)
def test_a_need_of_own_fields_is_local(criteria: Criteria) -> None:
    """A record and an instant answer it, also about spans that are equally long everywhere."""
    assert Need("code", criteria, "words").local(Ticket)
    assert met(criteria, TICKET) is not None


@pytest.mark.parametrize(
    "criteria",
    [
        ~some("ticket", "parent_id"),
        (where("title") == "Lamp") & some("ticket", "parent_id"),
        where("parent.title") == "Lamp",
        where("agent_id") == Param("me"),
        where("acme.vip") == True,  # noqa: E712
        where("due_at").in_last(3, "days"),
        where("due_at").in_next(1, "months"),
    ],
)
def test_a_need_that_looks_further_is_not_local(criteria: Criteria) -> None:
    """Other records, parameters, extensions and the days of a zone are not on the record, so it gives no answer."""
    assert not Need("code", criteria, "words").local(Ticket)
    assert met(criteria, TICKET) is None


def test_a_record_that_cannot_be_read_alone_answers_nothing() -> None:
    """Where annotations need the model of a whole CRM, its work answers."""
    assert met(where("firm_id").present(), Errand(id=number(5))) is None


def test_needs_are_met_or_not() -> None:
    """The answer is that of the condition."""
    assert REACHABLE.met(TICKET, now=NOON) is False
    assert REACHABLE.met(evolve(TICKET, phone="+3491"), now=NOON) is True
    assert PARTS_CLOSED.met(TICKET, now=NOON) is None


def test_a_need_by_the_clock_is_asked_at_its_instant() -> None:
    """The same record may do at one time and not at another."""
    recent, due = where("due_at").in_last(3, "hours"), evolve(TICKET, due_at=NOON)

    assert [met(recent, due, NOON + timedelta(hours=hours)) for hours in (-1, 0, 3, 4)] == [False, True, True, False]


def test_a_flag_and_a_number_that_are_equal_are_two_conditions() -> None:
    """What one need was found to say is not taken for what another one says: only a number can be one."""
    visit = Visit(id=an_id(1), score=1, done=True)

    assert (met(where("score") == 1, visit), met(where("score") == True, visit)) == (True, None)  # noqa: E712
    assert (met(where("done") == True, visit), met(where("done") == 1, visit)) == (True, None)  # noqa: E712
