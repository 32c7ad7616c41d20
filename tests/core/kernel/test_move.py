"""Moves: what they change, what they record, and how they say no."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from support.flows import (
    CLOSED,
    NOON,
    ON_HOLD,
    OPEN,
    PARTS_CLOSED,
    REACHABLE,
    SOLVED,
    Ticket,
    Urgency,
    number,
    stamp,
    ticket,
)

from crmkit.core.kernel.criteria import ALWAYS, NEVER, Criteria, where
from crmkit.core.kernel.errors import DefinitionError, IllegalMove, Invalid, Refusal, Refused
from crmkit.core.kernel.flow import Need
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.move import arguments

BY = stamp(NOON, occurred=NOON - timedelta(days=3))
REPORTED = Ticket(id=number(5), status=OPEN, version=4, phone="+3491", modified_at=NOON, created_at=NOON)


def test_a_move_gives_the_record_after_it() -> None:
    """Status and what the effect sets have changed, the rest has not; the record before stays as it was."""
    solved, _ = ticket.solve(REPORTED, BY, answer="new bulb", fee=Money("3.50", "EUR"))

    assert solved == evolve(
        REPORTED,
        status=SOLVED,
        reason="answered",
        answer="new bulb",
        fee=Money("3.50", "EUR"),
        solved_at=NOON - timedelta(days=3),
        version=5,
    )
    assert REPORTED.status is OPEN


def test_a_move_gives_the_event() -> None:
    """The event has the name of the move's, the version after it, and the arguments that were given, no defaults."""
    _, event = ticket.hold(REPORTED, BY, until=NOON, urgency=Urgency.HIGH)

    assert (event.name, event.kind, event.id, event.version) == ("ticket.held", "ticket", REPORTED.id, 5)
    assert event.stamp == BY
    assert event.details == {"until": "2024-05-17T12:00:00.000000Z", "urgency": "high"}
    assert ticket.hold(REPORTED, BY, until=NOON)[1].details.keys() == {"until"}


def test_a_move_without_effect_changes_the_status_alone() -> None:
    """Nothing else has to be said."""
    held = evolve(REPORTED, status=ON_HOLD)

    resumed, event = ticket.resume(held, BY)

    assert resumed == evolve(REPORTED, version=5)
    assert event.details == {}


def test_an_impossible_move_says_what_is_possible() -> None:
    """In words for people and in facts for programs."""
    with pytest.raises(IllegalMove) as refused:
        ticket.reopen(REPORTED, BY)

    assert str(refused.value) == "an open ticket cannot be reopened; possible from open: assign, hold, solve"
    assert refused.value.facts == {
        "kind": "ticket",
        "status": "open",
        "move": "reopen",
        "possible": ["assign", "hold", "solve"],
    }


def test_from_a_final_status_nothing_is_possible() -> None:
    """The error says so instead of an empty list."""
    with pytest.raises(IllegalMove, match="a closed ticket cannot be held; possible from closed: nothing"):
        ticket.hold(evolve(REPORTED, status=CLOSED), BY, until=NOON)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "answer: is missing, ticket.solve needs it"),
        ({"answer": "x", "minutes": 3}, "minutes: is no argument of ticket.solve (accepted: answer, fee, reason)"),
        ({"answer": "x", "reason": "magic"}, "reason: got the text 'magic' (accepted: one of answered, repaired)"),
        ({"answer": "x", "reason": None}, "reason: got None (NoneType) (accepted: one of answered, repaired)"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], says: str) -> None:
    """Bad input is refused at the edge, as a value that is Invalid and never as a TypeError."""
    with pytest.raises(Invalid) as refused:
        ticket.solve(REPORTED, BY, **given)

    assert str(refused.value) == says


def test_arguments_have_no_position() -> None:
    """Whoever reads a call sees what each value is."""
    with pytest.raises(Invalid, match="arguments by name"):
        ticket.solve(REPORTED, BY, "new bulb")  # type: ignore[call-arg]


def test_a_value_without_exact_form_is_refused() -> None:
    """A time without zone can not be recorded."""
    with pytest.raises(Invalid, match="until"):
        ticket.hold(REPORTED, BY, until=datetime(2024, 5, 17))


def test_a_need_of_the_record_is_checked_by_the_call() -> None:
    """The refusal has the code and words of the need and what was asked."""
    nameless = evolve(REPORTED, phone=None)

    with pytest.raises(Refused) as refused:
        ticket.solve(nameless, BY, answer="x")

    assert str(refused.value) == "ticket.solve is refused: it needs an e-mail address or a phone number"
    assert refused.value.refusals == (
        Refusal(
            code="unreachable",
            says="it needs an e-mail address or a phone number",
            facts={"move": "ticket.solve", "id": str(nameless.id)},
        ),
    )


def test_all_needs_are_named() -> None:
    """Whoever is refused learns everything that is missing, not the first thing."""
    with pytest.raises(Refused) as refused:
        ticket.solve.require(evolve(REPORTED, phone=None), now=NOON, holds=lambda criteria: False)

    assert refused.value.facts["codes"] == ["unreachable", "parts_open"]


def test_a_need_of_other_records_is_asked_of_the_store() -> None:
    """`holds` is asked exactly those, and without it they are left out."""
    asked: list[Criteria] = []

    def holds(criteria: Criteria) -> bool:
        asked.append(criteria)
        return True

    ticket.solve.require(REPORTED, now=NOON, holds=holds)

    assert asked == [PARTS_CLOSED.criteria]
    assert ticket.solve.refusals(REPORTED, now=NOON) == ()


def test_the_status_is_asked_before_the_needs() -> None:
    """What is not possible at all is not explained by what is missing."""
    with pytest.raises(IllegalMove):
        ticket.solve.require(evolve(REPORTED, status=CLOSED, phone=None), now=NOON)


def test_needs_by_the_clock_go_by_the_time_it_happened() -> None:
    """An import that tells of last week is judged as of last week."""
    due = Need("late", where("due_at").in_next(1, "hours"), "to be due within the hour")
    move = ticket.solve.adding(needs=(due,))
    record = evolve(REPORTED, due_at=BY.occurred)

    assert move(record, BY, answer="x")[0].status is SOLVED
    with pytest.raises(Refused, match="to be due within the hour"):
        move(record, stamp(NOON), answer="x")


def test_a_crm_adds_needs_and_reasons() -> None:
    """The move then knows them, and the flow stays the constant that it is."""
    stricter = ticket.solve.adding(needs=(Need("never", NEVER, "a miracle"),), reasons=("magic",))

    with pytest.raises(Refused, match="a miracle"):
        stricter(REPORTED, BY, answer="x")
    relaxed = ticket.solve.adding(needs=(Need("always", ALWAYS, "nothing"),), reasons=("magic",))
    assert relaxed(REPORTED, BY, answer="x", reason="magic")[0].reason == "magic"
    assert ticket.solve.needs == (REACHABLE, PARTS_CLOSED)
    assert str(relaxed) == "ticket.solve"


def test_reasons_need_an_argument_that_takes_them() -> None:
    """A vocabulary that nobody can use is refused."""
    with pytest.raises(DefinitionError, match="need each other"):
        ticket.close.adding(reasons=("done",))


def test_arguments_come_with_their_types() -> None:
    """Docs, commands in JSON and walks read them off the move."""
    found = arguments(ticket.solve)

    assert {name: each.annotation for name, each in found.items()} == {
        "answer": str,
        "fee": Money | None,
        "reason": str | None,
    }
    assert arguments(ticket.close) == {}
