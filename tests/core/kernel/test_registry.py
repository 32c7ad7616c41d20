"""What plugins demand and know beyond the life cycles: needs, reasons and functions of one CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.crms import STORES, plugged

from crmkit.builtin import ENTITIES, FLOWS
from crmkit.core.kernel.call import call
from crmkit.core.kernel.criteria import Criteria, where
from crmkit.core.kernel.errors import DefinitionError, Invalid, Refused
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.lead import Lead, LeadStatus, lead
from crmkit.core.service.case import Case, CaseType, case

MODEL = Model.build(ENTITIES)
BUDGETED = Need("acme_budget", where("budget").present(), "a budget")
AT_WORK = Need("acme_company", where("company").present(), "a company")
FROM_A_TEAM = Need("acme_team", where("holding.owner.team.name") == "East", "an owner of the team East")
MISSPELT = Need("misspelt", where("bugdet.amount").present(), "a budget")
UNKNOWN = Need("unknown", call("acme.big", 1), "a function that is not there")


def big(least: int) -> Criteria:
    """What a plugin might know."""
    return where("company").contains("Motors") & (where("topic") != "Bus") if least else where("company").present()


def test_a_crm_without_demands_has_the_moves_themselves() -> None:
    """Nothing is made where nothing is added."""
    registry = Registry(model=MODEL)

    assert registry.move(lead.qualify) is lead.qualify
    assert Registry(model=MODEL, needs={"case.close": (BUDGETED,)}).move(lead.qualify) is lead.qualify


def test_a_move_has_the_needs_of_its_name_and_of_its_kind() -> None:
    """Behind its own; the flow itself stays as it is."""
    registry = Registry(model=MODEL, needs={"lead.qualify": (BUDGETED,), "lead.*": (AT_WORK,)})

    assert registry.move(lead.qualify).needs == (*lead.qualify.needs, AT_WORK, BUDGETED)
    assert registry.move(lead.contact).needs == (*lead.contact.needs, AT_WORK)
    assert registry.move(lead.qualify) is registry.move(lead.qualify)
    assert registry.move(case.close) is case.close
    assert lead.qualify.needs == ()
    assert str(registry.move(lead.qualify)) == "lead.qualify"


def test_a_vocabulary_grows_by_what_it_does_not_have() -> None:
    """Behind its own words."""
    registry = Registry(model=MODEL, reasons={"lead.disqualify": ("competitor", "lost", "competitor")})

    assert registry.move(lead.disqualify).reasons == (*lead.disqualify.reasons, "competitor")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"needs": {"lead.qualfy": (BUDGETED,)}}, "a lead has no move «qualfy».*did you mean qualify"),
        ({"reasons": {"lead.disqualif": ("x",)}}, "a lead has no move «disqualif».*did you mean disqualify"),
        ({"reasons": {"lead.*": ("x",)}}, r"a lead has no move «\*»"),
        ({"reasons": {"lead.qualify": ("x",)}}, "reason"),
        ({"needs": {"lead.qualify": (MISSPELT,)}}, "«misspelt» of a lead cannot be asked.*did you mean.*budget"),
        ({"needs": {"lead.qualify": (UNKNOWN,)}}, "«unknown» of a lead cannot be asked.*acme.big"),
    ],
)
def test_what_does_not_fit_a_life_cycle_is_refused(fields: Any, says: str) -> None:
    """When it is looked at as a whole, which is before the first move is made."""
    registry = Registry(model=MODEL, **fields)

    with pytest.raises(DefinitionError, match=says):
        registry.flow(lead.flow)
    assert registry.flow(case.flow).table() == case.flow.table()


@pytest.mark.parametrize("name", ["leads.qualify", "qualify", "", "*"])
def test_a_move_of_no_kind_of_record_is_refused_at_once(name: str) -> None:
    """It would never be asked for."""
    for fields in ({"needs": {name: (BUDGETED,)}}, {"reasons": {name: ("x",)}}):
        with pytest.raises(DefinitionError, match="is no move"):
            Registry(model=MODEL, **fields)


def test_a_reason_that_no_store_can_hold_is_refused() -> None:
    """It is a code."""
    with pytest.raises(Invalid):
        Registry(model=MODEL, reasons={"lead.disqualify": ("a\0b",)}).move(lead.disqualify)


def test_a_life_cycle_is_drawn_with_what_is_demanded() -> None:
    """In the table and in the diagram, and nowhere else."""
    registry = Registry(model=MODEL, needs={"lead.qualify": (BUDGETED,)}, reasons={"lead.disqualify": ("competitor",)})
    shown = registry.flow(lead.flow)

    assert "a budget" in shown.table()
    assert "qualify [a budget]" in shown.mermaid()
    assert "cancelled, competitor" in shown.table()
    assert "a budget" not in lead.flow.table()
    assert [registry.flow(flow).table() for flow in FLOWS[1:]] == [flow.table() for flow in FLOWS[1:]]


@pytest.mark.parametrize("store", STORES)
def test_a_demand_is_refused_in_its_own_words(store: str, tmp_path: Path) -> None:
    """All that are not met, those that look at other records too; before anything is made of the lead."""
    with plugged(store, tmp_path, needs={"lead.qualify": (BUDGETED, FROM_A_TEAM)}) as crm, crm.transaction() as tx:
        one = tx.sales.capture_lead(topic="Van", company="Hanbit Motors")
        with pytest.raises(Refused) as refused:
            tx.sales.qualify(one.id)
        assert [refusal.code for refusal in refused.value.refusals] == ["acme_budget", "acme_team"]
        assert "it needs a budget" in str(refused.value)

        team = tx.people.add_team(name="East")
        kim = tx.people.add_user(name="Kim", team=team.id)
        ready = tx.people.assign(tx.revise(evolve(one, budget=Money(5, "KRW"))), to=kim.id)
        assert tx.sales.qualify(ready.id).lead.status is LeadStatus.QUALIFIED


@pytest.mark.parametrize("store", STORES)
def test_a_reason_of_a_plugin_is_taken_and_kept(store: str, tmp_path: Path) -> None:
    """By commands, like those of the life cycle; others are refused with all there are."""
    with plugged(store, tmp_path, reasons={"lead.disqualify": ("competitor",)}) as crm, crm.transaction() as tx:
        one = tx.sales.capture_lead(topic="Van")
        with pytest.raises(Invalid, match="cancelled, competitor"):
            tx.sales.disqualify(one.id, reason="weather")
        assert tx.sales.disqualify(one.id, reason="competitor").reason == "competitor"
        assert tx.of(Lead).count(where("reason") == "competitor") == 1


@pytest.mark.parametrize("store", STORES)
def test_a_sweep_moves_only_what_meets_the_demands(store: str, tmp_path: Path) -> None:
    """As data, in one statement or row by row: each record either way as the move by itself would."""
    needs = {"case.*": (Need("acme_origin", where("origin") == "phone", "a call"),)}
    with plugged(store, tmp_path, needs=needs) as crm, crm.transaction() as tx:
        kim = tx.customers.add_contact(name="Kim")
        for number in range(6):
            made = tx.service.open_case(
                title=str(number), type=CaseType.REQUEST, contact=kim.id, origin="phone" if number % 2 else None
            )
            if number % 2 == 0:
                with pytest.raises(Refused):
                    tx.service.hold(made.id)
        assert tx.sweep(Sweep("wait", Case, where("title") != "1", {}, move=case.hold)).count == 2
        assert tx.of(Case).count(where("status") == "on_hold") == 2


@pytest.mark.parametrize("store", STORES)
def test_a_function_is_known_wherever_a_condition_is_asked(store: str, tmp_path: Path) -> None:
    """In lists, counts, figures, sweeps and needs."""
    need = Need("acme_big", call("acme.big", 0), "a company")
    with (
        plugged(store, tmp_path, functions={"acme.big": big}, needs={"lead.qualify": (need,)}) as crm,
        crm.transaction() as tx,
    ):
        one = tx.sales.capture_lead(topic="Van", company="Hanbit Motors")
        other = tx.sales.capture_lead(topic="Bus")
        repository, motors = tx.of(Lead), call("acme.big", 1)
        assert repository.find(motors) == (one,) == repository.page(motors).items
        assert (repository.count(~motors), repository.holds(other.id, motors)) == (1, False)
        assert tx.insights.funnel(criteria=motors).rows[0].values[0] == 1
        figures = tx.insights.funnel(criteria=motors)
        assert repository.find(figures.criteria(figures.rows[0], "leads")) == (one,)
        swept = tx.sweep(Sweep("mark", Lead, motors, {"tags": frozenset({"big"})}, event="lead.marked"))
        assert (swept.count, tx.of(Lead).get(one.id).tags) == (1, frozenset({"big"}))
        with pytest.raises(Refused):
            tx.sales.qualify(other.id)
        assert tx.sales.qualify(one.id).account
