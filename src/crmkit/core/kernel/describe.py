"""Conditions in plain English, for a rule's explanation, a saved view and an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from crmkit.core.kernel.call import Call
from crmkit.core.kernel.criteria import (
    ALWAYS,
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
    Operator,
    Or,
    Param,
    Part,
    Present,
    Some,
    Term,
    Unit,
    Value,
)
from crmkit.core.kernel.errors import CriteriaError, shape
from crmkit.core.kernel.limits import refuse_oversized

_PATH: Final = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_COMPARED: Final = {
    Operator.EQUAL: "is",
    Operator.UNEQUAL: "is not",
    Operator.LESS: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.MORE: "is more than",
    Operator.AT_LEAST: "is at least",
}
_IN_TIME: Final = _COMPARED | {
    Operator.LESS: "is before",
    Operator.AT_MOST: "is not after",
    Operator.MORE: "is after",
    Operator.AT_LEAST: "is not before",
}


def describe(criteria: Criteria) -> str:
    """The condition as part of a sentence: `status is "open" and (score is at least 50 or visited_at is missing)`.

    Two conditions that combine their parts differently never read the same.

    :raises CriteriaError: it is larger than conditions may be
    """
    refuse_oversized(criteria)
    return _said(criteria)


def _said(criteria: Criteria) -> str:
    match criteria:
        case Constant(value):
            return "always" if value else "never"
        case And((only,)):
            return f"all of ({_said(only)})"
        case Or((only,)):
            return f"any of ({_said(only)})"
        case And(items):
            return " and ".join(_conjuncts(items))
        case Or(items):
            return " or ".join(_said(item) if _is_range(item) else _beside(item) for item in items)
        case Not(Present(path)):
            return f"{_word(path)} is missing"
        case Not(item):
            return f"not ({_said(item)})"
        case _:
            return _leaf(criteria)


def _beside(criteria: Criteria) -> str:
    """One of several, in parentheses if it has several parts itself."""
    return f"({_said(criteria)})" if isinstance(criteria, And | Or) else _said(criteria)


def _conjuncts(items: Sequence[Criteria]) -> Iterator[str]:
    """The parts of an And; two that make a range are one."""
    rest = list(items)
    while rest:
        found = _range(*rest[:2]) if len(rest) > 1 else ""
        yield found or _beside(rest[0])
        del rest[: 2 if found else 1]


def _is_range(criteria: Criteria) -> bool:
    return isinstance(criteria, And) and len(criteria.items) == 2 and _range(*criteria.items) != ""


def _range(first: Criteria, second: Criteria) -> str:
    """What two comparisons say together, if they say a range."""
    match first, second:
        case Compare(term, Operator.AT_LEAST, low), Compare(same, Operator.AT_MOST, high) if term == same:
            return f"{_term(term)} is {_between(low, high)}"
        case _:
            return ""


def _between(low: Value, high: Value) -> str:
    match low, high:
        case Ago(amount, unit), Ago(0, same) if amount > 0 and unit is same:
            return f"in the last {_span(amount, unit)}"
        case Ago(0, unit), Ago(amount, same) if amount < 0 and unit is same:
            return f"in the next {_span(-amount, unit)}"
        case _:
            return f"between {_value(low)} and {_value(high)}"


def _leaf(criteria: Criteria) -> str:
    match criteria:
        case Compare(term, operator, value):
            return f"{_term(term)} {_words(value)[operator]} {_value(value)}"
        case In(term, values):
            return f"{_term(term)} is one of {', '.join(map(_value, values))}"
        case Matches(path, match, text):
            return f"{_word(path)} {'contains' if match is Match.CONTAINS else 'starts with'} {_value(text)}"
        case Has(path, tag):
            return f"{_word(path)} has {_value(tag)}"
        case Present(path):
            return f"{_word(path)} is present"
        case Elapsed(start, end, operator, amount, unit):
            return f"{_word(end)} {_COMPARED[operator]} {_span(amount, unit)} after {_word(start)}"
        case Some(kind, via, where, least):
            which = "" if where == ALWAYS else f" where ({_said(where)})"
            return f"has at least {least} {_word(kind)} by {_word(via)}{which}"
        case Call(name, arguments):
            return f"{_word(name)}({', '.join(map(_value, arguments))})"
        case _:
            raise CriteriaError(f"got {shape(criteria)} where a condition stands")


def _term(term: Term) -> str:
    match term:
        case Age(path):
            return f"the age by {_word(path)}"
        case Part(path, part):
            return f"the {part} of {_word(path)}"
        case Field(path):
            return _word(path)


def _words(value: Value) -> dict[Operator, str]:
    in_time = isinstance(value, Ago) or (isinstance(value, str) and _TIME.fullmatch(value) is not None)
    return _IN_TIME if in_time else _COMPARED


def _value(value: Value) -> str:
    match value:
        case Ago(0):
            return "now"
        case Ago(amount, unit):
            return f"{_span(amount, unit)} ago" if amount > 0 else f"{_span(-amount, unit)} from now"
        case Param(name):
            return f"the given {_word(name)}"
        case Field(path):
            return f"its {_word(path)}"
        case str():
            return _quoted(value)
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _span(amount: int, unit: Unit) -> str:
    return f"{amount} {unit.removesuffix('s') if amount == 1 else unit}"


def _word(word: str) -> str:
    """A path or a name as it is; in quotes if it could be read as anything else."""
    return word if _PATH.fullmatch(word) else _quoted(word)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())
