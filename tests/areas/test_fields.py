"""Fields that are defined while the program runs: who may have what in them, and how it is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve, frozen
from support.counting import said
from support.crms import undone

from crmkit.core.customers.account import Account
from crmkit.core.kernel.criteria import Ago, Unit, where
from crmkit.core.kernel.custom import Custom
from crmkit.core.kernel.custom_field import CustomField
from crmkit.core.kernel.entity import Entity, entity, extends
from crmkit.core.kernel.errors import CriteriaError, DefinitionError, Invalid
from crmkit.core.kernel.fields import Text
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.predicate import predicate
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.tally import Bucket, Count, Mean, Per, Tally
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.transaction import Transaction

HOLDS: dict[str, Any] = {
    "text": "ｌong \x1f 'text' \\ 😀",
    "name": "㈜ＡＢＣ",
    "code": "x%_",
    "integer": -(2**63 - 1),
    "amount": Decimal("-0.0001"),
    "flag": False,
    "date": date(1, 1, 1),
    "moment": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "choice": "south",
    "tags": frozenset({"a,b", '"', "한"}),
}
CHOICES = {"choice": ("north", "south")}


def having(tx: Transaction, record: Any, **values: Any) -> Any:
    """The record with these values."""
    return tx.revise(evolve(record, custom=record.custom.having(values)))


def a_lead(tx: Transaction, **values: Any) -> Lead:
    """A new lead with these values."""
    return having(tx, tx.sales.capture_lead(topic="Oil", source="web"), **values)  # type: ignore[no-any-return]


def test_records_have_what_was_defined_while_the_program_ran(crm: CRM) -> None:
    """Every kind of value comes back exactly, is found, and stands in the journal."""
    with crm.transaction() as tx:
        for holds in HOLDS:
            tx.fields.define(Lead, name=f"a_{holds}", holds=holds, choices=CHOICES.get(holds, ()))
    with crm.transaction() as tx:
        lead = a_lead(tx, **{f"a_{holds}": value for holds, value in HOLDS.items()})
        bare = a_lead(tx)

    with crm.transaction() as tx:
        found = tx.of(Lead).get(lead.id)
        assert {name: found.custom[f"a_{name}"] for name in HOLDS} == HOLDS
        assert {type(found.custom[f"a_{name}"]) for name in HOLDS} == set(map(type, HOLDS.values()))
        for holds, value in HOLDS.items():
            field = where(f"custom.a_{holds}")
            same = field.has("한") if holds == "tags" else field == value
            for criteria in (same, field.present()):
                assert [each.id for each in tx.of(Lead).find(criteria)] == [lead.id], criteria
                assert [each.id for each in tx.of(Lead).find(~criteria)] == [bare.id], criteria
        assert tx.of(Lead).count(where("custom.a_name") == "(주)abc") == 1
        assert tx.of(Lead).count(where("custom.a_date") < Ago(1, Unit.DAYS)) == 1
        rows = replay(tx.model, tx.journal())["lead"]
        assert tx.model.of(Lead).build(rows[lead.id]) == found


def test_fields_are_asked_over_relations_in_orders_pages_and_figures(tx: Transaction) -> None:
    """Like those of an entity."""
    tx.fields.define(Account, name="region", holds="name")
    tx.fields.define(Lead, name="rank", holds="integer")
    tx.fields.define(Lead, name="seen", holds="moment")
    parent = having(tx, tx.customers.add_account(name="Top"), region="Ｓeoul")
    tx.customers.add_account(name="Below", parent=parent.id)
    days = (datetime(2025, 1, 31, 12, tzinfo=UTC), datetime(2025, 3, 1, 12, tzinfo=UTC), None)
    leads = [a_lead(tx, rank=rank, seen=day) for rank, day in zip((2, 1, None), days, strict=True)]

    assert [each.name for each in tx.of(Account).find(where("parent.custom.region") == "SEOUL")] == ["Below"]
    page = tx.of(Lead).page(order=("-custom.rank",), limit=1)
    ordered = list(page)
    while page.next:
        page = tx.of(Lead).page(order=("-custom.rank",), limit=1, after=page.next)
        ordered += page
    assert ordered == leads
    tally = Tally(
        kind="lead",
        title="seen",
        by=(Bucket("custom.seen", Per.MONTH), "custom.rank"),
        measures=(Count(name="leads"), Mean(name="since", start="custom.seen", end="created_at")),
    )
    figures = tx.tally(tally)
    assert [row.group for row in figures.rows] == [(date(2025, 1, 1), 2), (date(2025, 3, 1), 1), (None, None)]
    assert tx.of(Lead).find(figures.criteria(figures.rows[0], "leads")) == (leads[0],)
    swept = tx.sweep(Sweep("s", Lead, where("custom.rank") >= 1, {"topic": "ranked"}, event="lead.ranked"))
    assert swept.count == 2
    assert [tx.of(Lead).get(lead.id).custom for lead in leads] == [lead.custom for lead in leads]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"nowhere": 1}, "has no field of the name"),
        ({"rank') OR 1=1 --": 1}, "has no field of the name"),
        ({1: 1}, "has no field of the name"),
        ({"rank": "1"}, "custom.rank: got"),
        ({"rank": True}, "custom.rank: got"),
        ({"rank": 2**63}, "custom.rank: got"),
        ({"place": "east"}, "one of north, south"),
        ({"place": 1}, "one of north, south"),
        ({"seen": datetime(2025, 1, 1)}, "time zone"),
        ({"fee": 1.5}, "custom.fee"),
        ({"fee": Decimal("0.00001")}, "custom.fee"),
        ({"marks": {"a"}}, "custom.marks"),
        ({"kinds": frozenset({"a", "z"})}, "one of a, b"),
        ({"title": "x" * 300}, "custom.title"),
        ({"title": "\x00"}, "NUL"),
    ],
)
def test_what_a_field_does_not_take_is_refused_by_name(values: dict[Any, Any], says: str, crm: CRM) -> None:
    """And nothing is changed."""
    with undone(crm) as tx:
        for name, holds in {
            "rank": "integer",
            "seen": "moment",
            "fee": "amount",
            "marks": "tags",
            "title": "name",
        }.items():
            tx.fields.define(Lead, name=name, holds=holds)
        tx.fields.define(Lead, name="place", holds="choice", choices=("north", "south"))
        tx.fields.define(Lead, name="kinds", holds="tags", choices=("a", "b"))
        lead = a_lead(tx, rank=1)

        with pytest.raises(Invalid, match=says):
            having(tx, lead) if not values else tx.revise(evolve(lead, custom=lead.custom.having(values)))
        assert tx.of(Lead).get(lead.id) == lead
        with pytest.raises(Invalid, match=says):
            tx.add(Lead(id=tx.new_id(Lead), topic="x", custom=Custom(values)), "lead.captured")


def test_nothing_and_blank_take_a_value_away(tx: Transaction) -> None:
    """A record without values is as it was before there were fields."""
    tx.fields.define(Lead, name="note", holds="text")
    tx.fields.define(Lead, name="marks", holds="tags")
    lead = a_lead(tx, note="n", marks=frozenset({"a"}))

    lead = having(tx, lead, note="  ", marks=frozenset())
    assert lead.custom == {}
    assert having(tx, lead, note=None) == lead == tx.of(Lead).get(lead.id)
    assert tx.of(Lead).count(where("custom").present()) == 0


@pytest.mark.parametrize(
    "name", ["", "Rank", "1a", "a-b", "a.b", "a b", "a'", 'a"', "a:b", "$", "é", "a" * 41, None, "a\n"]
)
def test_a_name_that_is_no_identifier_is_refused(name: Any, tx: Transaction) -> None:
    """So none is ever anything else where it stands in a path."""
    with pytest.raises(Invalid, match="name: got"):
        tx.fields.define(Lead, name=name, holds="text")
    with pytest.raises(CriteriaError):
        tx.of(Lead).find(where(f"custom.{name}") == "x")


@pytest.mark.parametrize(
    "how",
    [
        {"holds": "json"},
        {"holds": "choice"},
        {"holds": "text", "choices": ("a",)},
        {"holds": "choice", "choices": "ab"},
        {"holds": "choice", "choices": ("\x00",)},
    ],
)
def test_a_field_that_makes_no_sense_is_refused(how: dict[str, Any], tx: Transaction) -> None:
    """What it holds is one of a list, and choices are for those who choose."""
    with pytest.raises(Invalid):
        tx.fields.define(Lead, name="x", **how)
    with pytest.raises(Invalid, match="has such fields itself"):
        tx.fields.define(CustomField, name="x", holds="text")


def test_a_retired_field_is_unknown_and_comes_back_with_what_records_have(crm: CRM) -> None:
    """Its name stays taken, also for another type; records carry their values along."""
    with crm.transaction() as tx:
        field = tx.fields.define(Lead, name="rank", holds="integer", label="How warm")
        lead = a_lead(tx, rank=7)
    with crm.transaction() as tx:
        tx.fields.retire(field.id)
        assert not tx.fields.retire(field.id).active
        with pytest.raises(CriteriaError, match=r"no «custom\.rank»"):
            tx.of(Lead).find(where("custom.rank") == 7)
        with pytest.raises(Invalid, match="has no field of the name"):
            having(tx, tx.of(Lead).get(lead.id), rank=8)
        with pytest.raises(Invalid, match="is a field of lead already"):
            tx.fields.define(Lead, name="rank", holds="text")
        kept = tx.revise(evolve(tx.of(Lead).get(lead.id), topic="Gas"))
        assert kept.custom == {"rank": 7}
        assert (tx.fields.of(Lead), [each.label for each in tx.fields.of(Lead, retired=True)]) == ((), ["How warm"])
    with crm.transaction() as tx:
        tx.fields.restore(field.id)
        assert tx.fields.restore(field.id).active
        assert tx.of(Lead).count(where("custom.rank") == 7) == 1


def test_a_field_is_renamed_for_people_only_and_never_holds_anything_else(tx: Transaction) -> None:
    """The label is free; kind, name and type are what records were given under."""
    field = tx.fields.define(Lead, name="place", holds="choice", choices=("north",))
    assert tx.revise(evolve(field, label="Where")).label == "Where"

    known = tx.fields.of(Lead)[0]
    for change in (
        {"holds": "text"},
        {"name": "other"},
        {"of": "case"},
        {"choices": frozenset({"x"})},
        {"active": False},
    ):
        with pytest.raises(Invalid):
            tx.revise(evolve(known, **change))
    assert tx.fields.offer(field.id, choices=["south"]).choices == {"north", "south"}
    assert a_lead(tx, place="south").custom["place"] == "south"
    with pytest.raises(Invalid, match="takes whatever is given"):
        tx.fields.offer(tx.fields.define(Lead, name="free", holds="text").id, choices=["x"])


def test_values_of_another_kind_of_record_are_not_taken_along(tx: Transaction) -> None:
    """What one kind may have says nothing of another."""
    tx.fields.define(Lead, name="rank", holds="integer")
    lead, account = a_lead(tx, rank=1), tx.customers.add_account(name="Acme")

    with pytest.raises(Invalid, match="nothing yet"):
        tx.revise(evolve(account, custom=lead.custom))


def test_who_has_no_such_fields_pays_no_statement(crm: CRM) -> None:
    """Definitions are read when they are asked for first, once in a transaction."""
    with crm.transaction() as tx:
        tx.fields.define(Lead, name="rank", holds="integer")
    with said() as statements, crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil")
        tx.of(Lead).find(where("topic") == "oil")
        assert not any("custom_field" in each for each in statements)
        for rank in (1, 2):
            lead = having(tx, lead, rank=rank)
            tx.of(Lead).find(where("custom.rank") == rank, order=("custom.rank",))

    reads = [each for each in statements if "FROM crm_custom_field" in each]
    assert len(reads) == bool(statements)
    assert not any("rank" in each for each in statements), "a name became a part of a statement"


def test_a_record_alone_is_asked_the_same(tx: Transaction) -> None:
    """Without a store."""
    tx.fields.define(Lead, name="rank", holds="integer")
    leads = [a_lead(tx, rank=rank) for rank in (1, 2, None)]
    ground = tx.ground("lead", where("custom.rank") >= 2)

    assert [predicate(ground, tx.model.of(Lead))(lead) for lead in leads] == [False, True, False]


def test_what_is_set_by_a_sweep_is_a_field_of_its_own() -> None:
    """All values at once are none, and no part of a statement."""
    with pytest.raises(DefinitionError, match="it sets custom"):
        Sweep("s", Lead, where("topic") == "x", {"custom": Custom({"rank": 1})}, event="lead.s")


def test_nobody_else_is_called_custom() -> None:
    """Neither a field nor the prefix of an extension."""

    @entity("odd")
    @frozen(kw_only=True)
    class Odd(Entity):
        id: Id[Odd]
        custom: Text = ""  # type: ignore[assignment]

    @extends(Lead, prefix="custom")
    @frozen(kw_only=True)
    class CustomLead:
        rank: int = 1

    with pytest.raises(DefinitionError):
        Model.build((Odd,))
    with pytest.raises(DefinitionError):
        Model.build((Lead,), (CustomLead,))
