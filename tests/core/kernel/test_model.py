"""From classes to columns, and between records and rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from attrs import evolve, frozen

from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.entity import Entity, Extensions, entity, extends, index
from crmkit.core.kernel.errors import CriteriaError, DefinitionError, Invalid
from crmkit.core.kernel.fields import Code, Name
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Email
from crmkit.core.sales.lead import Lead
from crmkit.testing.world.records import ENTITIES, MODEL, AcmeVisit, Firm, Mood, Visit

VISIT = MODEL.of(Visit)
SOME_ID: Id[Any] = uuid7(1, 1)


def visit(**fields: Any) -> Visit:
    return evolve(Visit(id=SOME_ID), **fields)


def test_columns_follow_from_the_class() -> None:
    """Values flatten into prefixed columns, one-field values do not, extensions come last under their prefix."""
    paths = [column.path for column in VISIT.columns]

    assert paths[0] == "id"
    assert {"mail", "budget.amount", "budget.currency", "firm_id"} < set(paths)
    assert paths[-3:] == ["acme.vip", "acme.nick", "acme.level"]
    assert {column.path for column in VISIT.columns if column.personal} == {"mail", "custom"}


def test_a_row_builds_the_record_that_it_was_made_of() -> None:
    """Nothing is lost on the way, extension fields included."""
    one = visit(
        mood=Mood.GOOD,
        mail=Email.of("Ann@example.com"),
        budget=Money("12.50", "EUR"),
        price=Decimal("0.0001"),
        started_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        labels=frozenset({"a", "b"}),
        ext=Extensions(AcmeVisit(vip=True)),
    )

    assert VISIT.build(VISIT.flatten(one)) == one
    assert VISIT.build(VISIT.flatten(one)).ext[AcmeVisit].vip


def test_what_is_as_usual_is_one_value_for_all() -> None:
    """Of a holding that nobody has there are not as many as there are records."""
    model = Model.alone(Lead).of(Lead)
    held = UNHELD.passed_to(SOME_ID, datetime(2026, 3, 1, tzinfo=UTC))
    free = Lead(id=SOME_ID, topic="a lead", holding=evolve(UNHELD))

    assert model.build(model.flatten(free)).holding is UNHELD
    assert model.build(model.flatten(evolve(free, holding=held))).holding == held
    assert model.build(model.flatten(evolve(free, holding=evolve(UNHELD, epoch=1)))).holding == Holding(epoch=1)


def test_a_moment_is_kept_in_utc_and_a_blank_optional_text_as_missing() -> None:
    """What means the same is kept the same."""
    seoul = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=9)))

    kept = VISIT.build(VISIT.flatten(visit(started_at=seoul, title="  ")))

    assert (kept.started_at.tzinfo, kept.started_at, kept.title) == (UTC, seoul, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5),
        ("title", "a\0"),
        ("title", "ﷺ" * 100),  # each of these folds to 18 characters
        ("title", "x" * 255),
        ("code", "\ud800"),
        ("note", "x" * 10_000_000),
        ("score", True),
        ("score", 2**63),
        pytest.param("score", 10**5000, id="score-huge"),
        ("score", 1.0),
        ("price", 1.5),
        ("price", Decimal("NaN")),
        ("price", Decimal("0.00001")),
        ("started_at", datetime(2026, 1, 1)),
        ("started_at", datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))),
        ("birthday", datetime(2026, 1, 1, tzinfo=UTC)),
        ("mood", "good"),
        ("done", 1),
        ("labels", {"a"}),
        ("firm_id", "nonsense"),
        ("mood", None),
    ],
)
def test_what_no_store_keeps_exactly_is_refused_by_field(field: str, value: object) -> None:
    """The error names the field and says what would be accepted, in few words."""
    with pytest.raises(Invalid) as refused:
        VISIT.flatten(visit(**{field: value}))

    assert refused.value.field == field
    assert refused.value.accepts
    assert len(str(refused.value)) < 300


def test_a_path_goes_over_relations_to_the_column() -> None:
    """A relation and a value stand for their presence."""
    found = MODEL.resolve("visit", "firm.parent.name")

    assert [relation.path for relation in found.hops] == ["firm", "parent"]
    assert (found.kind, found.column.path) == ("firm", "name")
    assert MODEL.resolve("visit", "firm").column.path == "firm_id"
    assert MODEL.resolve("visit", "budget").column.path == "budget.amount"


@pytest.mark.parametrize(
    ("path", "hint"), [("firm.nam", "name"), ("titel", "title"), ("budget.amnt", "budget.amount"), ("zzz", "")]
)
def test_an_unknown_path_names_the_nearest(path: str, hint: str) -> None:
    """A misspelling is told what was probably meant."""
    with pytest.raises(CriteriaError) as refused:
        MODEL.resolve("visit", path)

    assert hint in refused.value.hint


def test_the_same_classes_make_the_same_model() -> None:
    """Building is done once per set of classes, and nothing global remembers them."""
    assert Model.build(ENTITIES, (AcmeVisit,)) is MODEL
    assert Model.build(ENTITIES) is not MODEL


def test_parents_come_before_children() -> None:
    """Inserting in this order never meets a missing reference."""
    assert list(Model.build((Visit, Firm)).entities) == ["firm", "visit"]


@frozen(kw_only=True)
class Plain(Entity):
    id: Id[Any]
    name: Name


@entity("firm")
@frozen(kw_only=True)
class OtherFirm(Entity):
    id: Id[Any]


@entity("floaty")
@frozen(kw_only=True)
class Floaty(Entity):
    id: Id[Any]
    weight: float


@entity("vague")
@frozen(kw_only=True)
class Vague(Entity):
    id: Id[Any]
    text: str


@entity("chicken")
@frozen(kw_only=True)
class Chicken(Entity):
    id: Id[Any]
    egg_id: Id[Egg] | None = None


@entity("egg")
@frozen(kw_only=True)
class Egg(Entity):
    id: Id[Any]
    chicken_id: Id[Chicken] | None = None


@entity("indexed", indexes=(index("nmae"),))
@frozen(kw_only=True)
class Indexed(Entity):
    id: Id[Any]
    name: Name


@entity("clash")
@frozen(kw_only=True)
class Clash(Entity):
    id: Id[Any]
    budget: Money
    budget_amount: Code


class Size(StrEnum):
    BIG = "big"


@extends(Firm, prefix="acme")
@frozen(kw_only=True)
class Demanding:
    size: Size


@extends(Firm, prefix="acme")
@frozen(kw_only=True)
class First:
    a: int = 0


@extends(Firm, prefix="acme")
@frozen(kw_only=True)
class Second:
    b: int = 0


@pytest.mark.parametrize(
    ("entities", "extensions", "says"),
    [
        ((Plain,), (), "not declared"),
        ((Firm, OtherFirm), (), "same kind"),
        ((Floaty,), (), "no store keeps a float"),
        ((Vague,), (), "Code, Name or Text"),
        ((Chicken, Egg), (), "circle"),
        ((Visit,), (), "points to «firm»"),
        ((Indexed,), (), "name"),
        ((Clash,), (), "same column name"),
        ((Firm,), (Demanding,), "needs a default"),
        ((Firm,), (First, Second), "prefix"),
        ((Firm,), (Plain,), "extends nothing"),
    ],
)
def test_a_set_of_classes_that_contradicts_itself_is_refused(
    entities: tuple[type[Entity], ...], extensions: tuple[type[Any], ...], says: str
) -> None:
    """The mistake is found while the program is put together, and named."""
    with pytest.raises(DefinitionError) as refused:
        Model.build(entities, extensions)

    assert says in str(refused.value)


@pytest.mark.parametrize("kind", ["", "Lead", "two words", "ünder"])
def test_a_kind_is_a_plain_word(kind: str) -> None:
    """Kinds become table names and paths, so they are checked when they are declared."""
    with pytest.raises(DefinitionError):
        entity(kind)
