"""The SQL reading of Ground.

Missing and false are one and the same all the way up: of a condition only that it is true is ever asked, also by its
complement, `IS NOT TRUE`. So no comparison needs to know whether its column may be missing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import (
    Complement,
    Const,
    Count,
    Either,
    Every,
    Exists,
    Ground,
    Lapse,
    OneOf,
    Pair,
    Tagged,
    Test,
    TestPart,
    Via,
    Within,
)
from crmkit.core.kernel.store import Order
from crmkit.storage.customs import inside
from crmkit.storage.tables import Tables, compared

_OPERATORS: Final[Mapping[Operator, Callable[[Any, Any], sa.ColumnElement[bool]]]] = {
    Operator.EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


@frozen
class Slot:
    """Where a value, as its column keeps it, is to come in a condition that is asked with many."""

    name: str


@frozen
class Where:
    """Conditions on the rows of a table or an alias of it; whatever they compare with is a parameter."""

    tables: Tables

    def condition(self, ground: Ground, row: sa.FromClause) -> sa.ColumnElement[bool]:
        """True for the rows that fulfil it; false or NULL for all others."""
        match ground:
            case Const(value):
                return sa.true() if value else sa.false()
            case Every(items):
                return sa.and_(*[self.condition(item, row) for item in items])
            case Either(items):
                return sa.or_(*[self.condition(item, row) for item in items])
            case Complement(Const(value)):
                return sa.false() if value else sa.true()
            case Complement(item):
                return self.condition(item, row).self_group().is_not(sa.true())
            case Via(relation, item):
                target = self.tables.kinds[relation.target].table.alias()
                there = sa.select(target.c.id).where(self.condition(item, target))
                return row.c[relation.column.name].in_(there)
            case Count():
                return row.c.id.in_(self._pointing(ground))
            case Pair(left, how, right):
                return _OPERATORS[how](self.cell(row, left), self.cell(row, right))
            case Lapse(start, end, how, microseconds):
                passed = self.lapse(self.cell(row, start), self.cell(row, end))
                return _OPERATORS[how](passed, said(microseconds, sa.BigInteger()))
            case _:
                return self._asked(ground, row)

    def lapse(self, start: sa.ColumnElement[Any], end: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """The microseconds from one moment to another."""
        return self.tables.dialect.microseconds(end) - self.tables.dialect.microseconds(start)

    def cell(self, row: sa.FromClause, column: Column) -> sa.ColumnElement[Any]:
        """What stands in this column, as it compares."""
        if column.defined:
            return inside(row, column, self.tables.dialect, folded=True)
        return row.c[compared(column)]

    def value(self, column: Column, value: Any) -> sa.BindParameter[Any]:
        """A parameter with a value as its column keeps it; those of names are folded already."""
        stored = value if isinstance(value, Slot) else self.tables.stored(column.scalar, value)
        return said(stored, self.tables.dialect.kept[column.scalar].type)

    def values(self, column: Column, values: Iterable[Any] | Slot) -> sa.BindParameter[Any]:
        """One parameter with all of them, to be looked into."""
        type = self.tables.dialect.kept[column.scalar].type
        if isinstance(values, Slot):
            return sa.bindparam(values.name, expanding=True, type_=type)
        stored = [self.tables.stored(column.scalar, value) for value in values]
        return sa.bindparam(None, stored, expanding=True, type_=type)

    def sorting(self, row: sa.FromClause, by: Order) -> Iterator[sa.ColumnElement[Any]]:
        """Missing ones last by themselves: databases differ about where they come."""
        value = self.cell(row, by.column)
        if by.column.nullable:
            yield value.is_(None)
        yield value.desc() if by.descending else value.asc()

    def _asked(
        self, ground: Test | TestPart | OneOf | Within | Tagged | Exists, row: sa.FromClause
    ) -> sa.ColumnElement[bool]:
        """A condition on one column."""
        at = self.cell(row, ground.column)
        match ground:
            case Test(column, how, value):
                return _OPERATORS[how](at, self.value(column, value))
            case TestPart(_, part, how, number):
                return _OPERATORS[how](self.tables.dialect.part(at, part), said(number, sa.BigInteger()))
            case OneOf(column, values):
                return at.in_(self.values(column, values))
            case Within(_, text):
                return self.tables.dialect.contains(at, said(text, sa.String()))
            case Tagged(_, tag):
                return self.tables.dialect.tagged(at, said(tag, sa.String()))
            case Exists(column) if column.scalar is Scalar.TAGS:
                return at != self.value(column, frozenset())
            case Exists():
                return at.is_not(None)

    def _pointing(self, count: Count) -> sa.Select[Any]:
        """The ids to which enough of the other records lead; MariaDB would take a missing one among them for all."""
        other = self.tables.kinds[count.kind].table.alias()
        reference = other.c[count.column.name]
        found = sa.select(reference).where(self.condition(count.item, other), reference.is_not(None))
        if count.least == 1:
            return found
        return found.group_by(reference).having(sa.func.count() >= sa.literal(count.least, sa.BigInteger()))


def said(value: Any, type: TypeEngine[Any]) -> sa.BindParameter[Any]:
    """A parameter with this value, or with one that is given later."""
    return sa.bindparam(value.name, type_=type) if isinstance(value, Slot) else sa.literal(value, type)
