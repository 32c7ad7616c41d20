"""Conditions as data: what a saved view, a rule and a report have in common.

    young = where("birth_date").age_years.between(25, 35) & (where("account.address.region") == "Seoul")
    stale = ~where("last_follow_up").in_last(30, "days")

Nothing here looks at a record or a clock: `bind` does, for one kind of record, one instant and one set of parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NoReturn, TypeAlias
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.columns import to_json, utc
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape
from crmkit.core.kernel.whole import LARGEST_INTEGER


class Unit(StrEnum):
    """Spans of time: up to hours exact, from days on by the calendar of the zone."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


def _unit(unit: Unit | str) -> Unit:
    try:
        return Unit(unit)
    except ValueError:
        raise CriteriaError(f"no unit of time «{unit}»", hint=f"one of {', '.join(Unit)}") from None


@frozen
class Field:
    """The value that another field of the same record has."""

    path: str


@frozen
class Ago:
    """The instant so long before now; a negative amount lies ahead."""

    amount: int
    unit: Unit = field(converter=_unit)


@frozen
class Param:
    """A value that is given when the condition is asked: `Param("me")`."""

    name: str


@frozen
class Age:
    """Whole years since a date, at the day that it is in the zone."""

    path: str


class Calendar(StrEnum):
    """What can be taken out of a date."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


@frozen
class Part:
    """The year, month or day of a date: birthdays in May."""

    path: str
    part: Calendar


Term: TypeAlias = Field | Age | Part
Scalar: TypeAlias = bool | int | str  #: JSON; dates, moments, ids and decimals are their canonical texts
Value: TypeAlias = Scalar | Ago | Param | Field
Given: TypeAlias = "Value | UUID | Decimal | date | datetime | StrEnum"  #: what a person may write where a value stands


class Operator(StrEnum):
    """How two values compare."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Match(StrEnum):
    """How a text is searched; there are no wildcards."""

    STARTS_WITH = "starts_with"
    CONTAINS = "contains"


class Criteria:
    """A condition on records of one kind; combine with `&`, `|` and `~`."""

    __slots__ = ()

    def __and__(self, other: Criteria) -> Criteria:
        return all_of(self, other)

    def __or__(self, other: Criteria) -> Criteria:
        return any_of(self, other)

    def __invert__(self) -> Criteria:
        return Not(self)

    def __bool__(self) -> NoReturn:
        raise CriteriaError(
            "a condition is neither true nor false by itself", hint="combine with & | ~ and ask with find, or bind it"
        )


@frozen
class Constant(Criteria):
    """Everybody, or nobody; said on purpose, never by an empty list."""

    value: bool


ALWAYS: Final = Constant(True)
NEVER: Final = Constant(False)


@frozen
class And(Criteria):
    """All of these, of which there is at least one."""

    items: tuple[Criteria, ...]


@frozen
class Or(Criteria):
    """Any of these, of which there is at least one."""

    items: tuple[Criteria, ...]


@frozen
class Not(Criteria):
    """Exactly those for which the other is false."""

    item: Criteria


@frozen
class Compare(Criteria):
    """False where either side is missing; `!=` is the complement of `==`, so true there."""

    term: Term
    operator: Operator
    value: Value


@frozen
class Elapsed(Criteria):
    """The time from one moment of the record to another, against a span; false when either is missing."""

    start: str
    end: str
    operator: Operator
    amount: int
    unit: Unit


@frozen
class In(Criteria):
    """Equal to one of these, of which there is at least one."""

    term: Term
    values: tuple[Value, ...]


@frozen
class Matches(Criteria):
    """A text, compared as its field declares, that starts with or contains another."""

    path: str
    match: Match
    text: str | Param


@frozen
class Has(Criteria):
    """The tags have this one."""

    path: str
    tag: str | Param


@frozen
class Present(Criteria):
    """There is a value."""

    path: str


@frozen
class Some(Criteria):
    """At least so many records of another kind point here and fulfil a condition of their own."""

    kind: str
    via: str
    where: Criteria = ALWAYS
    least: int = 1


def where(path: str) -> Asked:
    """The field at `path`, to be compared: `where("account.address.region") == "Seoul"`."""
    return Asked(Field(path))


def some(kind: str, via: str, criteria: Criteria = ALWAYS, *, least: int = 1) -> Criteria:
    """At least `least` records of `kind` whose reference `via` leads to this record and that fulfil `criteria`.

    :raises CriteriaError: `least` below 1, or no whole number of at most 63 bits
    """
    if type(least) is not int or not 1 <= least <= LARGEST_INTEGER:
        raise CriteriaError(f"some(least={shape(least)})", hint="at least 1; use ~some(...) for none")
    return Some(kind, via, criteria, least)


def within(amount: int, unit: Unit | str, *, start: str, end: str) -> Criteria:
    """Not more than so long from the moment at path `start` to the one at `end`; a day is 24 hours here.

    :raises CriteriaError: months or years, which are not always equally long
    """
    unit = _unit(unit)
    if unit in (Unit.MONTHS, Unit.YEARS):
        raise CriteriaError(f"{unit} are not all equally long", hint="minutes, hours, days or weeks")
    return Elapsed(start, end, Operator.AT_MOST, amount, unit)


