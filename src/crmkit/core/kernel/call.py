"""Functions in conditions: what a plugin knows how to ask, written as a call and expanded before anything is bound.

    call("acme.hot", 30) & (where("source") == "web")

A function is a macro, `(*arguments) -> Criteria`: what it gives is a condition like any other, so both readings, every
store and every limit know it already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from attrs import define, evolve, field, frozen

from crmkit.core.kernel.criteria import And, Criteria, Given, Not, Or, Param, Scalar, Some, literal
from crmkit.core.kernel.errors import CriteriaError, shape
from crmkit.core.kernel.limits import DEEPEST, MOST_NODES, refuse_oversized, size
from crmkit.core.kernel.model import meant
from crmkit.core.kernel.params import supplied

Function: TypeAlias = Callable[..., Criteria]

MOST_CALLS: Final = 10  #: functions that use each other, one inside the other
LONGEST_SHOWN: Final = 80  #: characters of a name in an error
NO_FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({})


@frozen
class Call(Criteria):
    """What the function of this name gives for these arguments."""

    name: str
    arguments: tuple[Scalar | Param, ...] = ()


def call(name: str, *arguments: Given) -> Criteria:
    """The condition that a function of the CRM makes of these values: texts, numbers, dates, ids, or `Param`.

    :raises CriteriaError: a float, a field, a time ago, or something that is no value at all
    """
    return Call(name, tuple(_argument(literal(value)) for value in arguments))


def expanded(criteria: Criteria, functions: Mapping[str, Function], params: Mapping[str, Given]) -> Criteria:
    """The condition with what its calls stand for in their place; the same object where there are none.

    :raises CriteriaError: an unknown function, arguments that it does not take or that are not given, a function that
        fails, gives no condition, or comes back to itself; one that gives more than a condition may have
    """
    return _Expansion(functions, params).of(criteria, ())


@define
class _Expansion:
    functions: Mapping[str, Function]
    params: Mapping[str, Given]
    nodes: int = field(default=0, init=False)  #: that functions gave so far, those that were expanded further too

    def of(self, criteria: Criteria, inside: tuple[str, ...], depth: int = 1) -> Criteria:
        if depth > DEEPEST:
            raise CriteriaError(f"functions give conditions over {DEEPEST} levels deep", facts={"function": inside[0]})
        match criteria:
            case And(items) | Or(items):
                found = tuple([self.of(item, inside, depth + 1) for item in items])
                same = all(new is old for new, old in zip(found, items, strict=True))
                return criteria if same else type(criteria)(found)
            case Not(item):
                one = self.of(item, inside, depth + 1)
                return criteria if one is item else Not(one)
            case Some(where=item):
                one = self.of(item, inside, depth + 1)
                return criteria if one is item else evolve(criteria, where=one)
            case Call():
                return self.of(self.given(criteria, inside), (*inside, criteria.name), depth)
            case _:
                return criteria

    def given(self, call: Call, inside: tuple[str, ...]) -> Criteria:
        """What the function itself gives."""
        name, arguments = call.name, tuple([self.scalar(each) for each in call.arguments])
        if name in inside or len(inside) >= MOST_CALLS:
            way = " -> ".join(map(_named, (*inside, name)))
            raise CriteriaError(f"functions that use each other without end: {way}", facts={"function": name})
        function = self.functions.get(name)
        if function is None:
            raise CriteriaError(f"there is no function {_named(name)}", hint=meant(name, self.functions))
        _require_taken(name, function, arguments)
        try:
            found = function(*arguments)
        except Exception as error:
            raise CriteriaError(f"the function {_named(name)} failed: {error}", facts={"function": name}) from error
        if not isinstance(found, Criteria):
            raise CriteriaError(f"the function {_named(name)} gave {shape(found)}", hint="it has to give a condition")
        refuse_oversized(found)
        self.nodes += size(found)
        if self.nodes > MOST_NODES:
            raise CriteriaError(f"functions give over {MOST_NODES} conditions in one", facts={"function": name})
        return found

    def scalar(self, argument: Scalar | Param) -> Scalar:
        """The value itself, or the one that was given for it."""
        if not isinstance(argument, Param):
            return argument
        value = _argument(literal(supplied(argument, self.params)))
        if isinstance(value, Param):
            raise CriteriaError(f"the parameter «{argument.name}» is given by another", hint="a text or a number")
        return value


def _argument(value: Any) -> Scalar | Param:
    if not isinstance(value, bool | int | str | Param):
        raise CriteriaError(f"a function cannot take {shape(value)}", hint="a text, a number, true, false or a Param")
    return value


def _require_taken(name: str, function: Function, arguments: tuple[Scalar, ...]) -> None:
    try:
        takes = signature(function)
    except (TypeError, ValueError):  # one that does not say: calling it will tell
        return
    try:
        takes.bind(*arguments)
    except TypeError:
        parameters = ", ".join(takes.parameters)
        raise CriteriaError(
            f"{_named(name)} does not take {len(arguments)} values", hint=f"it takes ({parameters})"
        ) from None


def _named(name: object) -> str:
    return f"«{name}»" if isinstance(name, str) and len(name) <= LONGEST_SHOWN else shape(name)
