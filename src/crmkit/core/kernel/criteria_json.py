"""Conditions as JSON: an object of one key that says what it is, lists behind it; there and back is the same condition.

A text is always a text: what stands for a value that is not known yet is an object, `{"param": "me"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from crmkit.core.kernel.call import Call
from crmkit.core.kernel.columns import Json
from crmkit.core.kernel.criteria import (
    Age,
    Ago,
    And,
    Calendar,
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
    Scalar,
    Some,
    Term,
    Unit,
    Value,
)
from crmkit.core.kernel.errors import CriteriaError, shape
from crmkit.core.kernel.limits import DEEPEST, refuse_oversized

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


def to_json(criteria: Criteria) -> Json:
    """The condition as JSON, ready for `json.dumps`.

    :raises CriteriaError: it is larger than conditions may be
    """
    refuse_oversized(criteria)
    return _criteria(criteria)


def _criteria(criteria: Criteria) -> Json:
    match criteria:
        case Constant(value):
            return {"constant": value}
        case And(items):
            return {"all": [_criteria(item) for item in items]}
        case Or(items):
            return {"any": [_criteria(item) for item in items]}
        case Not(item):
            return {"not": _criteria(item)}
        case Some(kind, via, where, least):
            return {"some": [kind, via, _criteria(where), least]}
        case _:
            return _leaf(criteria)


def _leaf(criteria: Criteria) -> Json:
    match criteria:
        case Compare(term, operator, value):
            return {"compare": [_term(term), operator.value, _value(value)]}
        case In(term, values):
            return {"in": [_term(term), [_value(value) for value in values]]}
        case Matches(path, match, text):
            return {match.value: [path, _value(text)]}
        case Has(path, tag):
            return {"has": [path, _value(tag)]}
        case Present(path):
            return {"present": path}
        case Elapsed(start, end, operator, amount, unit):
            return {"elapsed": [start, end, operator.value, amount, unit.value]}
        case Call(name, arguments):
            return {"call": [name, *map(_value, arguments)]}
        case _:
            raise CriteriaError(f"got {shape(criteria)} where a condition stands")


def _term(term: Term) -> Json:
    match term:
        case Field(path):
            return path
        case Age(path):
            return {"age": path}
        case Part(path, part):
            return {"part": [path, part.value]}


def _value(value: Value) -> Json:
    match value:
        case Param(name):
            return {"param": name}
        case Ago(amount, unit):
            return {"ago": [amount, unit.value]}
        case Field(path):
            return {"field": path}
        case _:
            return value


def from_json(json: Json) -> Criteria:
    """The condition that `to_json` wrote.

    :raises CriteriaError: a key or a shape that no condition has, or one larger than conditions may be; names the place
    """
    criteria = _At(json).criteria()
    refuse_oversized(criteria)
    return criteria


@frozen
class _At:
    """A piece of JSON and the place where it stands."""

    json: Any
    place: str = ""
    depth: int = 1

    def refused(self, accepts: str) -> CriteriaError:
        where = self.place or "the condition"
        return CriteriaError(
            f"{where}: got {_shown(self.json)}", hint=f"accepted: {accepts}", facts={"place": self.place}
        )

    def tagged(self, tags: Iterable[str]) -> tuple[str, _At]:
        """The only key of an object, which is one of these, and what is behind it."""
        if isinstance(self.json, dict) and len(self.json) == 1:
            ((tag, inside),) = self.json.items()
            if tag in tags:
                return tag, _At(inside, f"{self.place}.{tag}".lstrip("."), self.depth + 1)
        raise self.refused(f"an object with one of the keys {', '.join(tags)}")

    def items(self, count: int | None = None) -> list[_At]:
        """What is in a list of so many, or of at least one."""
        if not isinstance(self.json, list) or not self.json or len(self.json) != (count or len(self.json)):
            raise self.refused(f"a list of {count or 'at least one'}")
        return [evolve(self, json=item, place=f"{self.place}[{number}]") for number, item in enumerate(self.json)]

    def only(self, kind: type[T]) -> T:
        """A value of exactly this type: true is no number here."""
        if type(self.json) is not kind:
            raise self.refused({str: "a text", int: "a whole number", bool: "true or false"}[kind])
        return self.json

    def choice(self, choices: type[E]) -> E:
        """One of the words of an enum."""
        if self.json not in list(choices):
            raise self.refused(f"one of {', '.join(choices)}")
        return choices(self.json)

    def criteria(self) -> Criteria:
        """A condition."""
        if self.depth > DEEPEST:
            raise CriteriaError(f"conditions inside conditions over {DEEPEST} levels deep", facts={"place": self.place})
        tag, inside = self.tagged(_CRITERIA)
        return _CRITERIA[tag](inside)

    def term(self) -> Term:
        """What is left of a comparison: a path by itself is a field."""
        if isinstance(self.json, str):
            return Field(self.json)
        tag, inside = self.tagged(("age", "part"))
        if tag == "age":
            return Age(inside.only(str))
        path, part = inside.items(2)
        return Part(path.only(str), part.choice(Calendar))

    def value(self) -> Value:
        """What is right of a comparison: anything but an object is itself."""
        if isinstance(self.json, bool | int | str):
            return self.json
        if not isinstance(self.json, dict):
            raise self.refused("a text, a whole number, true, false, or one of param, field and ago")
        tag, inside = self.tagged(("param", "field", "ago"))
        if tag == "ago":
            amount, unit = inside.items(2)
            return Ago(amount.only(int), unit.choice(Unit))
        return Param(inside.only(str)) if tag == "param" else Field(inside.only(str))

    def scalar(self) -> Scalar | Param:
        """A value that a function is given."""
        found = self.value()
        if isinstance(found, Ago | Field):
            raise self.refused("a text, a whole number, true, false or a param")
        return found

    def text(self) -> str | Param:
        """A text that is searched for."""
        found = self.value()
        if not isinstance(found, str | Param):
            raise self.refused("a text or a param")
        return found


def _shown(json: object) -> str:
    """A refused piece, without what is deep inside of it."""
    if isinstance(json, dict):
        return (
            f"an object with the keys {', '.join(str(key)[:40] for key in list(json)[:3])}"
            if json
            else "an empty object"
        )
    return f"a list of {len(json):,}" if isinstance(json, list) else shape(json)


def _compare(at: _At) -> Criteria:
    term, operator, value = at.items(3)
    return Compare(term.term(), operator.choice(Operator), value.value())


def _in(at: _At) -> Criteria:
    term, values = at.items(2)
    return In(term.term(), tuple(value.value() for value in values.items()))


def _matches(match: Match) -> Callable[[_At], Criteria]:
    def matches(at: _At) -> Criteria:
        path, text = at.items(2)
        return Matches(path.only(str), match, text.text())

    return matches


def _has(at: _At) -> Criteria:
    path, tag = at.items(2)
    return Has(path.only(str), tag.text())


def _elapsed(at: _At) -> Criteria:
    start, end, operator, amount, unit = at.items(5)
    return Elapsed(start.only(str), end.only(str), operator.choice(Operator), amount.only(int), unit.choice(Unit))


def _call(at: _At) -> Criteria:
    name, *arguments = at.items()
    return Call(name.only(str), tuple([argument.scalar() for argument in arguments]))


def _some(at: _At) -> Criteria:
    kind, via, where, least = at.items(4)
    return Some(kind.only(str), via.only(str), where.criteria(), least.only(int))


_CRITERIA: Final[dict[str, Callable[[_At], Criteria]]] = {
    "constant": lambda at: Constant(at.only(bool)),
    "all": lambda at: And(tuple(item.criteria() for item in at.items())),
    "any": lambda at: Or(tuple(item.criteria() for item in at.items())),
    "not": lambda at: Not(at.criteria()),
    "compare": _compare,
    "in": _in,
    "starts_with": _matches(Match.STARTS_WITH),
    "contains": _matches(Match.CONTAINS),
    "has": _has,
    "present": lambda at: Present(at.only(str)),
    "elapsed": _elapsed,
    "some": _some,
    "call": _call,
}
