"""Digests of arguments, and outcomes as JSON and back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, frozen

from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.operation import answer, digest, outcome
from crmkit.core.sales.lead import Lead, LeadStatus, lead
from crmkit.core.service.case import case
from crmkit.testing.world.samples import an_id

NEW = Lead(id=an_id(1), topic="Oil")
THERE = evolve(NEW, version=3)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class StandsFor:
    """A value of the host's that is another as soon as somebody looks, as those of werkzeug and wrapt are."""

    def __init__(self, value: object) -> None:
        self._value = value

    @property  # type: ignore[misc]  # that is what such classes do
    def __class__(self) -> Any:
        """That of the value."""
        return type(self._value)

    def __str__(self) -> str:
        """As the value."""
        return str(self._value)

    def __format__(self, how: str) -> str:
        """As the value."""
        return format(self._value, how)


DIFFERENT = [
    None,
    True,
    "1",
    "",
    [],
    [1],
    [[1]],
    {"a": 1},
    {"a": None},
    10**5000,
    -1,
    "\ud800",
    Decimal("1.5"),
    NOON,
    date(2026, 1, 5),
    an_id(1),
    an_id(2),
    Money("1.00", "EUR"),
    Money("1.00", "USD"),
    frozenset({"a", "b"}),
    frozenset({"ab"}),
    LeadStatus.NEW,
    lead.contact,
    lead.reactivate,
    case.reactivate,
    NEW,
    evolve(NEW, topic="Olives"),
    THERE,
    evolve(THERE, id=an_id(2)),
    1.5,
    b"x",
]


def test_different_arguments_have_different_digests() -> None:
    """Of whatever type they are, also such that no command takes."""
    assert len({digest({"x": value}) for value in DIFFERENT}) == len(DIFFERENT)
    assert digest({"x": 1}) != digest({"y": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"x": frozenset("abc")}, {"x": frozenset("cba")}),
        ({"x": (1, 2)}, {"x": [1, 2]}),
        ({"x": NOON}, {"x": NOON.astimezone(timezone(timedelta(hours=9)))}),
        ({"x": THERE}, {"x": evolve(THERE, version=4, topic="Olives")}),
        ({"x": NEW}, {"x": evolve(NEW, id=an_id(2))}),
        ({"x": LeadStatus.NEW}, {"x": "new"}),
        ({"x": StandsFor("new")}, {"x": "new"}),
        ({"x": StandsFor(255)}, {"x": 255}),
    ],
)
def test_equal_arguments_have_equal_digests(one: dict[str, Any], other: dict[str, Any]) -> None:
    """However they are ordered or written; a record that is there counts by its id, a new one by its fields."""
    assert digest(one) == digest(other)


@frozen
class Several:
    """An answer with parts."""

    lead: Lead | None
    names: tuple[str, ...]


@pytest.mark.parametrize(
    "answered", [None, True, 0, -5, "한", (), (1, ("a", None)), an_id(1), THERE, (THERE, None), Several(THERE, ("a",))]
)
def test_an_answer_comes_back_from_json(answered: Any) -> None:
    """Equal, to the type."""
    stored = json.loads(json.dumps(outcome(answered)))
    found = answer(stored, lambda: Several, lambda *which: {("lead", an_id(1), 3): THERE}[which])

    assert (found, type(found)) == (answered, type(answered))


@pytest.mark.parametrize("answered", [1.5, [1], {"a": 1}, (Money("1", "KRW"),), LeadStatus.NEW, object()])
def test_what_could_not_be_given_back_is_refused(answered: Any) -> None:
    """While the command is being written, not when its operation is run again."""
    with pytest.raises(DefinitionError):
        outcome(answered)
