"""How conditions are written down."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmkit.core.kernel.criteria import (
    Age,
    Ago,
    And,
    Calendar,
    Compare,
    Criteria,
    Field,
    In,
    Operator,
    Or,
    Param,
    Part,
    Some,
    Unit,
    all_of,
    any_of,
    some,
    where,
    within,
)
from crmkit.core.kernel.errors import CriteriaError
from crmkit.testing.world.records import Mood

A, B, C = (where(path) == 1 for path in "abc")


def test_operators_are_nodes() -> None:
    """What Python reads as a comparison is data."""
    compared = {
        Operator.EQUAL: where("a") == 1,
        Operator.UNEQUAL: where("a") != 1,
        Operator.LESS: where("a") < 1,
        Operator.AT_MOST: where("a") <= 1,
        Operator.MORE: where("a") > 1,
        Operator.AT_LEAST: where("a") >= 1,
    }

    assert compared == {operator: Compare(Field("a"), operator, 1) for operator in Operator}


def test_what_is_taken_out_of_a_date_is_compared_alike() -> None:
    """Its age, year, month and day."""
    assert (where("a").age_years >= 18) == Compare(Age("a"), Operator.AT_LEAST, 18)
    assert where("a").part("month").in_([1, 2]) == In(Part("a", Calendar.MONTH), (1, 2))


def test_chains_are_flat() -> None:
    """However they are put in parentheses; a mixture is not."""
    assert (A & (B & C)) == ((A & B) & C) == And((A, B, C)) == all_of(A, B, C)
    assert (A | (B | C)) == Or((A, B, C)) == any_of(A, B, C)
    assert And((A, Or((B, C)))) == (A & (B | C))


def test_a_period_is_two_comparisons() -> None:
    """With now at one end."""
    assert where("a").in_last(3, "days") == where("a").between(Ago(3, Unit.DAYS), Ago(0, Unit.DAYS))
    assert where("a").in_next(3, Unit.HOURS) == where("a").between(Ago(0, Unit.HOURS), Ago(-3, Unit.HOURS))
    assert Ago(30, "days") == Ago(30, Unit.DAYS)
    with pytest.raises(CriteriaError, match="fortnights"):
        Ago(1, "fortnights")


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (Mood.GOOD, "good"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime.fromisoformat("2024-02-29T09:00+09:00"), "2024-02-29T00:00:00.000000Z"),
        (Decimal("1.50"), "1.50"),
        (Decimal("5E+2"), "500"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (True, True),
        (0, 0),
        (Param("me"), Param("me")),
    ],
)
def test_a_value_is_held_as_json(value: Any, held: Any) -> None:
    """One form for each, so that a condition can be kept and compared."""
    comparison = where("a") == value

    assert isinstance(comparison, Compare)
    assert (comparison.value, type(comparison.value)) == (held, type(held))


@pytest.mark.parametrize(
    "value",
    [
        *(1.5, float("nan"), None, b"x", [1], object(), where("b"), A),
        *(Decimal("NaN"), Decimal("Infinity"), Decimal("1E+5000"), datetime(2024, 2, 29)),
        datetime.fromisoformat("0001-01-01T00:00+09:00"),
    ],
)
def test_what_no_field_holds_is_refused(value: Any) -> None:
    """Where it is written, not when it is asked."""
    with pytest.raises(CriteriaError):
        _ = where("a") == value
    with pytest.raises(CriteriaError):
        where("a").in_([value])


def test_none_is_no_value() -> None:
    """The error says how to ask for what is missing."""
    with pytest.raises(CriteriaError, match=r"present\(\)"):
        _ = where("a") == None  # noqa: E711


def test_nothing_is_empty_by_accident() -> None:
    """Everybody and nobody are said in words."""
    with pytest.raises(CriteriaError, match="ALWAYS"):
        all_of()
    with pytest.raises(CriteriaError, match="NEVER"):
        any_of()
    with pytest.raises(CriteriaError, match="NEVER"):
        where("a").in_([])


def test_a_text_is_no_list_of_values() -> None:
    """Its letters are hardly ever meant."""
    with pytest.raises(CriteriaError, match="a list of values"):
        where("a").in_("abc")


def test_a_condition_is_neither_true_nor_false() -> None:
    """So `and`, `or`, `not` and chains of comparisons cannot be mistaken for conditions."""
    with pytest.raises(CriteriaError, match="combine with"):
        bool(A)
    with pytest.raises(CriteriaError, match="combine with"):
        _ = 1 < where("a") < 5


@pytest.mark.parametrize("other", [True, "x", None, where("b")])
def test_only_conditions_combine(other: Any) -> None:
    """A comparison without parentheses is found at once."""
    with pytest.raises(CriteriaError, match="where a condition stands"):
        _ = A & other
    with pytest.raises(CriteriaError, match="where a condition stands"):
        _ = A | other


def test_what_was_taken_out_of_a_field_is_compared_only() -> None:
    """An age has no letters, and no age."""
    for asked in ("starts_with", "contains", "has"):
        with pytest.raises(CriteriaError, match=asked):
            getattr(where("a").age_years, asked)("x")
    with pytest.raises(CriteriaError, match="age_years"):
        _ = where("a").age_years.age_years


def test_unknown_units_and_parts_are_named() -> None:
    """With those there are."""
    with pytest.raises(CriteriaError, match="minutes, hours, days"):
        where("a").in_last(1, "fortnights")
    with pytest.raises(CriteriaError, match="year, month, day"):
        where("a").part("week")
    with pytest.raises(CriteriaError, match="not all equally long"):
        within(1, "months", start="a", end="b")


def test_a_count_is_of_one_at_least() -> None:
    """None at all is the complement."""
    assert some("visit", "firm_id") == Some("visit", "firm_id")
    with pytest.raises(CriteriaError, match="~some"):
        some("visit", "firm_id", least=0)


def test_a_condition_is_a_value() -> None:
    """Equal by what it says, and a key of mappings; a field that waits for its comparison is none."""
    assert {A: 1}[where("a") == 1] == 1
    assert isinstance(A, Criteria)
    with pytest.raises(TypeError):
        hash(where("a"))


def test_the_clock_is_not_looked_at() -> None:
    """The same condition tomorrow is the same."""
    assert where("a").in_last(1, "days") == where("a").in_last(1, "days")
    assert (where("a") > datetime(2024, 1, 1, tzinfo=UTC)) == (where("a") > "2024-01-01T00:00:00.000000Z")
