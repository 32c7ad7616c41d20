"""Arguments: what is read off an effect, and how they are written down."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

import pytest
from support.flows import Ticket, Urgency, number

from crmkit.core.kernel.argument import Effect, parameters, written
from crmkit.core.kernel.columns import Json
from crmkit.core.kernel.errors import DefinitionError, Invalid
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address

if TYPE_CHECKING:
    from crmkit.testing.world.records import Firm

SEOUL = timezone(timedelta(hours=9))


class Level(IntEnum):
    """A choice that is a number."""

    HIGH = 3


class Direction(Enum):
    """A choice that is neither text nor number."""

    UP = ("y", 1)


@pytest.mark.parametrize(
    ("value", "json_value"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("새 케이블", "새 케이블"),
        (Urgency.HIGH, "high"),
        (Level.HIGH, 3),
        (Direction.UP, ["y", 1]),
        (number(5), "00000000-0005-7000-8000-000000000000"),
        (Decimal("1.5"), "1.5000"),
        (Money("12.50", "EUR"), {"amount": "12.5000", "currency": "EUR"}),
        (date(2024, 5, 17), "2024-05-17"),
        (datetime(2024, 5, 17, 12, tzinfo=UTC), "2024-05-17T12:00:00.000000Z"),
        (datetime(2024, 5, 17, 12, tzinfo=SEOUL), "2024-05-17T03:00:00.000000Z"),
        (("a", 1), ["a", 1]),
        (frozenset({"b", "a"}), ["a", "b"]),
        (
            Address(city="서울"),
            {"street": None, "city": "서울", "region": None, "postal_code": None, "country": None},
        ),
    ],
)
def test_an_argument_has_one_form(value: object, json_value: Json) -> None:
    """The journal says with what a move was made, in plain JSON, whatever the zone or type was."""
    found = written("argument", value)

    assert found == json_value
    assert json.dumps(found) == json.dumps(json_value), "plain values, no subclasses that only look alike"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (1.5, "argument"),
        (datetime(2024, 5, 17), "argument"),
        (Decimal("NaN"), "argument"),
        (Decimal("1.00001"), "argument"),
        ("a\0b", "argument"),
        ("\ud800", "argument"),
        (("fine", "\0"), "argument"),
        (frozenset({1}), "argument"),
        (timedelta(1), "argument"),
        (object(), "argument"),
    ],
)
def test_what_has_no_exact_form_is_refused(value: object, field: str) -> None:
    """The argument is named; nothing is rounded, guessed or cut."""
    with pytest.raises(Invalid) as refused:
        written("argument", value)

    assert refused.value.field == field


def test_without_effect_there_are_no_arguments() -> None:
    """A move that only changes the status takes nothing."""
    assert parameters(None) == {}


def test_arguments_are_what_stands_behind_record_and_stamp() -> None:
    """In their order, and with types instead of words when asked for."""

    def effect(one: Ticket, stamp: Stamp, *, answer: str, minutes: int | None = None) -> Ticket:
        return one

    assert list(parameters(effect)) == ["answer", "minutes"]
    assert [each.annotation for each in parameters(effect).values()] == ["str", "int | None"]
    assert [each.annotation for each in parameters(effect, resolved=True).values()] == [str, int | None]


def _swapped(stamp: Stamp, one: Ticket) -> Ticket:
    return one


def _short(one: Ticket) -> Ticket:
    return one


def _by_position(one: Ticket, stamp: Stamp, answer: str) -> Ticket:
    return one


def _anything(one: Ticket, stamp: Stamp, **further: Any) -> Ticket:
    return one


def _all_optional(one: Ticket | None = None, stamp: Stamp | None = None) -> Ticket:
    return Ticket(id=number(5))


@pytest.mark.parametrize("effect", [_swapped, _short, _by_position, _anything, _all_optional])
def test_an_effect_of_another_shape_is_refused(effect: Effect) -> None:
    """Only what is called by name can be documented, drawn and sent as JSON; the error names the function."""
    with pytest.raises(DefinitionError, match=effect.__name__):
        parameters(effect)


def _for_type_checkers(one: Ticket, stamp: Stamp, *, firm: Firm) -> Ticket:
    return one


def test_a_name_for_type_checkers_only_is_not_resolved() -> None:
    """The shape can be read without it, its type can not."""
    assert list(parameters(_for_type_checkers)) == ["firm"]
    with pytest.raises(DefinitionError, match="there is no Firm"):
        parameters(_for_type_checkers, resolved=True)
