"""Functions in conditions: what a call stands for, and what no function can do to a condition."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.call import MOST_CALLS, Call, Function, call
from crmkit.core.kernel.criteria import ALWAYS, Ago, And, Criteria, Field, Not, Or, Param, Unit, some, where
from crmkit.core.kernel.criteria_json import from_json, to_json
from crmkit.core.kernel.describe import describe
from crmkit.core.kernel.errors import CriteriaError
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.limits import DEEPEST, MOST_NODES
from crmkit.testing.world.pools import NOW, PARAMS
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.strategies import criteria


def bound(criteria: Criteria, functions: Mapping[str, Function], kind: str = "visit", **params: Any) -> Ground:
    return bind(criteria, model=MODEL, kind=kind, now=NOW, params={**PARAMS, **params}, functions=functions)


def hot(least: int) -> Criteria:
    """What a plugin might know."""
    return (where("score") >= least) & where("started_at").in_last(30, "days")


@given(criteria("visit"))
def test_a_call_is_what_its_function_gives(condition: Criteria) -> None:
    """Wherever it stands, also inside what another function gives."""
    functions: dict[str, Function] = {"acme.it": lambda: condition, "acme.not_it": lambda: ~call("acme.it")}

    for around in (lambda one: one, Not, lambda one: And((one, ALWAYS)), lambda one: Or((Not(one), one))):
        assert bound(around(call("acme.it")), functions) == bound(around(condition), functions)
        assert bound(around(call("acme.not_it")), functions) == bound(around(~condition), functions)
    assert bound(some("visit", "firm_id", call("acme.it")), functions, "firm") == bound(
        some("visit", "firm_id", condition), functions, "firm"
    )


def test_arguments_arrive_as_they_stand_in_json() -> None:
    """A parameter as the value that was given for it."""
    seen: list[Any] = []

    def note(*arguments: Any) -> Criteria:
        seen.extend(arguments)
        return ALWAYS

    condition = call("acme.note", 30, True, "x", date(2024, 2, 29), Param("number"), Param("day"))
    assert bound(condition, {"acme.note": note}) == bound(ALWAYS, {})
    assert seen == [30, True, "x", "2024-02-29", PARAMS["number"], str(PARAMS["day"])]


def test_a_call_is_kept_and_said_unexpanded() -> None:
    """What is stored names the function: another version of the plugin may know better what is hot."""
    condition = call("acme.hot", 30, Param("me")) & (where("score") > 1)

    assert to_json(condition) == {"all": [{"call": ["acme.hot", 30, {"param": "me"}]}, {"compare": ["score", ">", 1]}]}
    assert from_json(json.loads(json.dumps(to_json(condition)))) == condition
    assert describe(condition) == "acme.hot(30, the given me) and score is more than 1"
    assert describe(call("is hot", "x")) == '"is hot"("x")'
    assert repr(call("acme.hot", 30)) == "Call(name='acme.hot', arguments=(30,))"


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({"call": []}, "call"),
        ({"call": "acme.hot"}, "call"),
        ({"call": [5]}, "call[0]"),
        ({"call": ["acme.hot", {"ago": [1, "days"]}]}, "call[1]"),
        ({"call": ["acme.hot", {"field": "score"}]}, "call[1]"),
        ({"call": ["acme.hot", 1.5]}, "call[1]"),
        ({"call": ["acme.hot", [1]]}, "call[1]"),
    ],
)
def test_json_that_is_no_call_is_refused_at_its_place(form: Any, place: str) -> None:
    """As all of the form is."""
    with pytest.raises(CriteriaError) as refused:
        from_json(form)

    assert refused.value.facts["place"] == place


@pytest.mark.parametrize("argument", [1.5, Field("score"), Ago(1, Unit.DAYS), None, [1], object()])
def test_what_a_function_cannot_take_is_refused_at_once(argument: Any) -> None:
    """Terms of the record are the business of the condition that the function gives."""
    with pytest.raises(CriteriaError):
        call("acme.hot", argument)


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (call("acme.hott", 3), "no function «acme.hott».*did you mean acme.hot"),
        (call("acme.hot"), r"«acme.hot» does not take 0 values \(it takes \(least\)\)"),
        (call("acme.hot", 1, 2), "«acme.hot» does not take 2 values"),
        (call("acme.hot", Param("nobody")), "no value for the parameter «nobody»"),
        (call("acme.hot", Param("term")), "a function cannot take"),
        (call("acme.hot", Param("other")), "is given by another"),
        (call("acme.hot", "x"), "score: got the text 'x'"),
        (call("acme.fails"), "the function «acme.fails» failed: out of order"),
        (call("acme.nothing"), "the function «acme.nothing» gave None"),
        (call("acme.recurs"), "without end: «acme.recurs» -> «acme.recurs»"),
        (call("acme.ping"), "without end: «acme.ping» -> «acme.pong» -> «acme.ping»"),
        (call("acme.typo"), "visit has no «scor»"),
        (call("x" * 1000), "a text of 1,000 characters"),
    ],
)
def test_what_cannot_be_expanded_is_refused(condition: Criteria, says: str) -> None:
    """By an error of conditions, whatever the plugin does."""

    def fails() -> Criteria:
        raise ZeroDivisionError("out of order")

    functions: dict[str, Callable[..., Any]] = {
        "acme.hot": hot,
        "acme.fails": fails,
        "acme.nothing": lambda: None,
        "acme.recurs": lambda: ~call("acme.recurs"),
        "acme.ping": lambda: call("acme.pong"),
        "acme.pong": lambda: ALWAYS & call("acme.ping"),
        "acme.typo": lambda: where("scor") == 1,
    }
    with pytest.raises(CriteriaError, match=says):
        bound(condition, functions, term=Field("score"), other=Param("number"))


def test_a_crm_without_functions_knows_none() -> None:
    """It says so."""
    with pytest.raises(CriteriaError, match="there is no function the text 'acme.hot'"):
        bound(call("acme.hot", 30), {})


def test_functions_cannot_make_a_condition_too_large() -> None:
    """Neither one by itself, nor many that double each other, nor a chain without end, nor nests in nests."""
    leaf = where("score") == 1
    nest: Criteria = leaf
    for _ in range(DEEPEST // 2 + 1):
        nest = Not(nest)
    nested = nest
    functions: dict[str, Callable[..., Any]] = {
        "wide": lambda: And((leaf,) * MOST_NODES),
        "half": lambda: And((leaf,) * (MOST_NODES // 2)),
        "nest": lambda: nested,
        **{f"double{n}": (lambda n=n: call(f"double{n + 1}") & call(f"double{n + 1}")) for n in range(9)},
        "double9": lambda: leaf,
        **{f"chain{n}": (lambda n=n: call(f"chain{n + 1}")) for n in range(MOST_CALLS + 2)},
    }
    deep: Criteria = call("nest")
    for _ in range(DEEPEST // 2):
        deep = Not(deep)

    for condition in (call("wide"), call("half") | call("half"), deep, call("double0"), call("chain0")):
        with pytest.raises(CriteriaError, match="levels deep|conditions in one|without end"):
            bound(condition, functions)
    assert bound(call("half"), functions) == bound(And((leaf,) * (MOST_NODES // 2)), {})
    assert bound(call("double9"), functions) == bound(leaf, {})


def test_a_call_can_be_compared_like_any_condition() -> None:
    """Equal names and arguments are the same condition."""
    assert call("acme.hot", 30) == Call("acme.hot", (30,)) != call("acme.hot", 31)
