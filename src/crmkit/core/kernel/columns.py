"""One column: what it takes at the edge, how its value looks in a row, and its one form in JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from crmkit.core.kernel.custom import Custom, key
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import exact_amount
from crmkit.core.kernel.text import LONGEST_CODE, LONGEST_FOLD, LONGEST_NAME, LONGEST_TEXT, clean, fold
from crmkit.core.kernel.whole import whole

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
Check: TypeAlias = Callable[[Any], Any]

MOST_TAGS = 100


@frozen(kw_only=True, cache_hash=True)
class Column:
    """A single value of a record, under its path; rows are tuples of these values in the model's order."""

    path: str  #: as criteria say it: `budget.amount`
    scalar: Scalar
    nullable: bool = False
    choices: type[StrEnum] | None = None  #: for CHOICE
    target: str | None = None  #: for ID: the kind of record that it points to
    personal: bool = False
    stamped: bool = False  #: a revision may not change it
    default: Any = field(default=None, hash=False)  #: in JSON: of a record that was there before this column
    defined: bool = False  #: while the program ran: it stands inside of the column `custom`

    @property
    def name(self) -> str:
        """The path as one word, for stores that have column names."""
        return self.path.replace(".", "_")


def checker(column: Column) -> Check:
    """What turns a field's value into the row's value, or says why not.

    A blank text in an optional field is a missing one.

    :raises Invalid: (the check) a value of another type, too large, or not to be kept exactly by every store
    """
    check = _CHECKS[column.scalar](column)
    path, nullable = column.path, column.nullable

    def checked(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise Invalid(path, "is missing", accepts=_ACCEPTS[column.scalar])
        return check(value)

    return checked


def _text(column: Column) -> Check:
    path, nullable = column.path, column.nullable
    folded = column.scalar is Scalar.NAME
    longest = {Scalar.CODE: LONGEST_CODE, Scalar.NAME: LONGEST_NAME}.get(column.scalar, LONGEST_TEXT)

    def check(value: Any) -> str | None:
        text = clean(value, path, longest)
        if not text or text.isspace():
            if nullable:
                return None
            raise Invalid(path, "is blank", accepts="a text")
        if folded and len(text) > LONGEST_FOLD // 18 and len(fold(text)) > LONGEST_FOLD:
            raise Invalid(
                path, f"got {shape(value)}", accepts=f"a name that folds to at most {LONGEST_FOLD} characters"
            )
        return text

    return check


def _exactly(kind: type, column: Column) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise _refused(column, value)
        return value

    return check


def _integer(column: Column) -> Check:
    return lambda value: whole(value, column.path)


def _choice(column: Column) -> Check:
    accepts = ", ".join(column.choices or ())

    def check(value: Any) -> str:
        if not isinstance(value, StrEnum) or type(value) is not column.choices:
            raise Invalid(column.path, f"got {shape(value)}", accepts=f"one of {accepts}")
        return value.value

    return check


def _identifier(column: Column) -> Check:
    def check(value: Any) -> Id[Any]:
        return value if type(value) is Id else Id.of(value, column.path)

    return check


def _amount(column: Column) -> Check:
    return lambda value: exact_amount(value, column.path)


def _moment(column: Column) -> Check:
    def check(value: Any) -> datetime:
        return utc(value, column.path)

    return check


def _custom(column: Column) -> Check:
    def check(value: Any) -> Custom | None:
        if not isinstance(value, Custom) or any(scalar is None for scalar, _ in value.entries.values()):
            raise _refused(column, value)
        return value or None

    return check


def _tags(column: Column) -> Check:
    def check(value: Any) -> frozenset[str]:
        if not isinstance(value, frozenset) or len(value) > MOST_TAGS:
            raise _refused(column, value)
        return frozenset(clean(tag, column.path, LONGEST_CODE) for tag in value if tag)

    return check


def utc(value: object, field: str) -> datetime:
    """The same instant in UTC.

    :raises Invalid: not a datetime, or one without time zone
    """
    if not isinstance(value, datetime) or value.tzinfo is None or value.utcoffset() is None:
        raise Invalid(field, f"got {shape(value)}", accepts=_ACCEPTS[Scalar.MOMENT])
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise Invalid(field, f"got {shape(value)}", accepts="a time between the years 1 and 9999, UTC") from None


def _refused(column: Column, value: object) -> Invalid:
    return Invalid(column.path, f"got {shape(value)}", accepts=_ACCEPTS[column.scalar])


_CHECKS: dict[Scalar, Callable[[Column], Check]] = {
    Scalar.ID: _identifier,
    Scalar.CODE: _text,
    Scalar.NAME: _text,
    Scalar.TEXT: _text,
    Scalar.CHOICE: _choice,
    Scalar.INTEGER: _integer,
    Scalar.FLAG: lambda column: _exactly(bool, column),
    Scalar.AMOUNT: _amount,
    Scalar.DATE: lambda column: _exactly(date, column),
    Scalar.MOMENT: _moment,
    Scalar.TAGS: _tags,
    Scalar.CUSTOM: _custom,
}

_ACCEPTS = {
    Scalar.ID: "a UUID of version 7",
    Scalar.CODE: "a text",
    Scalar.NAME: "a text",
    Scalar.TEXT: "a text",
    Scalar.CHOICE: "a choice",
    Scalar.INTEGER: "a whole number of at most 63 bits",
    Scalar.FLAG: "true or false",
    Scalar.AMOUNT: "a Decimal with at most 4 decimals",
    Scalar.DATE: "a date",
    Scalar.MOMENT: "a datetime with a time zone",
    Scalar.TAGS: f"a frozenset of at most {MOST_TAGS} texts",
    Scalar.CUSTOM: "values of fields that are defined, in a transaction",
}


_BARE: Final = (str, bool, int)


def to_json(value: Any) -> Json:
    """The canonical JSON form of a row's value, the same whichever store or language writes it.

    Ids and dates are their ISO texts, moments have six decimals and a Z, amounts four decimals, tags are sorted.
    """
    if value is None or isinstance(value, _BARE):
        return value
    if isinstance(value, Id):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Custom):
        return {key(name, str(scalar)): to_json(each) for name, (scalar, each) in sorted(value.entries.items())}
    return sorted(value)


def _custom_of(value: dict[str, Json]) -> Custom:
    entries = {}
    for said, each in value.items():
        name, _, scalar = said.partition(":")
        entries[name] = Scalar(scalar), from_json(Scalar(scalar), each)
    return Custom.kept(entries)


_FROM_JSON: dict[Scalar, Callable[[Any], Any]] = {
    Scalar.ID: Id,
    Scalar.AMOUNT: Decimal,
    Scalar.DATE: date.fromisoformat,
    Scalar.MOMENT: datetime.fromisoformat,
    Scalar.TAGS: frozenset,
    Scalar.CUSTOM: _custom_of,
}


def from_json(scalar: Scalar, value: Json) -> Any:
    """The row's value that `to_json` wrote."""
    if value is None or scalar not in _FROM_JSON:
        return value
    return _FROM_JSON[scalar](value)
