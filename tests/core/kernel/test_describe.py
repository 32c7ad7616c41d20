"""Conditions in words."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import (
    ALWAYS,
    Ago,
    And,
    Criteria,
    Field,
    Not,
    Or,
    Param,
    Unit,
    some,
    where,
    within,
)
from crmkit.core.kernel.criteria_json import to_json
from crmkit.core.kernel.describe import describe
from crmkit.core.kernel.errors import CriteriaError
from crmkit.testing.world.strategies import criteria


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (where("status") == "open", 'status is "open"'),
        (where("done") != True, "done is not true"),  # noqa: E712
        (where("budget.amount") >= 100, "budget.amount is at least 100"),
        (where("born_on") < "2024-01-01", 'born_on is before "2024-01-01"'),
        (where("due_at") <= Ago(0, Unit.DAYS), "due_at is not after now"),
        (where("due_at") > Ago(1, Unit.DAYS), "due_at is after 1 day ago"),
        (where("due_at") > Ago(-2, Unit.HOURS), "due_at is after 2 hours from now"),
        (where("score").between(1, 5), "score is between 1 and 5"),
        (where("called_at").in_last(30, "days"), "called_at is in the last 30 days"),
        (where("due_at").in_next(1, "weeks"), "due_at is in the next 1 week"),
        (
            where("due_at").between(Ago(3, Unit.DAYS), Ago(0, Unit.HOURS)),
            "due_at is between 3 days ago and now",
        ),
        (where("birthday").age_years.between(25, 35), "the age by birthday is between 25 and 35"),
        (where("birthday").part("month") == 5, "the month of birthday is 5"),
        (where("region").in_(["Seoul", Param("mine")]), 'region is one of "Seoul", the given mine'),
        (where("ended_at") > Field("due_at"), "ended_at is more than its due_at"),
        (where("name").starts_with("한"), 'name starts with "한"'),
        (where("name").contains('a"b'), r'name contains "a\"b"'),
        (where("tags").has("vip"), 'tags has "vip"'),
        (where("email").present(), "email is present"),
        (~where("email").present(), "email is missing"),
        (~(where("a") == 1), "not (a is 1)"),
        (within(8, "hours", start="opened_at", end="closed_at"), "closed_at is at most 8 hours after opened_at"),
        (some("visit", "firm_id"), "has at least 1 visit by firm_id"),
        (
            some("visit", "firm_id", where("mood") == "bad", least=2),
            'has at least 2 visit by firm_id where (mood is "bad")',
        ),
        (ALWAYS, "always"),
        (
            (where("status") == "open") & ((where("score") > 5) | ~where("called_at").in_last(30, "days")),
            'status is "open" and (score is more than 5 or not (called_at is in the last 30 days))',
        ),
        (
            (where("score").between(1, 5) | where("mail").present()) & where("score").between(1, 5),
            "(score is between 1 and 5 or mail is present) and score is between 1 and 5",
        ),
        (where("name") == "a\u202eb", r'name is "a\u202eb"'),
        (where("a is 1 or b") == 1, '"a is 1 or b" is 1'),
    ],
)
def test_a_condition_is_said_like_this(condition: Criteria, words: str) -> None:
    """Part of a sentence that people read as it is meant."""
    assert describe(condition) == words


def test_no_two_combinations_read_the_same() -> None:
    """Every way to put three conditions together, two levels deep, in words of its own."""
    leaves: list[Criteria] = [where("a") >= 1, where("a") <= 2, where("b").present()]
    found: list[Criteria] = list(leaves)
    for _ in range(2):
        pairs = list(product(found, repeat=2))
        nodes = (
            [Not(one) for one in found]
            + [node((one,)) for node in (And, Or) for one in found]
            + [node(pair) for node in (And, Or) for pair in pairs]
        )
        found = [*leaves, *nodes]

    assert len(found) > 1500
    assert len({describe(each) for each in found}) == len(set(found))


@given(st.lists(criteria("visit"), min_size=2, max_size=20))
def test_what_reads_the_same_is_the_same(conditions: list[Criteria]) -> None:
    """Whatever is asked; `now` is the same in every unit."""
    by_words: dict[str, str] = {}
    for each in conditions:
        form = str(to_json(each))
        for unit in Unit:
            form = form.replace(f"[0, '{unit}']", "now")
        assert by_words.setdefault(describe(each), form) == form


def test_what_is_no_condition_has_no_words() -> None:
    """A node of somebody else's."""

    class Strange(Criteria):
        """Not one of those that are known."""

    with pytest.raises(CriteriaError, match="where a condition stands"):
        describe(Strange())
