"""Text into the value of a field, by the column that the kernel derives from its annotation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeAlias, get_args, get_type_hints
from zoneinfo import ZoneInfo

from attrs import frozen

from crmkit.core.kernel.columns import Column, checker
from crmkit.core.kernel.derive import Group, Leaf, shape_of
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.instants import zone_named
from crmkit.core.kernel.money import exact_amount
from crmkit.core.kernel.values import Written

Parse: TypeAlias = Callable[[str], Any]

_EXACT: Final = Context(prec=60)  # has room for what will be refused as too large
_ANY_TIME: Final = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)


@frozen
class To:
    """Says of a field that it names a record: by its key, or by what stands at another path."""

    entity: type[Any]
    path: str = "key"


class _Dispensable:
    """The mark behind `Dispensable`."""


Dispensable: Final = _Dispensable()
"""`Annotated[Phone | None, Dispensable]`: where it cannot be read it is left out, and the line still says something."""


@frozen
class Target:
    """A field that a column can be mapped to."""

    name: str
    column: Column | None  #: None for a value class
    written: type[Written] | None  #: the value class, for those that people write as one text
    dispensable: bool
    refers: tuple[To, ...]  #: the records that it may name

    def parser(self, *, zone: str = "UTC", dates: tuple[str, ...] = (), times: int = 1) -> Parse:
        """What makes the field's value of a text that is not blank.

        :raises Invalid: an unknown zone, a format that is none, `times` for what is no amount; (the parser, naming the
            field) a text that cannot be such a value
        """
        if self.written is not None:
            cls, name = self.written, self.name
            return lambda text: cls.needed(text, name)
        if self.column is None:
            raise DefinitionError(f"«{self.name}» is neither a column nor written as one text")
        read, check = _reader(self.column, zone, dates, times), checker(self.column)
        return read if self.column.scalar is Scalar.CHOICE else lambda text: check(read(text))


@cache
def targets(row: type[Any]) -> tuple[Target, ...]:
    """The fields of a row, each with what its annotation says of it."""
    hints = get_type_hints(row, include_extras=True)
    parts = shape_of(row, (), {}).own.parts
    return tuple(
        Target(
            name=part.attribute,
            column=part.column if isinstance(part, Leaf) else None,
            written=part.cls if isinstance(part, Group) and issubclass(part.cls, Written) else None,
            dispensable=Dispensable in marks,
            refers=tuple(mark for mark in marks if isinstance(mark, To)),
        )
        for part in parts
        for marks in [get_args(hints[part.attribute])[1:]]
    )


def _reader(column: Column, zone: str, dates: tuple[str, ...], times: int) -> Parse:
    for form in dates:
        _require_format(form)
    if type(times) is not int or times < 1 or (times > 1 and column.scalar is not Scalar.AMOUNT):
        raise Invalid(f"times.{column.path}", f"got {shape(times)}", accepts="a whole number from 1 on, for an amount")
    moment = _moments(column.path, zone_named(zone), dates)
    match column.scalar:
        case Scalar.MOMENT:
            return moment
        case Scalar.DATE:
            return lambda text: moment(text).date()
        case Scalar.INTEGER:
            return lambda text: _integer(text, column.path)
        case Scalar.AMOUNT:
            return lambda text: _amount(text, column.path, times)
        case Scalar.CHOICE if column.choices is not None:
            choices = column.choices
            return lambda text: _choice(text, choices, column.path)
    return lambda text: text


def _moments(field: str, zone: ZoneInfo, formats: tuple[str, ...]) -> Callable[[str], datetime]:
    accepts = " or ".join(formats) or "a date such as 2025-03-31 or 2025-03-31 17:05"

    def moment(text: str) -> datetime:
        for form in formats or (None,):
            try:
                found = _read_as(form, text) if form else datetime.fromisoformat(text)
            except ValueError:
                continue
            return found.replace(tzinfo=zone) if found.tzinfo is None else found
        raise Invalid(field, f"got {shape(text)}", accepts=accepts)

    return moment


def _read_as(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - whoever asked knows the zone


def _require_format(form: str) -> None:
    """Nothing, if `datetime.strptime` knows every directive of this format."""
    try:
        _read_as(form, _ANY_TIME.strftime(form))
    except ValueError:
        raise Invalid("dates", f"got {shape(form)}", accepts="a format of strptime such as %d.%m.%Y %H:%M") from None


def _integer(text: str, field: str) -> int:
    if len(text) > 20 or not text.removeprefix("-").isdecimal():
        raise Invalid(field, f"got {shape(text)}", accepts="a whole number")
    return int(text)


def _amount(text: str, field: str, times: int) -> Decimal:
    try:
        return _EXACT.multiply(exact_amount(text, field), times)
    except Invalid:
        raise Invalid(field, f"got {shape(text)}", accepts="a number such as 1200 or 1200.50") from None


def _choice(text: str, choices: type[StrEnum], field: str) -> StrEnum:
    for choice in choices:
        if text.casefold() == choice.value:
            return choice
    raise Invalid(field, f"got {shape(text)}", accepts=f"one of {', '.join(choices)}")
