"""What access costs: nothing at all without rules, nothing more where they hide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.counting import said as statements
from support.crms import plugged

from crmkit.core.kernel.criteria import ALWAYS, Param, where
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.transaction import Transaction

EVERYTHING = {"test": lambda actor, entity: ALWAYS}
OWN = {"test": lambda actor, entity: where("holding.owner_id") == Param("me") if entity is Lead else ALWAYS}


def worked(crm: CRM, actor: User | None) -> list[str]:
    """The statements of a transaction that reads and writes in many ways."""
    with statements() as told, crm.transaction(actor) as tx:
        found = tx.sales.capture_lead(topic="Van", company="Hanbit", owner=actor.id if actor else None)
        tx.flush()
        tx.sales.score(found.id)
        done = tx.sales.qualify(found.id)
        assert done.opportunity
        tx.sales.win(done.opportunity.id)
        tx.of(Lead).page(where("account.name") == "x")
        tx.insights.pipeline(by="holding.owner.name")
        assert tx.history(found)
        assert list(tx.journal())
    return told


def said(folder: Path, access: Mapping[str, Any], *, by_system: bool = False) -> list[str]:
    """The same in a CRM of its own with these rules."""
    folder.mkdir()
    with plugged("sqlite", folder, access=access) as crm:
        with crm.transaction() as tx:
            kim = tx.people.add_user(name="Kim")
        return worked(crm, None if by_system else kim)


def test_rules_cost_nothing_where_they_hide_nothing(tmp_path: Path) -> None:
    """The same statements, word for word: for the system whatever the rules, and for an actor who sees everything."""
    plain = said(tmp_path / "a", {}, by_system=True)
    assert len(plain) > 10
    assert said(tmp_path / "b", OWN, by_system=True) == plain

    acting = said(tmp_path / "c", {})
    assert said(tmp_path / "d", EVERYTHING) == acting
    assert said(tmp_path / "e", OWN) != acting


def test_a_record_takes_one_statement_with_its_rule(tmp_path: Path) -> None:
    """Read again it takes none; a list takes as many as without rules."""

    def asked(tx: Transaction, id: Any) -> tuple[int, int, int]:
        with statements() as one:
            tx.of(Lead).get(id)
        with statements() as again:
            tx.of(Lead).get(id)
        with statements() as list:
            tx.of(Lead).find()
        return len(one), len(again), len(list)

    with plugged("sqlite", tmp_path, access=OWN) as crm:
        with crm.transaction() as tx:
            kim = tx.people.add_user(name="Kim")
            lead = tx.sales.capture_lead(topic="Van", owner=kim.id)
        for actor in (None, kim):
            with crm.read(actor) as view:
                assert asked(view, lead.id) == (1, 0, 1)
