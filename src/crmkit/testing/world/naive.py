"""A third reading of criteria, straight over records: docs/reference/criteria.md in the plainest Python.

It shares no code with the kernel's readings: it folds, counts years and goes back in time by itself.
"""

from __future__ import annotations

import operator
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from attrs import frozen

from crmkit.core.kernel.criteria import (
    Age,
    Ago,
    And,
    Compare,
    Constant,
    Criteria,
    Elapsed,
    Field,
    Has,
    In,
    Match,
    Matches,
    Not,
    Or,
    Param,
    Part,
    Present,
    Some,
    Unit,
)
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.values import Email
from crmkit.testing.world.records import AcmeVisit

World: TypeAlias = Mapping[str, Mapping[Any, Any]]  #: kind, id, record

FOLDED = {"name", "title", "nick", "mail"}  #: the last words of the paths whose fields compare as names do
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(
    criteria: Criteria, record: Any, *, world: World, now: datetime, zone: str, params: Mapping[str, Any]
) -> bool:
    """Whether the record fulfils the condition."""
    return Asked(world, now, zone, params).holds(criteria, record)


@frozen
class Asked:
    """Everything that the answer depends on, beside the condition and the record."""

    world: World
    now: datetime
    zone: str
    params: Mapping[str, Any]

    def holds(self, criteria: Criteria, record: Any) -> bool:
        """Whether the record fulfils the condition."""
        match criteria:
            case Constant(value):
                return value
            case And(items):
                return all(self.holds(item, record) for item in items)
            case Or(items):
                return any(self.holds(item, record) for item in items)
            case Not(item):
                return not self.holds(item, record)
            case Some(kind, via, where, least):
                pointing = [other for other in self.world[kind].values() if self.read(other, via) == record.id]
                return sum(self.holds(where, other) for other in pointing) >= least
            case _:
                return self.holds_alone(criteria, record)

    def holds_alone(self, criteria: Any, record: Any) -> bool:
        """The same of a condition that is made of no others."""
        match criteria:
            case Compare(term, "!=", value):
                return not self.compares(term, "==", value, record)
            case Compare(term, compared, value):
                return self.compares(term, compared, value, record)
            case In(term, values):
                return any(self.compares(term, "==", value, record) for value in values)
            case Elapsed():
                return self.has_elapsed(criteria, record)
            case _:
                return self.found(criteria, self.read(record, criteria.path))

    def compares(self, term: Any, compared: str, value: Any, record: Any) -> bool:
        """Whether what the term finds stands so to the value; what is missing stands to nothing."""
        left = self.read(record, term.path)
        if left is None:
            return False
        if isinstance(term, Age):
            today = self.today()
            left = today.year - left.year - ((today.month, today.day) < (left.month, left.day))
        if isinstance(term, Part):
            left = getattr(left, term.part.value)
        right = self.value(value, left, record)
        if right is None:
            return False
        return OPERATORS[compared](as_compared(term.path, left), as_compared(term.path, right))

    def value(self, value: Any, left: Any, record: Any) -> Any:
        """What is compared with: a field, a moment so long ago, or a literal beside a value like `left`."""
        if isinstance(value, Field):
            return self.read(record, value.path)
        if isinstance(value, Ago):
            return back(self.now, self.zone, value) if isinstance(left, datetime) else day_back(self.today(), value)
        return meant(self.given(value), left)

    def has_elapsed(self, criteria: Elapsed, record: Any) -> bool:
        """Whether so much time lies between two moments."""
        start, end = self.read(record, criteria.start), self.read(record, criteria.end)
        lapse = timedelta(**{criteria.unit.value: criteria.amount})
        if criteria.operator == "!=":
            return start is None or end is None or end - start != lapse
        return start is not None and end is not None and OPERATORS[criteria.operator](end - start, lapse)

    def found(self, criteria: Matches | Has | Present, value: Any) -> bool:
        """Whether a text, a tag or anything at all is found in the value."""
        if value is None:
            return False
        match criteria:
            case Present():
                return True
            case Has(_, tag):
                return self.given(tag) in value
            case Matches(path, how, text):
                inside, searched = as_compared(path, value), as_compared(path, self.given(text))
                return inside.startswith(searched) if how is Match.STARTS_WITH else searched in inside

    def read(self, record: Any, path: str) -> Any:
        """Where the path leads from the record."""
        return value_at(record, path, world=self.world)

    def given(self, value: Any) -> Any:
        """The value of a parameter, or the value itself."""
        return self.params[value.name] if isinstance(value, Param) else value

    def today(self) -> date:
        """The day that it is there."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()


def value_at(record: Any, path: str, *, world: World) -> Any:
    """Where the path leads; None as soon as anything is missing, and no tags are none."""
    found = record
    for step in path.split("."):
        found = inside(found, step, world)
        if found is None:
            return None
    if isinstance(found, Entity):
        return found.id
    return found.address if isinstance(found, Email) else None if found == frozenset() else found


def inside(value: Any, step: str, world: World) -> Any:
    """One step of a path: the fields of a plugin, a field, or the record that a reference leads to."""
    if step == "acme":
        return value.ext[AcmeVisit]
    if hasattr(value, step):
        return getattr(value, step)
    id = getattr(value, f"{step}_id")
    return next((records[id] for records in world.values() if id in records), None)


def meant(literal: Any, like: Any) -> Any:
    """What the text of a literal means beside a value of this type."""
    if not isinstance(literal, str):
        return literal
    if isinstance(like, datetime):
        return datetime.fromisoformat(literal)
    if isinstance(like, date):
        return date.fromisoformat(literal)
    if isinstance(like, Decimal):
        return Decimal(literal)
    return UUID(literal) if isinstance(like, UUID) else literal


def as_compared(path: str, value: Any) -> Any:
    """Names as people mean them, everything else as it is."""
    return folded(value) if isinstance(value, str) and path.rpartition(".")[2] in FOLDED else value


def folded(text: str) -> str:
    """NFKC(casefold(NFKC(text)))."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def back(now: datetime, zone: str, ago: Ago) -> datetime:
    """The instant so long ago: minutes and hours have passed, days and longer are counted on the wall."""
    if ago.amount == 0:
        return now
    if ago.unit in (Unit.MINUTES, Unit.HOURS):
        return now - timedelta(**{ago.unit.value: ago.amount})
    wall = now.astimezone(ZoneInfo(zone))
    day = day_back(wall.date(), ago)
    return datetime.combine(day, wall.time().replace(fold=0), ZoneInfo(zone)).astimezone(UTC)


def day_back(today: date, ago: Ago) -> date:
    """The day so long ago; the last of a month that is too short for it."""
    if ago.unit in (Unit.DAYS, Unit.WEEKS):
        return today - timedelta(**{ago.unit.value: ago.amount})
    months = ago.amount * (12 if ago.unit is Unit.YEARS else 1)
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
