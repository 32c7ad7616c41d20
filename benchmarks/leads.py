"""The leads that everybody writes and reads, and what their events and operations say, made by hand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from attrs import evolve

from benchmarks.places import Place
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id, Ids
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Email, PersonName, Phone
from crmkit.core.people.user import SYSTEM
from crmkit.core.sales.lead import Lead

Stored: TypeAlias = Callable[[Scalar, Any], Any]  #: a value as its column is given it

SOURCES: Final = ("web", "referral", "fair", "partner", "call")
BEGINNING: Final = datetime(2025, 1, 6, 9, tzinfo=UTC)

new_id: Final = Ids(clock=lambda: datetime.now(UTC), entropy=secrets.randbits)


def leads(many: int) -> Iterator[Lead]:
    """So many new ones, about two thirds of their fields filled."""
    for number in range(many):
        yield Lead(
            id=new_id(),
            topic=f"Inquiry {number}",
            source=SOURCES[number % len(SOURCES)],
            company=f"Company {new_id()}",
            person=PersonName.of("Kim Gildong"),
            email=Email(address=f"gildong.{new_id()}@example.com"),
            phone=Phone.of(f"+82 2 {number:08}"),
            note="wants to be called back",
            budget=Money(Decimal(1000 + number % 5000), "KRW"),
        )


def recorded(records: Iterable[Lead]) -> Iterator[Lead]:
    """The same at version 1, as they stand in a table."""
    for number, record in enumerate(records):
        at = BEGINNING + timedelta(seconds=number)
        yield evolve(record, version=1, created_at=at, modified_at=at)


def cells(place: Place, record: Entity) -> dict[str, Any]:
    """The columns of a record's row in its table, by name."""
    kind = kind_of(type(record))
    rows = place.tables.kinds[kind]
    (row,) = rows.encode([place.model.entities[kind].flatten(record)])
    return dict(zip(rows.table.columns.keys(), row, strict=True))


def as_it_is(_: Scalar, value: Any) -> Any:
    """The value itself, for whoever has columns that know what to do with it."""
    return value


def event(
    stored: Stored, name: str, id: Any, *, version: int, changes: Mapping[str, Any], operation: Id[Any]
) -> dict[str, Any]:
    """The columns of an event's row; `id` as its table keeps it, all else as it is `stored`."""
    now = stored(Scalar.MOMENT, datetime.now(UTC))
    return {
        "at": now,
        "occurred": now,
        "by": stored(Scalar.ID, SYSTEM.id),
        "operation": stored(Scalar.ID, operation),
        "cause": "",
        "kind": name.partition(".")[0],
        "record": id,
        "version": version,
        "name": name,
        "changes": json.dumps(dict(changes)),
        "details": "{}",
    }


def operation(stored: Stored, id: Id[Any], command: str, subject: Id[Any]) -> dict[str, Any]:
    """The columns of an operation's row."""
    commands = [[command, "0" * 32, {"$": "lead", "id": str(subject), "version": 2}]]
    return {
        "id": stored(Scalar.ID, id),
        "actor": stored(Scalar.ID, SYSTEM.id),
        "at": stored(Scalar.MOMENT, datetime.now(UTC)),
        "cause": "",
        "commands": json.dumps(commands),
    }
