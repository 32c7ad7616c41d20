"""From a condition as somebody wrote it to Ground: paths, clock, parameters, folding and ages are resolved here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from crmkit.core.kernel.call import NO_FUNCTIONS, Call, Function, expanded
from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import (
    Age,
    Ago,
    And,
    Compare,
    Constant,
    Criteria,
    Elapsed,
    Field,
    Given,
    Has,
    In,
    Match,
    Matches,
    Not,
    Operator,
    Or,
    Param,
    Part,
    Present,
    Some,
    Term,
    literal,
)
from crmkit.core.kernel.errors import CriteriaError, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Const, Count, Exists, Ground, Lapse, Pair, Tagged, Test, TestPart, Within
from crmkit.core.kernel.instants import Instant, microseconds
from crmkit.core.kernel.limits import MOST_HOPS, refuse_oversized
from crmkit.core.kernel.literals import exactly, needle, tag
from crmkit.core.kernel.model import Model, Resolved
from crmkit.core.kernel.params import NO_PARAMS, supplied
from crmkit.core.kernel.simplify import complement, either, every, one_of, through
from crmkit.core.kernel.text import LONGEST_CODE, successor
from crmkit.core.kernel.whole import LARGEST_INTEGER

_UNORDERED: Final = frozenset({Scalar.CHOICE, Scalar.FLAG, Scalar.ID})


def bind(
    criteria: Criteria,
    *,
    model: Model,
    kind: str,
    now: datetime,
    zone: str = "UTC",
    params: Mapping[str, Given] = NO_PARAMS,
    functions: Mapping[str, Function] = NO_FUNCTIONS,
) -> Ground:
    """What a condition asks of a record of `kind`, at the instant `now` in `zone`, with these parameters.

    :raises CriteriaError: an unknown kind, path, function or parameter, a literal that its field cannot hold
        exactly, an operator that its field does not have, a condition of nothing, or one beyond `limits`
    :raises Invalid: a naive `now`, an unknown zone
    """
    refuse_oversized(criteria)
    if functions:
        criteria = expanded(criteria, functions, params)
        refuse_oversized(criteria)
    model.kind(kind)
    return _Binding(model, Instant.at(now, zone), params).ground(criteria, kind)


@frozen
class _Binding:
    model: Model
    present: Instant
    params: Mapping[str, Given]

    def ground(self, criteria: Criteria, kind: str) -> Ground:
        match criteria:
            case Constant(value):
                return Const(value)
            case And(()) | Or(()) | In(_, ()):
                raise CriteriaError("a condition of nothing", hint="say ALWAYS or NEVER if that is meant")
            case And(items):
                return every([self.ground(item, kind) for item in items])
            case Or(items):
                return either([self.ground(item, kind) for item in items])
            case Not(item):
                return complement(self.ground(item, kind))
            case Some():
                return self.counted(kind, criteria)
            case _:
                return self.leaf(criteria, kind)

    def leaf(self, criteria: Criteria, kind: str) -> Ground:
        """A condition without others in it."""
        match criteria:
            case Compare(term, Operator.UNEQUAL, value):
                return complement(self.compared(kind, term, Operator.EQUAL, (value,)))
            case Compare(term, operator, value):
                return self.compared(kind, term, operator, (value,))
            case In(term, values):
                return self.compared(kind, term, Operator.EQUAL, values)
            case Elapsed():
                return self.elapsed(kind, criteria)
            case Present(path):
                at = self.reached(kind, path)
                return through(at.hops, Exists(at.column))
            case Matches() | Has():
                at = self.field(kind, criteria.path)
                return through(at.hops, self.searched(at.column, criteria))
            case Call(name):
                raise CriteriaError(f"there is no function {shape(name)}", hint="this CRM has none")
            case _:
                raise CriteriaError(f"got {shape(criteria)} where a condition stands")

    def compared(self, kind: str, term: Term, operator: Operator, values: tuple[object, ...]) -> Ground:
        """The term against one value, or (for ==) against several of which one is enough."""
        at = self.field(kind, term.path)
        match term:
            case Field():
                _comparable(at.column, operator)
                tests = [self.test(kind, at, operator, value) for value in values]
            case Age():
                tests = [self.aged(_dated(at.column), operator, self.number(value)) for value in values]
            case Part(_, part):
                tests = [TestPart(_dated(at.column), part, operator, self.number(value)) for value in values]
        return through(at.hops, one_of(at.column, tests))

    def test(self, kind: str, at: Resolved, operator: Operator, value: object) -> Ground:
        if not isinstance(value, Field):
            return Test(at.column, operator, self.value(at.column, value))
        other = self.field(kind, value.path)
        if other.hops != at.hops or other.column.scalar is not at.column.scalar:
            raise CriteriaError(
                f"«{at.column.path}» cannot be compared with «{value.path}»",
                hint="two fields of one record that hold the same kind of value can",
            )
        return Pair(at.column, operator, other.column)

    def aged(self, column: Column, operator: Operator, age: int) -> Ground:
        match operator:
            case Operator.AT_LEAST:
                return self.born(column, age, by=True)
            case Operator.MORE:
                return self.born(column, age + 1, by=True)
            case Operator.LESS:
                return self.born(column, age, by=False)
            case Operator.AT_MOST:
                return self.born(column, age + 1, by=False)
            case _:
                return every([self.born(column, age, by=True), self.born(column, age + 1, by=False)])

    def born(self, column: Column, age: int, *, by: bool) -> Ground:
        """At least so old today, or (`by` is false) younger."""
        day = self.present.birthday(age)
        if day is not None:
            return Test(column, Operator.AT_MOST if by else Operator.MORE, day)
        return Exists(column) if by is (age < 0) else Const(False)  # everybody was born after the year 1

    def elapsed(self, kind: str, criteria: Elapsed) -> Ground:
        start, end = self.field(kind, criteria.start), self.field(kind, criteria.end)
        if start.hops != end.hops or {start.column.scalar, end.column.scalar} != {Scalar.MOMENT}:
            raise CriteriaError(
                f"no time passes from «{criteria.start}» to «{criteria.end}»", hint="two moments of one record"
            )
        if criteria.operator is Operator.UNEQUAL:
            return complement(self.elapsed(kind, evolve(criteria, operator=Operator.EQUAL)))
        span = microseconds(criteria.amount, criteria.unit)
        return through(start.hops, Lapse(start.column, end.column, criteria.operator, span))

    def counted(self, kind: str, criteria: Some) -> Ground:
        at = self.reached(criteria.kind, criteria.via)
        if at.hops or at.column.target != kind:
            raise CriteriaError(f"{criteria.kind}.{criteria.via} does not lead to a record of kind «{kind}»")
        least, item = self.number(criteria.least), self.ground(criteria.where, criteria.kind)
        if least < 1:
            raise CriteriaError(f"at least {least} {criteria.kind} is always true", hint="1 or more")
        return item if item == Const(False) else Count(criteria.kind, at.column, item, least)

    def searched(self, column: Column, criteria: Matches | Has) -> Ground:
        if isinstance(criteria, Has):
            return Tagged(column, tag(column, self.scalar(criteria.tag)))
        text = needle(column, self.scalar(criteria.text))
        return Within(column, text) if criteria.match is Match.CONTAINS else _starting(column, text)

    def reached(self, kind: str, path: object) -> Resolved:
        if not isinstance(path, str) or len(path) > LONGEST_CODE:
            raise CriteriaError(f"got {shape(path)} as a path", hint="names of fields with dots between them")
        at = self.model.resolve(kind, path)
        if len(at.hops) > MOST_HOPS:
            raise CriteriaError(f"«{path}» leads over {len(at.hops)} relations", hint=f"at most {MOST_HOPS}")
        return at

    def field(self, kind: str, path: str) -> Resolved:
        """A field that has a value of its own, as a value of several parts has not."""
        at = self.reached(kind, path)
        rest = path.removeprefix("".join(f"{hop.path}." for hop in at.hops))
        if rest in self.model.kind(at.kind).groups:
            raise CriteriaError(f"«{path}» has several parts", hint=f"ask one, such as {at.column.path}, or .present()")
        return at

    def value(self, column: Column, value: object) -> Any:
        if not isinstance(value, Ago):
            return exactly(column, self.scalar(value))
        if column.scalar is Scalar.DATE:
            return self.present.day(value)
        if column.scalar is Scalar.MOMENT:
            return self.present.moment(value)
        raise CriteriaError(f"{column.path} is no time, so nothing ago", facts={"field": column.path})

    def number(self, value: object) -> int:
        found = self.scalar(value)
        if type(found) is not int or abs(found) > LARGEST_INTEGER:
            raise CriteriaError(f"got {shape(found)}", hint="a whole number: an age, a part of a date, how many")
        return found

    def scalar(self, value: object) -> object:
        """The value itself, or the one that was given for it."""
        return literal(supplied(value, self.params)) if isinstance(value, Param) else value


def _comparable(column: Column, operator: Operator) -> None:
    if column.scalar is Scalar.CUSTOM:
        raise CriteriaError(
            f"{column.path} has several parts", hint=f"ask one, such as {column.path}.NAME, or .present()"
        )
    if column.scalar is Scalar.TAGS:
        raise CriteriaError(f"{column.path} are tags", hint="ask .has(tag) or .present()", facts={"field": column.path})
    if column.scalar in _UNORDERED and operator is not Operator.EQUAL:
        raise CriteriaError(f"{column.path} has no order", hint="== or != or in_()", facts={"field": column.path})


def _dated(column: Column) -> Column:
    if column.scalar is not Scalar.DATE:
        raise CriteriaError(f"{column.path} is no date, so it has no age and no parts", facts={"field": column.path})
    return column


def _starting(column: Column, text: str) -> Ground:
    after = successor(text)
    since = Test(column, Operator.AT_LEAST, text)
    return since if after is None else every([since, Test(column, Operator.LESS, after)])
