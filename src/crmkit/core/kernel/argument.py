"""The arguments of a move: read off the signature of its effect, and written down in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from inspect import Parameter, signature
from typing import Any, Final
from uuid import UUID

from attrs import asdict, has

from crmkit.core.kernel.columns import Json, to_json, utc
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.money import exact_amount
from crmkit.core.kernel.text import clean
from crmkit.core.kernel.whole import whole

Effect = Callable[..., Any]

DEEPEST: Final = 40  #: levels of values inside values

_RECORD_AND_STAMP = [(Parameter.POSITIONAL_OR_KEYWORD, Parameter.empty)] * 2


def parameters(effect: Effect | None, *, resolved: bool = False) -> Mapping[str, Parameter]:
    """What an effect takes besides the record and the stamp, by name; `resolved` makes types of its annotations.

    :raises DefinitionError: not `(record, stamp, *, ...)`, or a name in an annotation that is not there
    """
    if effect is None:
        return {}
    try:
        found = list(signature(effect, eval_str=resolved).parameters.values())
    except NameError as error:
        raise DefinitionError(
            f"{effect.__qualname__}: there is no {error.name}", hint="import it for more than typing"
        ) from None
    first, further = found[:2], found[2:]
    if [(each.kind, each.default) for each in first] != _RECORD_AND_STAMP or first[1].name != "stamp":
        raise DefinitionError(
            f"{effect.__qualname__} has to take a record and a stamp", hint="def effect(one, stamp, *, ...)"
        )
    for each in further:
        if each.kind is not Parameter.KEYWORD_ONLY:
            raise DefinitionError(f"{effect.__qualname__} takes {each} by position", hint="put it behind the *")
    return {each.name: each for each in further}


def written(field: str, value: Any, inside: int = 0) -> Json:
    """The canonical JSON form of an argument; a value of several fields is an object, a set of texts is sorted.

    :raises Invalid: what has no exact form: a naive datetime, a float, a text that no store can hold, a number beyond
        63 bits; or what is `inside` of too many others, as a list in itself is
    """
    match value.value if isinstance(value, Enum) else value:
        case None | bool() as same:
            return same
        case int() as number:
            return whole(int(number), field)
        case str() as text:
            return clean(text, field)
        case UUID() as id:
            return str(id)
        case Decimal() as amount:
            return to_json(exact_amount(amount, field))
        case datetime() as moment:
            return to_json(utc(moment, field))
        case date() as day:
            return to_json(day)
        case other:
            return _collected(field, other, inside + 1)


def _collected(field: str, value: Any, inside: int) -> Json:
    """The form of what has parts: lists, sets of texts, objects, values of several fields."""
    if inside > DEEPEST:
        raise Invalid(field, f"has values inside values over {DEEPEST} levels deep", accepts="something flatter")
    match value:
        case tuple() | list() as items:
            return [written(field, item, inside) for item in items]
        case AbstractSet() as texts:
            return [*sorted(clean(text, field) for text in texts)]
        case dict() as parts if all(isinstance(name, str) for name in parts):
            return {clean(name, field): written(f"{field}.{name}", part, inside) for name, part in parts.items()}
        case _ if has(type(value)):
            fields = asdict(value, recurse=False)
            return {name: written(f"{field}.{name}", part, inside) for name, part in fields.items()}
    raise Invalid(
        field, f"got {shape(value)}", accepts="a text, whole number, Decimal, date, aware datetime, id or value"
    )