def all_of(*items: Criteria) -> Criteria:
    """All of these; refuses to mean everybody when there are none.

    :raises CriteriaError: no conditions
    """
    return And(_flat(items, And, "all_of()", "ALWAYS"))


def any_of(*items: Criteria) -> Criteria:
    """Any of these; refuses to mean nobody when there are none.

    :raises CriteriaError: no conditions
    """
    return Or(_flat(items, Or, "any_of()", "NEVER"))


def _flat(items: tuple[Criteria, ...], kind: type[And | Or], said: str, instead: str) -> tuple[Criteria, ...]:
    if not items:
        raise CriteriaError(f"{said} of no conditions", hint=f"say {instead} if that is meant")
    for item in items:
        if not isinstance(item, Criteria):
            raise CriteriaError(f"got {shape(item)} where a condition stands", hint="parentheses around comparisons?")
    return tuple(part for item in items for part in (item.items if isinstance(item, kind) else (item,)))


@frozen(eq=False)
class Asked:
    """A field, or something taken out of one, waiting for its comparison."""

    term: Term

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, value: Given | None) -> Criteria:  # type: ignore[override]
        return self._compare(Operator.EQUAL, value)

    def __ne__(self, value: Given | None) -> Criteria:  # type: ignore[override]
        return self._compare(Operator.UNEQUAL, value)

    def __lt__(self, value: Given) -> Criteria:
        return self._compare(Operator.LESS, value)

    def __le__(self, value: Given) -> Criteria:
        return self._compare(Operator.AT_MOST, value)

    def __gt__(self, value: Given) -> Criteria:
        return self._compare(Operator.MORE, value)

    def __ge__(self, value: Given) -> Criteria:
        return self._compare(Operator.AT_LEAST, value)

    def between(self, low: Given, high: Given) -> Criteria:
        """From `low` to `high`, both included."""
        return (self >= low) & (self <= high)

    def in_(self, values: Iterable[Given]) -> Criteria:
        """Equal to one of these.

        :raises CriteriaError: no values, or one text where several are meant
        """
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise CriteriaError(f"in_() of {shape(values)}", hint="a list of values; == for one")
        literals = tuple(literal(value) for value in values)
        if not literals:
            raise CriteriaError("in_() of no values", hint="say NEVER if that is meant")
        return In(self.term, literals)

    def starts_with(self, text: str | Param) -> Criteria:
        """A text that begins so, as its field compares."""
        return Matches(self._path("starts_with"), Match.STARTS_WITH, text)

    def contains(self, text: str | Param) -> Criteria:
        """A text with this somewhere in it, as its field compares."""
        return Matches(self._path("contains"), Match.CONTAINS, text)

    def has(self, tag: str | Param) -> Criteria:
        """Tags with this one among them, exactly."""
        return Has(self._path("has"), tag)

    def present(self) -> Criteria:
        """There is a value; `~where(...).present()` for none."""
        return Present(self._path("present"))

    def in_last(self, amount: int, unit: Unit | str) -> Criteria:
        """Between so long ago and now, both included; false when missing."""
        return self.between(Ago(amount, unit), Ago(0, unit))

    def in_next(self, amount: int, unit: Unit | str) -> Criteria:
        """Between now and so far ahead, both included; false when missing."""
        return self.between(Ago(0, unit), Ago(-amount, unit))

    @property
    def age_years(self) -> Asked:
        """Whole years since this date."""
        return Asked(Age(self._path("age_years")))

    def part(self, part: Calendar | str) -> Asked:
        """The year, month or day of this date.

        :raises CriteriaError: any other part
        """
        try:
            return Asked(Part(self._path("part"), Calendar(part)))
        except ValueError:
            raise CriteriaError(f"a date has no {part!r}", hint=f"one of {', '.join(Calendar)}") from None

    def _compare(self, operator: Operator, value: Given | None) -> Criteria:
        if value is None:
            raise CriteriaError("compared with None", hint="ask .present(), or ~where(...).present()")
        return Compare(self.term, operator, literal(value))

    def _path(self, asked: str) -> str:
        if not isinstance(self.term, Field):
            raise CriteriaError(f"{asked} asks a field, not what was taken out of it")
        return self.term.path


_MOST_DIGITS: Final = 100  # of a Decimal that is written out; no field holds as many


def literal(value: Given | None) -> Value:
    """The value as it stands in a condition: JSON, or one of the terms that bind resolves.

    :raises CriteriaError: a float, a naive datetime, or something that is no value at all
    """
    if isinstance(value, Ago | Param | Field):
        return value
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, UUID | date):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS:
        return f"{value:f}"
    accepts = "a text, int, bool, Decimal, date, aware datetime or id"
    raise CriteriaError(f"a condition cannot hold {shape(value)}", hint=accepts)


def _moment(value: datetime) -> str:
    try:
        return str(to_json(utc(value, "a moment")))
    except Invalid as refused:
        raise CriteriaError(refused.message, hint=refused.hint) from None
