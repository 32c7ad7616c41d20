"""How values are told: as the Python that makes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import fields
from hypothesis import given
from support.flows import Ticket, Urgency, ticket

from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, PersonName, Phone
from crmkit.testing import Factory
from crmkit.testing.machines.drawn import fields_of
from crmkit.testing.machines.story import Birth, Moved, Story, Words


def told(value: Any) -> Any:
    """What comes of it when it is pasted."""
    words = Words()
    text = words.of(value)
    space: dict[str, Any] = {}
    exec("\n".join(words.imports()), space)
    return eval(text, space)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, -7, "한\u2028'\"\\", frozenset("ba"), Decimal("0.10"), Urgency.HIGH, uuid7(5, 6)),
        *(date(2024, 2, 29), datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC), Money("5.5", "EUR")),
        *(Email.of("Ann@Example.com"), Phone.of("+34 910 000 000"), Address(city="서울")),
        *(PersonName.of("홍길동"), PersonName.of("García López, María")),
        *(Factory().lead(), Factory().case()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_from_what_is_told(value: Any) -> None:
    """To the type and the last digit."""
    assert (told(value), type(told(value))) == (value, type(value))


@given(fields_of(Ticket))
def test_the_fields_of_a_record_come_back(given: dict[str, Any]) -> None:
    """Whatever a machine draws."""
    assert {name: told(value) for name, value in given.items()} == given
    assert given.keys() <= {each.name for each in fields(Ticket)}


def test_a_story_says_what_was_refused_and_when() -> None:
    """Days ago, and in whose words it was refused; what it does not use it does not import."""
    story = Story()
    record = Ticket(id=uuid7(1, 1))
    name = story.tell(Birth(Ticket, {"title": "Lamp"}, "ticket.added"))
    story.answered(name, record)
    story.tell(Moved(ticket, "reopen", record.id, {}), back=3)
    story.refused(ValueError("not\nyet"))

    assert str(story).splitlines() == [
        "from contextlib import suppress",
        "from crmkit import CRM, CrmError",
        "from crmkit.testing import FixedClock, FixedIds",
        "from datetime import timedelta",
        "from support.flows import Ticket, ticket",
        "",
        "clock = FixedClock()",
        'crm = CRM.open("memory:", clock=clock, ids=FixedIds())',
        "",
        "with crm.transaction() as tx:",
        "    ticket_1 = tx.add(Ticket(id=tx.new_id(Ticket), title='Lamp'), 'ticket.added')",
        "with suppress(CrmError), crm.transaction() as tx, tx.occurred(tx.now - timedelta(days=3)):",
        "    tx.move(ticket.reopen, ticket_1.id)",
        "    # not yet",
    ]
