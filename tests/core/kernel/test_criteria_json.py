"""Conditions as JSON: there and back, and what is refused on the way back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import (
    ALWAYS,
    NEVER,
    Ago,
    And,
    Criteria,
    Field,
    Or,
    Param,
    Unit,
    some,
    where,
    within,
)
from crmkit.core.kernel.criteria_json import from_json, to_json
from crmkit.core.kernel.errors import CriteriaError
from crmkit.testing.world.strategies import criteria

A = {"present": "a"}


@given(criteria("visit") | criteria("firm"))
def test_there_and_back_is_the_same(condition: Criteria) -> None:
    """Also through text, and true stays apart from 1."""
    back = from_json(json.loads(json.dumps(to_json(condition))))

    assert back == condition
    assert repr(back) == repr(condition)


@given(st.text())
def test_a_text_is_nothing_but_a_text(text: str) -> None:
    """Whatever it looks like: it is no parameter, no field and no time."""
    condition = (
        (where("a") == text) & where("a").contains(text or "x") & (where("a").in_([text, Param(text), Field(text)]))
    )

    assert from_json(json.loads(json.dumps(to_json(condition)))) == condition


@pytest.mark.parametrize(
    ("condition", "form"),
    [
        (ALWAYS, {"constant": True}),
        (NEVER, {"constant": False}),
        (And((where("a").present(),)), {"all": [A]}),
        (Or((where("a").present(), where("b").present())), {"any": [A, {"present": "b"}]}),
        (~where("a").present(), {"not": A}),
        (where("a") == "x", {"compare": ["a", "==", "x"]}),
        (where("a") != Field("b"), {"compare": ["a", "!=", {"field": "b"}]}),
        (where("a") < Ago(3, Unit.DAYS), {"compare": ["a", "<", {"ago": [3, "days"]}]}),
        (where("a") >= Param("me"), {"compare": ["a", ">=", {"param": "me"}]}),
        (where("a").age_years > 5, {"compare": [{"age": "a"}, ">", 5]}),
        (where("a").part("month").in_([1, 2]), {"in": [{"part": ["a", "month"]}, [1, 2]]}),
        (where("a").in_([True, "x"]), {"in": ["a", [True, "x"]]}),
        (where("a").starts_with("x"), {"starts_with": ["a", "x"]}),
        (where("a").contains(Param("q")), {"contains": ["a", {"param": "q"}]}),
        (where("a").has("x"), {"has": ["a", "x"]}),
        (within(3, "days", start="a", end="b"), {"elapsed": ["a", "b", "<=", 3, "days"]}),
        (some("visit", "firm_id", where("a").present(), least=2), {"some": ["visit", "firm_id", A, 2]}),
    ],
)
def test_the_form_is_this(condition: Criteria, form: Any) -> None:
    """What is kept today is read tomorrow: the form of each node does not change."""
    assert to_json(condition) == form
    assert from_json(form) == condition


@pytest.mark.parametrize(
    ("form", "place"),
    [
        (None, ""),
        ("always", ""),
        ([A], ""),
        ({}, ""),
        ({"present": "a", "not": A}, ""),
        ({"xor": [A]}, ""),
        ({1: "a"}, ""),
        ({"constant": 1}, "constant"),
        ({"all": []}, "all"),
        ({"any": A}, "any"),
        ({"all": [A, {"not": {"present": 5}}]}, "all[1].not.present"),
        ({"not": [A]}, "not"),
        ({"compare": ["a", "=="]}, "compare"),
        ({"compare": ["a", "==", 1, 2]}, "compare"),
        ({"compare": ["a", "=", 1]}, "compare[1]"),
        ({"compare": ["a", ["=="], 1]}, "compare[1]"),
        ({"compare": [5, "==", 1]}, "compare[0]"),
        ({"compare": [{"param": "a"}, "==", 1]}, "compare[0]"),
        ({"compare": [{"part": ["a", "week"]}, "==", 1]}, "compare[0].part[1]"),
        ({"compare": ["a", "==", 1.5]}, "compare[2]"),
        ({"compare": ["a", "==", None]}, "compare[2]"),
        ({"compare": ["a", "==", [1]]}, "compare[2]"),
        ({"compare": ["a", "==", {"age": "b"}]}, "compare[2]"),
        ({"compare": ["a", "==", {"ago": [1.0, "days"]}]}, "compare[2].ago[0]"),
        ({"compare": ["a", "==", {"ago": [True, "days"]}]}, "compare[2].ago[0]"),
        ({"compare": ["a", "==", {"ago": [1, "day"]}]}, "compare[2].ago[1]"),
        ({"in": ["a", []]}, "in[1]"),
        ({"in": ["a", "abc"]}, "in[1]"),
        ({"in": ["a", [1, {"field": 2}]]}, "in[1][1].field"),
        ({"contains": ["a", 5]}, "contains[1]"),
        ({"starts_with": ["a", {"field": "b"}]}, "starts_with[1]"),
        ({"has": ["a", True]}, "has[1]"),
        ({"elapsed": ["a", "b", "<=", "3", "days"]}, "elapsed[3]"),
        ({"some": ["visit", "firm_id", A, "1"]}, "some[3]"),
        ({"some": ["visit", "firm_id", {"any": [A, {}]}, 1]}, "some[2].any[1]"),
    ],
)
def test_what_is_no_condition_is_refused_at_its_place(form: Any, place: str) -> None:
    """The error says where and what would be accepted there."""
    with pytest.raises(CriteriaError) as refused:
        from_json(form)

    assert refused.value.facts["place"] == place
    assert str(refused.value).startswith(f"{place or 'the condition'}: got ")
    assert refused.value.hint.startswith("accepted: ")


@pytest.mark.parametrize("inside", ["not", "all", "some", "ago", "list"])
def test_what_is_too_deep_to_read_is_refused(inside: str) -> None:
    """Long before Python gives up."""
    deep: Any = A
    for _ in range(100_000):
        deep = {"not": {"not": deep}, "all": {"all": [deep]}, "some": {"some": ["k", "v", deep, 1]}}.get(inside, [deep])

    with pytest.raises(CriteriaError):
        from_json({"compare": ["a", "==", {"ago": deep}]} if inside == "ago" else deep)


def test_what_is_no_condition_is_not_written() -> None:
    """A node of somebody else's has no form."""

    class Strange(Criteria):
        """Not one of those that are known."""

    with pytest.raises(CriteriaError, match="where a condition stands"):
        to_json(Strange())
