"""Questions that differ in nothing but their values are written out once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from attrs import evolve, frozen
from sqlalchemy.dialects import sqlite

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Criteria, some, where
from crmkit.core.kernel.custom_field import CustomField, Holds
from crmkit.core.kernel.entity import extends
from crmkit.core.kernel.fields import Tags
from crmkit.core.kernel.model import Model
from crmkit.storage.questions import Questions
from crmkit.storage.sqlite_dialect import SQLiteDialect
from crmkit.storage.tables import tables
from crmkit.testing.world.records import MODEL, Firm, Visit
from crmkit.testing.world.samples import an_id

NOW: Final = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def questions() -> Questions:
    """Those of a store that was asked nothing yet."""
    return Questions(tables(MODEL, SQLiteDialect(), "crm_"), sqlite.dialect())


def asked(questions: Questions, criteria: Criteria, limit: int | None = None) -> tuple[str, tuple[Any, ...]]:
    """What is said for visits."""
    return questions.of("visit", bind(criteria, model=MODEL, kind="visit", now=NOW), (), limit)


@pytest.mark.parametrize(
    ("one", "other", "values"),
    [
        (where("score") == 1, where("score") == 2, (2,)),
        (where("title").contains("a"), where("title").contains("B"), ("b", 0)),
        (where("labels").has("vip"), where("labels").has("new"), ("new",)),
        (where("firm.name") == "a", where("firm.name") == "B", ("b",)),
        (where("birthday").part("month") == 1, where("birthday").part("month") == 2, (6, 2, 2)),
        (~(where("score") > 1) | (where("code") == "a"), ~(where("score") > 2) | (where("code") == "b"), (2, "b")),
    ],
)
def test_other_values_are_the_same_statement(
    questions: Questions, one: Criteria, other: Criteria, values: tuple[Any, ...]
) -> None:
    """It is not even written again; the values are those of each."""
    first, _ = asked(questions, one)
    second, given = asked(questions, other)

    assert first is second
    assert given == values


def test_one_of_many_is_asked_with_as_many(questions: Questions) -> None:
    """However many there were the last time."""
    for many in (3, 1, 2):
        said, given = asked(questions, where("score").in_(range(many)))

        assert said.count("?") == many
        assert sorted(given) == list(range(many))


def test_a_limit_is_a_value_and_none_is_another_question(questions: Questions) -> None:
    """Like any other."""
    criteria = where("score") == 1
    ten, given = asked(questions, criteria, 10)
    five, _ = asked(questions, criteria, 5)
    whole, all_of_them = asked(questions, criteria)

    assert ten is five
    assert given[:2] == (1, 10)
    assert whole != ten
    assert all_of_them == (1,)


def test_how_many_point_there_is_part_of_the_question(questions: Questions) -> None:
    """One is a question of its own, which needs no counting."""
    criteria = [some("visit", "firm_id", where("score") == 1, least=least) for least in (1, 2, 3)]
    said = [questions.of("firm", bind(each, model=MODEL, kind="firm", now=NOW), (), None) for each in criteria]

    assert ["count" in statement for statement, _ in said] == [False, True, True]
    assert [given for _, given in said] == [(1,), (1, 2), (1, 3)]


@extends(Visit, prefix="more")
@frozen
class MoreVisit:
    """Tags that a plugin added: what records had before is a list in JSON."""

    labels: Tags = frozenset({"a"})


def test_a_default_of_several_values_is_no_hindrance() -> None:
    """Though it cannot be hashed."""
    model = Model.build((Firm, Visit), (MoreVisit,))
    questions = Questions(tables(model, SQLiteDialect(), "crm_"), sqlite.dialect())

    _, given = questions.of(
        "visit", bind(where("more.labels").has("vip"), model=model, kind="visit", now=NOW), (), None
    )

    assert given == ("vip",)


def test_a_field_with_choices_is_the_same_question_again() -> None:
    """Whenever its definition was read."""
    mood = CustomField(
        id=an_id(1), of="visit", name="mood", holds=Holds.CHOICE, label="Mood", choices=frozenset({"good", "bad"})
    )

    assert mood.column == evolve(mood, label="How it was").column
    assert mood.column != evolve(mood, choices=frozenset({"good"})).column
