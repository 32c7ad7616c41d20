"""What Acme holds of leads, in a CRM that found the plugin by its entry point."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from crmkit import CRM
from crmkit.core.kernel.call import call
from crmkit.core.kernel.errors import Refused
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.plugins.report import State
from crmkit.testing import FixedClock, FixedIds
from crmkit.transaction import Transaction
from crmkit_acme.fields import AcmeLead


@pytest.fixture
def crm() -> Iterator[CRM]:
    """On a Monday morning."""
    with CRM.open("memory:", clock=FixedClock(), ids=FixedIds()) as crm:
        yield crm


def a_lead(tx: Transaction, *, litres: int | None = None, tasted: bool = False) -> Lead:
    """A lead of which this is known."""
    lead = tx.sales.capture_lead(topic="Oil", company="El Olivo")
    return tx.revise(evolve(lead, ext=lead.ext.having(AcmeLead(litres=litres, tasted=tasted))))


def test_the_plugin_is_found(crm: CRM) -> None:
    """By itself, with all that it provides."""
    plugin = crm.plugins["acme"]

    assert (plugin.state, plugin.problem) == (State.LOADED, "")
    assert len(plugin.provides) == 11


def test_what_speaks_for_a_lead(crm: CRM) -> None:
    """Each reason with its points, under the name of the plugin."""
    with crm.transaction() as tx:
        score = tx.sales.score(a_lead(tx, litres=120, tasted=True).id)

    assert [(part.points, part.because) for part in score.parts if part.says == "acme"] == [
        (30, "they use 120 litres a month"),
        (20, "they know our oil"),
    ]


def test_a_lead_of_which_too_little_is_known_is_not_qualified(crm: CRM) -> None:
    """In the words of the plugin, beside those of crmkit."""
    with crm.transaction() as tx:
        with pytest.raises(Refused, match="it needs how much oil they use"):
            tx.sales.qualify(a_lead(tx).id)

        assert tx.sales.qualify(a_lead(tx, litres=5).id).lead.status is LeadStatus.QUALIFIED


def test_a_lead_may_be_too_small(crm: CRM) -> None:
    """A word of our own among those of crmkit."""
    with crm.transaction() as tx:
        assert tx.sales.disqualify(a_lead(tx, litres=1).id, reason="too_small").reason == "too_small"
        assert tx.sales.disqualify(a_lead(tx, litres=1).id, reason="lost").reason == "lost"


def test_who_is_hungry(crm: CRM) -> None:
    """A condition with a name, wherever a condition is taken."""
    with crm.transaction() as tx:
        for litres, tasted in ((100, True), (100, False), (10, True), (None, True)):
            a_lead(tx, litres=litres, tasted=tasted)

        assert tx.of(Lead).count(call("acme.hungry", 50)) == 1


def test_numbers_are_compared_as_they_are_written_here(crm: CRM) -> None:
    """With and without the prefix of the country, under the name of the rule."""
    with crm.transaction() as tx:
        found = [
            tx.sales.capture_lead(topic="Oil", phone=written).phone
            for written in ("910 000 000", "+34 910 000 000", "0034 910 000 000")
        ]

    assert {(phone.number, phone.rule) for phone in found if phone} == {("+34910000000", "acme/1")}


def test_a_lead_is_seen_by_whoever_holds_it(crm: CRM) -> None:
    """And by nobody else but the system; one that nobody holds, by everybody."""
    with crm.transaction() as tx:
        ann, bob = (tx.people.add_user(name=name) for name in ("Ann", "Bob"))
        for owner in (ann.id, bob.id, None):
            tx.sales.capture_lead(topic="Oil", owner=owner)

    with crm.read(ann) as anns, crm.read() as whole:
        assert {lead.holding.owner_id for lead in anns.of(Lead).find()} == {ann.id, None}
        assert whole.of(Lead).count() == 3
