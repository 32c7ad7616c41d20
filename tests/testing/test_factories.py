"""Records made for tests: valid, the same every time, and kept with what they lead to."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen
from support.crms import STORES, opened

from crmkit.builtin import ENTITIES
from crmkit.core.customers.account import Account
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import DefinitionError, Invalid
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.money import Money
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.service.case import Case
from crmkit.testing import Factory
from crmkit.testing.world.records import ENTITIES as WORLD

NAMES = ("lead", "account", "contact", "opportunity", "case")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_records_come_in_the_same_order(name: str) -> None:
    """A factory that begins anew gives what the one before gave, and never a record twice."""
    first, second = ([getattr(make, name)() for _ in range(3)] for make in (Factory(), Factory()))

    assert first == second
    assert len(set(first)) == 3


@pytest.mark.parametrize("cls", [*ENTITIES, *WORLD], ids=lambda cls: cls.__name__)
def test_a_record_of_any_class_can_be_made(cls: type[Entity]) -> None:
    """What has no default gets a value that every store can keep."""
    record: Any = Factory().of(cls)

    model = Model.build((*ENTITIES, *WORLD)).of(cls)
    assert model.build(model.flatten(record)) == record


def test_everything_can_be_said_otherwise() -> None:
    """Also what only commands set in a CRM; and what is given is not made."""
    make = Factory()
    deal = make.opportunity(contact_id=make.contact().id)

    assert make.lead(status=LeadStatus.QUALIFIED, topic="Oil").status is LeadStatus.QUALIFIED
    assert make.account(annual_revenue=Money(5, "EUR")).annual_revenue == Money(5, "EUR")
    assert deal.account_id is None


def test_an_unknown_field_is_refused() -> None:
    """With the one that was meant."""
    with pytest.raises(Invalid, match="topics: is no field of a lead .accepted: topic") as refused:
        Factory().lead(topics="Oil")

    assert refused.value.field == "topics"


def test_a_field_of_an_unknown_type_has_to_be_given() -> None:
    """Nothing is guessed."""

    @entity("odd")
    @frozen(kw_only=True)
    class Odd(Entity):
        shade: complex

    with pytest.raises(DefinitionError, match="Odd.shade"):
        Factory().of(Odd)

    assert Factory().of(Odd, shade=1j).shade == 1j


@pytest.mark.parametrize("store", STORES)
def test_what_is_kept_is_kept_with_what_it_leads_to(store: str, tmp_path: Any) -> None:
    """Accounts before cases; each once, by the event of its birth, on every store."""
    make = Factory()
    with opened(store, tmp_path) as crm, crm.transaction() as tx:
        case = make.keep(tx, make.case())
        deal = make.keep(tx, make.opportunity(account_id=case.account_id, lead_id=make.lead().id))

        assert tx.of(Case).get(case.id) == case
        assert (tx.of(Account).count(), tx.of(Lead).count()) == (1, 1)
        assert [event.name for record in (case, deal) for event in tx.history(record)] == [
            "case.opened",
            "opportunity.opened",
        ]


def test_ids_do_not_meet_those_of_a_crm(tmp_path: Any) -> None:
    """A CRM with fixed ids and a factory give each their own."""
    make = Factory()
    with opened("memory", tmp_path) as crm, crm.transaction() as tx:
        there = {tx.customers.add_account(name=str(number)).id for number in range(50)}
        made: set[Id[Any]] = {make.account().id for _ in range(50)}

    assert not there & made
