"""Rows and events made by hand: short to write down, and with what stores like to lose in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from attrs import evolve

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.entity import Entity, Extensions
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import Event, Stamp, changes
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.store import Order
from crmkit.core.kernel.values import Email
from crmkit.testing.world.naive import folded
from crmkit.testing.world.records import MODEL, AcmeVisit, Firm, Mood, Visit

NOW = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def an_id(number: int) -> Id[Any]:
    """The id with this number; larger numbers sort later."""
    return uuid7(1_740_000_000_000, number)


def row_of(record: Entity) -> Row:
    """The row of a record of the test model."""
    return MODEL.of(type(record)).flatten(record)


def firm(number: int, **fields: Any) -> Row:
    """The row of a firm, named by its number if not otherwise."""
    return row_of(Firm(**{"id": an_id(number), "name": f"firm {number}", "version": 1, **fields}))


def visit(number: int, **fields: Any) -> Row:
    """The row of a visit."""
    return row_of(Visit(**{"id": an_id(number), "version": 1, **fields}))


def column(kind: str, path: str) -> Column:
    """A column of the test model."""
    return MODEL.entities[kind].by_path[path]


def cell(kind: str, row: Row, path: str) -> Any:
    """The value of a row at a path."""
    return row[MODEL.entities[kind].position[path]]


def exactly(row: Row) -> list[tuple[type, Any]]:
    """The row in a form in which 1 is not True and 5.0000 is not 5."""
    return [(type(value), value.as_tuple() if isinstance(value, Decimal) else value) for value in row]


def an_event(kind: str, row: Row, *, before: Row | None = None, **said: Any) -> Event:
    """The event after which a record has this row."""
    event = Event(
        name=f"{kind}.noted",
        kind=kind,
        id=cell(kind, row, "id"),
        version=cell(kind, row, "version"),
        stamp=Stamp(at=cell(kind, row, "modified_at"), occurred=NOW, by=an_id(1), operation=an_id(2)),
        changes=changes(MODEL.entities[kind], before, row),
    )
    return evolve(event, **said)


HOSTILE: dict[str, dict[str, Any]] = {
    "nothing but what must be there": {},
    "the largest whole number": {"score": 2**63 - 1},
    "the smallest whole number": {"score": 1 - 2**63},
    "zero": {"score": 0, "price": Decimal(0)},
    "the largest amount": {"price": Decimal("99999999999999.9999")},
    "the smallest amount": {"price": Decimal("-99999999999999.9999")},
    "an amount that no float has": {"price": Decimal("90071992547409.9301")},
    "minus zero": {"price": Decimal("-0.0000")},
    "money without minor unit": {"budget": Money(99_999_999_999_999, "KRW")},
    "money with four decimals": {"budget": Money("0.0001", "CLF")},
    "single microseconds": {"started_at": NOW + timedelta(microseconds=1), "ended_at": NOW - timedelta(microseconds=1)},
    "the first and the last moment": {"started_at": FIRST, "ended_at": LAST},
    "the first date": {"birthday": date.min},
    "the last date": {"birthday": date.max},
    "yes and every choice": {"done": True, "mood": Mood.BAD, "expected": Mood.GOOD},
    "emoji with joiners": {"title": "👩🏽‍🚀🇰🇷", "code": "🧾", "note": "🎉" * 1000},
    "accents composed and combined": {"title": "é", "code": "e\u0301", "note": "é e\u0301 \u0301"},
    "Hangul composed and spelled out": {"title": "한빛", "note": "\u1112\u1161\u11ab", "code": "㈜한빛"},
    "a name whose fold is eighteen times as long": {"title": "\ufdfa" * 33},
    "letters that change length when folded": {"title": "Straße İstanbul ǰ ŉ", "code": "ﬃ ß"},
    "a text of 100,000 characters": {"note": "x" * 100_000},
    "a text of 100,000 characters beyond the first plane": {"note": "𠮷" * 100_000},
    "blanks at both ends": {"title": " a ", "code": "b ", "note": "\t c\r\n"},
    "what a database might read as something else": {
        "title": "'; DROP TABLE crm_visit; --",
        "code": "%_\\\"'",
        "note": "NULL",
    },
    "control characters": {"note": "\x01\x08\x0b\x1b\x7f\x85", "code": "\x1f"},
    "invisible and turned around": {"title": "\u202egnp.exe\u200b", "note": "\ufeff\u2028\u2029"},
    "the last code points": {"code": "\uffff\U0010ffff", "title": "\uffff\U0010ffff"},
    "texts that look like numbers": {"code": "007", "title": "1e3", "note": "-0.0"},
    "an address": {"mail": Email.of("Gil.Dong@Example.COM")},
    "tags": {"labels": frozenset(("a", "A", "b,c", '"', "'", "\\", "[]", "{}", "null", "한국", "🎉", "e\u0301", "é"))},
    "a hundred tags": {"labels": frozenset(f"tag {number}" for number in range(100))},
    "fields of a plugin": {"ext": Extensions(AcmeVisit(vip=True, nick="Ｇil", level=-1))},
}


TEXTS = (None, "b", "A", "a", "Ｂ", "ß", "ss", "Z", "é", "e\u0301", "한", "\uffff", "𠮷", "_", "a ", "10", "9")
FIRMS = [firm(100), firm(101)]
VISITS = [
    visit(
        number,
        key=None if number % 5 == 0 else f"key {number % 7}{number}",
        firm_id=(None, an_id(100), an_id(101))[number % 3],
        mood=list(Mood)[number % 3],
        expected=(None, *Mood)[number % 4],
        title=TEXTS[number % 17],
        code=TEXTS[number * 5 % 17],
        note=TEXTS[number * 7 % 17],
        mail=None if number % 3 else Email.of(f"{'aBc'[number % 2]}{number % 4}@example.com"),
        score=(None, 0, -1, 2**62, 1 - 2**63, 7)[number % 6],
        done=number % 2 == 0,
        price=(None, Decimal("0.0001"), Decimal(-9), Decimal(10), Decimal("9.5"))[number % 5],
        budget=(None, Money(5, "EUR"), Money(20, "KRW"), Money("5.5", "EUR"))[number % 4],
        birthday=(None, date(1999, 12, 31), date.min, date.max)[number % 4],
        started_at=(None, NOW, NOW + timedelta(microseconds=1), FIRST, LAST)[number % 5],
        ended_at=(None, NOW, NOW)[number % 3],
        ext=Extensions(AcmeVisit(vip=number % 4 == 1, nick=TEXTS[number * 3 % 17], level=number % 3)),
    )
    for number in range(40, 0, -1)
]
SORTABLE = [each.path for each in MODEL.entities["visit"].columns if each.scalar not in (Scalar.TAGS, Scalar.CUSTOM)]


def plainly_sorted(by: Sequence[Order]) -> list[Row]:
    """The visits in this order, one column after the other from the last to the first."""
    found = sorted(VISITS, key=lambda row: cell("visit", row, "id").int)
    for order in reversed(by):
        values = [_compared(row, order.column) for row in found]
        steps = sorted({value for value in values if value is not None}, reverse=order.descending)
        found = [row for step in (*steps, None) for row, value in zip(found, values, strict=True) if value == step]
    return found


def _compared(row: Row, by: Column) -> Any:
    value = cell("visit", row, by.path)
    return folded(value) if by.scalar is Scalar.NAME and value is not None else value
