"""What one transaction did, kept so that doing it again under its id gives the same answers and no second effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from json import dumps
from typing import Any
from uuid import UUID

from attrs import fields, frozen, has

from crmkit.core.kernel.columns import Json
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.move import Move


@frozen(kw_only=True)
class Command:
    """One call from outside: `sales.qualify` with these arguments, and what it answered."""

    name: str
    digest: str  #: of the arguments; equal ones have equal digests
    outcome: Json


@frozen(kw_only=True)
class Operation:
    """All that one transaction was asked to do, in order; kept in the same transaction."""

    id: Id[Any]
    actor: Id[Any]
    at: datetime  #: recorded time
    cause: str = ""
    commands: tuple[Command, ...] = ()


def outcome(answer: Any) -> Json:
    """An answer as JSON: records by kind, id and version, values of an attrs class by their fields.

    :raises DefinitionError: it holds something that could not be given back
    """
    if isinstance(answer, Entity) or not has(type(answer)):
        return _kept(answer)
    return {field.name: _kept(getattr(answer, field.name)) for field in fields(type(answer))}


def _kept(value: object) -> Json:
    if value is None or (isinstance(value, bool | int | str) and type(value) in (bool, int, str)):
        return value
    if isinstance(value, Entity):
        return {"$": kind_of(type(value)), "id": str(value.id), "version": value.version}
    if isinstance(value, Id):
        return {"$": "", "id": str(value)}
    if isinstance(value, tuple):
        return [_kept(each) for each in value]
    raise DefinitionError(f"a command cannot answer {shape(value)}", hint="records, ids, texts, whole numbers, tuples")


def answer(stored: Json, shaped: Callable[[], Any], record: Callable[[str, Id[Any], int], Any]) -> Any:
    """The answer that an outcome was made of.

    `shaped` tells the class that it was an instance of, `record` finds a record as it was at a version.
    """
    if isinstance(stored, dict) and "$" not in stored:
        return shaped()(**{name: _given(value, record) for name, value in stored.items()})
    return _given(stored, record)


def _given(stored: Json, record: Callable[[str, Id[Any], int], Any]) -> Any:
    match stored:
        case {"$": str(kind), "id": str(id), "version": int(version)}:
            return record(kind, Id(id), version)
        case {"id": str(id)}:
            return Id(id)
        case list():
            return tuple([_given(each, record) for each in stored])
        case _:
            return stored


def digest(arguments: Mapping[str, Any]) -> str:
    """What tells arguments from others, in 32 hexadecimal digits.

    A record that was there before counts by kind and id: its fields were read inside the transaction and may have
    changed since, which is not the caller's doing. A new record counts by all its fields but its id.

    :raises Invalid: one of them has itself in it
    """
    try:
        plain = dumps(_plain(arguments), sort_keys=True)
    except RecursionError:
        raise Invalid("arguments", "have values inside values without end", accepts="something flatter") from None
    return blake2b(plain.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Json:
    match value:
        case str():
            return str(value)
        case None | bool():
            return value
        case int():
            return f"{value:x}"  # Python writes no decimals of more than 4,300 digits
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case tuple() | list():
            return [_plain(each) for each in value]
        case set() | frozenset():
            return sorted([dumps(_plain(each), sort_keys=True) for each in value])  # type: ignore[return-value]
        case _:
            return _described(value)


def _described(value: Any) -> Json:
    match value:
        case Enum():
            return _plain(value.value)
        case UUID() | Decimal():
            return str(value)
        case datetime():
            with suppress(OverflowError):  # what no store can keep is refused by the command itself
                return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
            return value.isoformat()
        case date():
            return value.isoformat()
        case Move():
            return [value.flow.kind, value.name]
        case Event():
            return [value.name, _plain(value.details)]
        case Entity() if value.version:
            return [kind_of(type(value)), str(value.id)]
    if not has(type(value)):
        return shape(value)
    named = {field.name: _plain(getattr(value, field.name)) for field in fields(type(value))}
    if isinstance(value, Entity):
        del named["id"]
    return [type(value).__name__, named]
