"""Whole CRMs driven by machine on every store, beside one in memory; and a broken store, found with its story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.crms import STORES, place

from crmkit.core.sales.opportunity import Opportunity
from crmkit.crm import CRM
from crmkit.storage.memory import MemorySession
from crmkit.testing import FixedClock, FixedIds
from crmkit.testing.machines import CRMContract
from crmkit.testing.machines.crm import CRMMachine, Opens, checked_rows


class TestEveryStore(CRMContract):
    """Held by all of ours."""

    @pytest.fixture(params=[store for store in STORES if store != "memory"])
    def opens(self, request: pytest.FixtureRequest) -> Opens:
        """A CRM on an empty database."""

        @contextmanager
        def opens(clock: FixedClock, ids: FixedIds) -> Iterator[CRM]:
            with (
                TemporaryDirectory() as folder,
                place(request.param, Path(folder)) as url,
                CRM.open(url, clock=clock, ids=ids) as crm,
            ):
                yield crm

        return opens


#: The same examples every time.
CALM = settings(database=None, derandomize=True, deadline=None, phases=[Phase.generate])


class ForgetsStages(MemorySession):
    """Loses the stage of every deal that changes."""

    def update(self, kind: str, changed: Any) -> Any:
        at = self._model.entities[kind].position.get("stage")
        if kind == "opportunity" and at is not None:
            changed = [(old, (*new[:at], old[at], *new[at + 1 :])) for old, new in changed]
        return super().update(kind, changed)


def _broken(clock: FixedClock, ids: FixedIds) -> CRM:
    """A CRM over a store that forgets."""
    crm = CRM.open("memory:", clock=clock, ids=ids)
    store: Any = crm._store
    begin = store.begin

    def worse() -> MemorySession:
        session: MemorySession = begin()
        session.__class__ = ForgetsStages
        return session

    store.begin = worse
    return crm


def _failure() -> AssertionError:
    """What a machine says of the broken store, with the shortest life that shows it."""

    class Machine(CRMMachine):
        opens = (_broken,)

    with pytest.raises(AssertionError) as failed:
        run_state_machine_as_test(
            Machine,
            settings=settings(CALM, max_examples=100, stateful_step_count=10, phases=[Phase.generate, Phase.shrink]),
        )
    return failed.value


@pytest.fixture(scope="module")
def story() -> str:
    """The note of a failure."""
    (note,) = (note for note in _failure().__notes__ if "The story" in note)
    return note


def test_the_shortest_story_is_told(story: str) -> None:
    """A lead, the deal that it becomes and a change of its stage: nothing else is needed, and nothing else is said."""
    assert [line.strip() for line in story.split("\n") if "tx." in line or "advance" in line] == [
        "lead_1 = tx.sales.capture_lead(topic='Oil', source='web', company=None, person=None, email=None)",
        "qualified_1 = tx.sales.qualify(lead_1.id)",
        "tx.sales.change_stage(qualified_1.opportunity.id, stage='engaging')",
    ]


def test_a_story_can_be_pasted(story: str) -> None:
    """On a store that does not forget it ends as it should."""
    pasted: dict[str, Any] = {}

    exec(story.partition("pasted:")[2], pasted)

    with pasted["crm"].read() as view:
        assert view.of(Opportunity).get(pasted["qualified_1"].opportunity.id).stage == "engaging"


def test_a_whole_life_can_be_pasted() -> None:
    """Refusals, other days and broken transactions too: pasted, a story leads to the same rows."""
    lives: list[tuple[str, Any]] = []

    class Machine(CRMMachine):
        def teardown(self) -> None:
            lives.append((str(self.story), checked_rows(self.crms[0])))
            super().teardown()

    run_state_machine_as_test(Machine, settings=settings(CALM, max_examples=8, stateful_step_count=25))

    for told, rows in lives:
        pasted: dict[str, Any] = {}
        exec(told, pasted)
        assert checked_rows(pasted["crm"]) == rows
    assert any("with suppress(CrmError)" in told for told, _ in lives)
