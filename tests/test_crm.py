"""Opening a CRM: stores by URL, policies, kinds and fields of the host."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
from support.crms import STORES, opened

from crmkit import CRM
from crmkit.builtin import ENTITIES
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.errors import DefinitionError, Invalid, NotFound, SchemaOutdated, StoreError
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.model import Model
from crmkit.core.people.user import User
from crmkit.core.sales.lead import lead
from crmkit.core.sales.opportunity import opportunity
from crmkit.core.sales.pipeline import Pipeline, Stage
from crmkit.core.service.case import case
from crmkit.testing import FixedClock
from crmkit.testing.world.records import AcmeVisit, Firm, Visit


@pytest.mark.parametrize("url", ["", "memory", "memory:x", "postgres://", "sqlite", None, 5, "ftp:x"])
def test_a_url_that_no_store_answers_to_is_refused(url: Any) -> None:
    """The error says which there are."""
    with pytest.raises((Invalid, StoreError)) as refused:
        CRM.open(url)

    assert "sqlite:" in str(refused.value)


@pytest.mark.parametrize(
    "url", ["sqlite:", "sqlite://", "sqlite::memory:", "sqlite:///:memory:", "sqlite:file:x?mode=memory"]
)
def test_an_sqlite_database_in_memory_is_refused(url: str) -> None:
    """It would be gone between two transactions; the hint names the store that is meant."""
    with pytest.raises(Invalid) as refused:
        CRM.open(url)

    assert "memory:" in str(refused.value)


@pytest.mark.parametrize("how", ["sqlite:{}", "sqlite:///{}"])
def test_what_was_written_is_there_when_it_is_opened_again(how: str, tmp_path: Path) -> None:
    """By either spelling of the URL."""
    url = how.format(tmp_path / "crm.db")
    with CRM.open(url) as crm, crm.transaction() as tx:
        ann = tx.people.add_user(name="Ann")
    with CRM.open(url) as crm, crm.transaction(ann) as tx:
        assert tx.of(User).get(ann.id) == ann


def test_a_database_of_other_fields_is_refused(tmp_path: Path) -> None:
    """Nothing is guessed about columns that are not there; the difference is named."""
    url = f"sqlite:{tmp_path / 'crm.db'}"
    CRM.open(url).close()

    with pytest.raises(SchemaOutdated) as refused:
        CRM.open(url, entities=(Firm, Visit), extensions=(AcmeVisit,))
    assert "firm" in str(refused.value)


def test_several_crms_share_a_database_by_prefix(tmp_path: Path) -> None:
    """Each has its own records."""
    url = f"sqlite:{tmp_path / 'crm.db'}"
    with CRM.open(url, prefix="a_") as a, CRM.open(url, prefix="b_") as b:
        with a.transaction() as tx:
            tx.people.add_user(name="Ann")
        with b.transaction() as tx:
            assert tx.of(User).count() == 1


@pytest.mark.parametrize("store", STORES)
def test_a_host_brings_its_own_stages(store: str, tmp_path: Path) -> None:
    """A policy takes the place of the standard one of its class."""
    stages = Pipeline((Stage("hello", 20), Stage("handshake", 90)))
    with opened(store, tmp_path, policies=(stages,)) as crm, crm.transaction() as tx:
        assert tx.sales.open_opportunity(name="Oil").stage == "hello"
        with pytest.raises(Invalid):
            tx.sales.open_opportunity(name="Oil", stage="prospecting")


@pytest.mark.parametrize("stages", [(), (Stage("a", 1), Stage("a", 2)), (Stage("a", 101),)])
def test_a_pipeline_that_contradicts_itself_is_refused(stages: tuple[Stage, ...]) -> None:
    """No stages, one twice, a probability beyond certainty."""
    with pytest.raises(DefinitionError):
        Pipeline(stages)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", None, "a\0b"])
def test_an_unknown_zone_is_refused(zone: Any) -> None:
    """When the CRM is opened, not on the first day that matters."""
    with pytest.raises(Invalid) as refused:
        CRM.open("memory:", zone=zone)

    assert refused.value.field == "zone"


def test_a_naive_clock_is_refused() -> None:
    """Time has a zone."""
    with pytest.raises(Invalid) as refused:
        CRM.open("memory:", clock=lambda: datetime(2026, 1, 1))

    assert refused.value.field == "clock"


def test_an_unknown_actor_is_not_found() -> None:
    """By id or by value."""
    with CRM.open("memory:") as crm:
        for actor in (uuid7(1, 1), User(id=uuid7(1, 1), name="Nobody")):
            with pytest.raises(NotFound), crm.transaction(actor):
                raise AssertionError("never reached")


def test_the_journal_says_who_and_why() -> None:
    """The cause of a transaction is on all of its events."""
    with CRM.open("memory:", clock=FixedClock()) as crm:
        with crm.transaction() as tx:
            ann = tx.people.add_user(name="Ann")
        with crm.transaction(ann, cause="import team.csv") as tx:
            (event,) = tx.history(tx.people.add_user(name="Bob"))
        assert (event.stamp.by, event.stamp.cause) == (ann.id, "import team.csv")


def test_every_need_of_a_life_cycle_can_be_asked() -> None:
    """A mistyped path in a need is found here, not when the move is made."""
    model = Model.build(ENTITIES)
    needs = [
        (cycle.flow.kind, need)
        for cycle in (lead, opportunity, case)
        for move in cycle.flow.moves.values()
        for need in move.needs
    ]

    assert needs
    for kind, need in needs:
        bind(need.criteria, model=model, kind=kind, now=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_transaction_goes_with_the_last_who_has_it() -> None:
    """What it read is not kept until a collector of garbage comes by."""
    collects = gc.isenabled()
    gc.disable()
    try:
        with CRM.open("memory:") as crm, crm.transaction() as tx:
            tx.sales.capture_lead(topic="Cards")
            there = ref(tx)
        del tx
        assert there() is None
    finally:
        if collects:
            gc.enable()
