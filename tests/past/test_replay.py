"""`crm.replay`: the journal alone gives every row, and says which is not what it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.crms import STORES, opened

from crmkit import CRM
from crmkit.consuming import Held
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Delivery
from crmkit.core.kernel.past import Difference
from crmkit.core.kernel.store import Session
from crmkit.core.sales.lead import Lead


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on each store, in which somebody became a customer."""
    with opened(request.param, tmp_path) as crm:
        with crm.transaction() as tx:
            lead = tx.sales.capture_lead(topic="Oil", company="El Olivo", person="Ann Smith", email="ann@example.com")
            deal = tx.sales.qualify(lead.id).opportunity
            assert deal is not None
            tx.sales.change_stage(deal.id, stage="closing")
            tx.sales.win(deal.id)
        yield crm


def behind_the_back(crm: CRM, do: Callable[[Session], Any]) -> Any:
    """Something is done to the store that the journal knows nothing of."""
    session = crm._opened().begin()
    try:
        return do(session)
    finally:
        session.commit()


def test_what_the_library_wrote_does_not_differ(crm: CRM) -> None:
    """Rows and projections, value for value."""
    found = crm.replay()

    assert found
    assert found.differences == ()
    with crm.read() as view:
        assert found.events == sum(1 for _ in view.journal())
        assert found.rows == sum(view.of(model.cls).count() for model in view.model.entities.values())
    assert str(found) == f"{found.rows} rows of {found.events} events, 0 differ"


@pytest.mark.parametrize("kind", ["lead", "stage_stay"])
def test_a_changed_row_is_found_and_put_right(crm: CRM, kind: str) -> None:
    """The difference names the column; repaired, nothing differs."""
    model = crm.registry.model.entities[kind]
    at, path = model.position["created_at"], "created_at"

    def change(session: Session) -> Any:
        row = session.load(kind, [_first(crm, kind)])[0]
        session.update(kind, [(row, (*row[:at], row[at].replace(year=1999), *row[at + 1 :]))])
        return row[model.position["id"]]

    id = behind_the_back(crm, change)
    found = crm.replay()

    assert not found
    assert found.differences == (Difference(kind, id, (path,)),)
    assert crm.replay(repair=True).differences == found.differences
    assert crm.replay()


def test_rows_that_are_missing_or_too_many_are_put_right(crm: CRM) -> None:
    """A stay that is gone comes back, and a user that never came goes."""
    stay, model = _first(crm, "stage_stay"), crm.registry.model.entities["user"]
    extra = crm._transactions.ids()

    def change(session: Session) -> None:
        session.delete("stage_stay", [stay])
        row = session.load("user", [_first(crm, "user")])[0]
        changed = dict(zip((column.path for column in model.columns), row, strict=True)) | {"id": extra, "key": "x"}
        session.insert("user", [tuple(changed.values())])

    behind_the_back(crm, change)
    found = crm.replay(repair=True)

    assert set(map(str, found.differences)) == {f"stage_stay {stay}: is missing", f"user {extra}: is one too many"}
    assert str(found).endswith("2 differ, put right")
    assert crm.replay()


def _first(crm: CRM, kind: str) -> Any:
    with crm.read() as view:
        return view.of(view.model.entities[kind].cls).first().id  # type: ignore[union-attr]


def test_how_far_consumers_have_come_is_left_alone(crm: CRM) -> None:
    """It has no events: nothing differs by it, and a repair takes none of it away."""

    def stumble(_: Held) -> None:
        raise ValueError

    mailer = Consumer(name="mailer", kinds=("lead",))
    stumbled = crm.deliver(mailer, stumble)
    assert stumbled.failed
    behind_the_back(crm, lambda session: session.delete("stage_stay", [_first(crm, "stage_stay")]))

    repaired = crm.replay(repair=True)

    assert {each.kind for each in repaired.differences} == {"stage_stay"}
    with crm.read() as view:
        assert view.of(Delivery).count() == stumbled.failed
    assert crm.replay()


def test_fields_that_were_defined_since_do_not_differ(crm: CRM) -> None:
    """The journal has their definitions and what records say in them, like everything else."""
    with crm.transaction() as tx:
        tx.fields.define(Lead, name="region", holds="text")
        lead = tx.of(Lead).find()[0]
        tx.revise(evolve(lead, custom=lead.custom.having({"region": "서울"})))

    assert crm.replay()
