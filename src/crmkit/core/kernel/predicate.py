"""The Python reading of Ground: one function per condition, generated, about as fast as the lambda one would write.

A record is asked as stores return it: blank texts are None, moments are in UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from itertools import count
from types import CodeType
from typing import Any, Protocol, TypeAlias

from attrs import define, evolve, field, frozen

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.custom import CUSTOM
from crmkit.core.kernel.derive import Group, Leaf
from crmkit.core.kernel.errors import CriteriaError
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
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.text import fold


class Lookup(Protocol):
    """Where the rows of other records are found."""

    def row(self, kind: str, id: Id[Any]) -> Row | None:
        """The row with this id, if there is one."""
        ...

    def pointing(self, kind: str, column: Column, id: Id[Any]) -> Iterable[Row]:
        """The rows of `kind` that have this id in `column`, in any order."""
        ...


RowPredicate: TypeAlias = Callable[[Row, Lookup], bool]


def row_predicate(ground: Ground, model: EntityModel) -> RowPredicate:
    """Whether a row fulfils the condition; the rows that it leads to come from a `Lookup`."""
    holds: RowPredicate = _RowCode(model, "row").function("row, lookup", ground)
    return holds


def predicate(ground: Ground, model: EntityModel) -> Callable[[Any], bool]:
    """Whether a record fulfils the condition.

    :raises CriteriaError: the condition asks other records
    """
    holds: Callable[[Any], bool] = _RecordCode(model, "record").function("record", ground)
    return holds


# Two tests of one column are one comparison between two values, which folds a name once only.
_MIRRORED = {
    Operator.EQUAL: "==",
    Operator.LESS: ">",
    Operator.AT_MOST: ">=",
    Operator.MORE: "<",
    Operator.AT_LEAST: "<=",
}


@frozen
class _Read:
    """How to come by a value."""

    value: str
    optional: bool  #: the value may be None
    guards: tuple[str, ...] = ()  #: what has to be true before the value can be asked for


@define
class _Code(ABC):
    """A function in the making; whatever it compares with is an object behind a name, never text in its source."""

    model: EntityModel
    source: str  #: the expression of what is asked
    names: dict[str, Any] = field(factory=lambda: {"fold": fold, "at_least": _at_least})
    numbers: Iterator[int] = field(factory=count)

    @abstractmethod
    def read(self, column: Column) -> _Read: ...

    @abstractmethod
    def elsewhere(self, ground: Via | Count) -> str: ...

    def function(self, parameters: str, ground: Ground) -> Callable[..., bool]:
        exec(_compiled(f"def holds({parameters}): return {self.expression(ground)}"), self.names)
        holds: Callable[..., bool] = self.names["holds"]
        return holds

    def name(self, value: object) -> str:
        """A name for an object."""
        name = f"c{next(self.numbers)}"
        self.names[name] = value
        return name

    def variable(self) -> str:
        """A name that is free in the function."""
        return f"v{next(self.numbers)}"

    def expression(self, ground: Ground) -> str:
        """The condition, as it may stand beside `and`, `or` and `not`."""
        match ground:
            case Const(value):
                return str(value)
            case Every((Test(column, first, low), Test(same, second, high))) if column == same:
                before, after = f"{self.name(low)} {_MIRRORED[first]}", f"{second.value} {self.name(high)}"
                return self.there(column, lambda found: f"{before} {found} {after}")
            case Every(items):
                return _joined(" and ", map(self.expression, items))
            case Either(items):
                return _joined(" or ", map(self.expression, items))
            case Complement(item):
                return f"(not {self.expression(item)})"
            case Via() | Count():
                return self.elsewhere(ground)
            case Pair(left, operator, right):
                return self.there(left, lambda one: self.there(right, lambda two: f"{one} {operator.value} {two}"))
            case Lapse(start, end, operator, span):
                test = f"{operator.value} {self.name(timedelta(microseconds=span))}"
                return self.there(start, lambda since: self.there(end, lambda until: f"{until} - {since} {test}"))
            case _:
                return self.asked(ground)

    def asked(self, ground: Test | TestPart | OneOf | Within | Tagged | Exists) -> str:
        """A condition on one column."""
        match ground:
            case Test(column, operator, value):
                test = f"{operator.value} {self.name(value)}"
                return self.there(column, lambda found: f"{found} {test}", none_fails=operator is Operator.EQUAL)
            case TestPart(column, part, operator, value):
                test = f"{part.value} {operator.value} {self.name(value)}"
                return self.there(column, lambda found: f"{found}.{test}")
            case OneOf(column, values):
                return self.there(column, lambda found: f"{found} in {self.name(values)}", none_fails=True)
            case Within(column, text) | Tagged(column, text):
                return self.there(column, lambda found: f"{self.name(text)} in {found}")
            case Exists(column):
                read = self.read(column)
                test = f"bool({read.value})" if column.scalar is Scalar.TAGS else f"{read.value} is not None"
                return _joined(" and ", [*read.guards, test])

    def there(self, column: Column, test: Callable[[str], str], *, none_fails: bool = False) -> str:
        """`test` of the column's value, folded for a NAME; false where there is none.

        `none_fails` says that the test is false of None by itself.
        """
        read, folded = self.read(column), column.scalar is Scalar.NAME
        value, guards = read.value, read.guards
        if read.optional and (folded or not none_fails):
            value = self.variable()
            guards += (f"({value} := {read.value}) is not None",)
        return _joined(" and ", [*guards, test(f"fold({value})" if folded else value)])


class _RowCode(_Code):
    """Reads rows, by place."""

    def read(self, column: Column) -> _Read:
        if column.defined:
            return _Read(f"{self.name(self.model.reading(column))}({self.source})", optional=True)
        return _Read(f"{self.source}[{self.model.position[column.path]}]", column.nullable)

    def elsewhere(self, ground: Via | Count) -> str:
        return self.via(ground) if isinstance(ground, Via) else self.counted(ground)

    def via(self, via: Via) -> str:
        kind, other = via.relation.target, self.variable()
        item = evolve(self, model=self.model.kinds[kind], source=other).expression(via.item)
        find = f"({other} := lookup.row({self.name(kind)}, {{}})) is not None"
        return self.there(via.relation.column, lambda found: _joined(" and ", [find.format(found), item]))

    def counted(self, count: Count) -> str:
        holds = row_predicate(count.item, self.model.kinds[count.kind])
        own = f"{self.source}[{self.model.position['id']}]"
        rows = f"lookup.pointing({self.name(count.kind)}, {self.name(count.column)}, {own})"
        return f"at_least({self.name(count.least)}, {rows}, {self.name(holds)}, lookup)"


class _RecordCode(_Code):
    """Reads records, by attribute."""

    def read(self, column: Column) -> _Read:
        if column.defined:
            return _Read(
                f"{self.source}.{CUSTOM}.get({self.name(column.path.removeprefix(f'{CUSTOM}.'))})", optional=True
            )
        for extension in self.model.shape.extensions:
            if column in extension.columns():
                return self.inside(extension, f"{self.source}.ext[{self.name(extension.cls)}]", column)
        return self.inside(self.model.shape.own, self.source, column)

    def inside(self, group: Group, source: str, column: Column) -> _Read:
        """The column, which is one of the group's, of the value at `source`."""
        part = next(part for part in group.parts if column in _columns(part))
        value = f"{source}.{part.attribute}"
        if isinstance(part, Leaf):
            return _Read(value, part.optional)
        if not part.optional:
            return self.inside(part, value, column)
        found = self.variable()
        read = self.inside(part, found, column)
        return evolve(read, guards=(f"({found} := {value}) is not None", *read.guards))

    def elsewhere(self, ground: Via | Count) -> str:
        where = ground.relation.path if isinstance(ground, Via) else ground.kind
        raise CriteriaError(f"the record alone cannot tell about «{where}»", hint="ask the store that keeps it")


def _columns(part: Leaf | Group) -> Iterable[Column]:
    return (part.column,) if isinstance(part, Leaf) else part.columns()


def _joined(word: str, tests: Iterable[str]) -> str:
    return f"({word.join(tests)})"


def _at_least(least: int, rows: Iterable[Row], holds: RowPredicate, lookup: Lookup) -> bool:
    for row in rows:
        if holds(row, lookup):
            least -= 1
            if not least:
                return True
    return False


@lru_cache(maxsize=1024)
def _compiled(source: str) -> CodeType:
    """The code of a function; conditions that differ in nothing but values have one in common."""
    return compile(source, "<condition>", "exec")
