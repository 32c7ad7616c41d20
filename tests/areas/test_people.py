"""People: users in teams in units, and in whose hands records are."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit.core.kernel.criteria import Param, where
from crmkit.core.kernel.errors import Invalid, Refused
from crmkit.core.people.unit import Unit
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.transaction import Transaction


def test_a_record_changes_hands_one_epoch_at_a_time(tx: Transaction) -> None:
    """Assigning to the owner it has is no event."""
    ann, bob = (tx.people.add_user(name=name) for name in ("Ann", "Bob"))
    lead = tx.sales.capture_lead(topic="Oil", owner=ann.id)

    passed = tx.people.assign(lead, to=bob.id)

    assert (passed.holding.owner_id, passed.holding.epoch, passed.version) == (bob.id, 2, 2)
    assert tx.people.assign(passed, to=bob.id) is passed


def test_records_are_found_by_the_team_and_unit_of_their_owner(tx: Transaction) -> None:
    """Paths go over the holding."""
    east = tx.people.add_unit(name="East")
    team = tx.people.add_team(name="Blue", unit=east.id)
    ann = tx.people.add_user(name="Ann", team=team.id)
    lead = tx.sales.capture_lead(topic="Oil", owner=ann.id)
    tx.sales.capture_lead(topic="Nobody's")

    assert tx.of(Lead).find(where("holding.owner.team.unit.name") == "east") == (lead,)


def test_mine_are_those_of_the_actor(crm: CRM) -> None:
    """`Param("me")` is whoever acts."""
    with crm.transaction() as tx:
        ann = tx.people.add_user(name="Ann")
        lead = tx.sales.capture_lead(topic="Oil", owner=ann.id)

    with crm.transaction(ann) as tx:
        assert tx.of(Lead).find(where("holding.owner_id") == Param("me")) == (lead,)
    with crm.transaction() as tx:
        assert tx.of(Lead).find(where("holding.owner_id") == Param("me")) == ()


def test_who_is_not_active_does_not_act(crm: CRM) -> None:
    """Their records and events stay."""
    with crm.transaction() as tx:
        ann = tx.people.add_user(name="Ann")
        tx.revise(evolve(ann, active=False))

    with pytest.raises(Refused) as refused, crm.transaction(ann):
        raise AssertionError("never reached")
    assert refused.value.facts["codes"] == ["inactive_user"]


def test_units_form_a_tree(tx: Transaction) -> None:
    """A unit is not below itself."""
    top = tx.people.add_unit(name="Top")
    below = tx.people.add_unit(name="Below", parent=top.id)

    with pytest.raises(Invalid):
        tx.revise(evolve(top, parent_id=below.id))
    assert tx.of(Unit).get(top.id) == top


def test_the_system_is_a_user_from_the_start(tx: Transaction) -> None:
    """Every event has somebody behind it."""
    assert [user.name for user in tx.of(User).find()] == ["System"]
