"""What one transaction did, kept so that doing it again under its id gives the same answers and no second effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from json import JSONEncoder
from types import NoneType
from typing import Any, Final
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
        plain = _WRITTEN(_plain(arguments))
    except RecursionError:
        raise Invalid("arguments", "have values inside values without end", accepts="something flatter") from None
    return blake2b(plain.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Json:
    return _way(value.__class__)(value)  # which is another than its type where a value stands for one of the host


@lru_cache(maxsize=1024)
def _way(cls: Any) -> Callable[[Any], Json]:
    """How values of a class are told from each other."""
    known = next((way for base, way in _WAYS if issubclass(cls, base)), None)
    return known or (_by_fields(cls) if has(cls) else shape)


def _by_fields(cls: Any) -> Callable[[Any], Json]:
    names = [field.name for field in fields(cls)]
    if not issubclass(cls, Entity):
        return lambda value: _described(value, names)
    names.remove("id")
    return lambda record: [kind_of(cls), str(record.id)] if record.version else _described(record, names)


def _described(value: Any, names: Sequence[str]) -> Json:
    return [type(value).__name__, {name: _plain(getattr(value, name)) for name in names}]


def _moment(value: datetime) -> str:
    with suppress(OverflowError):  # what no store can keep is refused by the command itself
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat()


_WRITTEN: Final = JSONEncoder(sort_keys=True).encode

#: By base class, the first that fits.
_WAYS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (str, str),
    ((NoneType, bool), lambda value: value),
    (int, "{:x}".format),  # Python writes no decimals of more than 4,300 digits
    (Mapping, lambda value: {str(key): _plain(each) for key, each in value.items()}),
    ((tuple, list), lambda value: [_plain(each) for each in value]),
    ((set, frozenset), lambda value: sorted([_WRITTEN(_plain(each)) for each in value])),
    (Enum, lambda value: _plain(value.value)),
    ((UUID, Decimal), str),
    (datetime, _moment),
    (date, lambda value: value.isoformat()),
    (Move, lambda value: [value.flow.kind, value.name]),
    (Event, lambda value: [value.name, _plain(value.details)]),
)
