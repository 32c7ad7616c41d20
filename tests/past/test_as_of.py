"""`crm.as_of`: everything as it stood, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened
from support.deeds import Act, acts, done, figures_of, recent, rows_of

from crmkit import CRM
from crmkit.core.kernel.errors import Invalid, NotFound, Refused, StoreError
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.past import recorded_by
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.testing import FixedClock
from crmkit.transaction import View

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on each store."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def held(view: View) -> Any:
    """All there is to see in a view."""
    return rows_of(view), figures_of(view), recent(view), list(view.journal())


@pytest.mark.parametrize("store", STORES)
@settings(max_examples=max(5, settings().max_examples // 6))
@given(life=st.lists(st.tuples(st.lists(acts, min_size=1, max_size=4), st.integers(0, 3)), min_size=1, max_size=8))
def test_it_is_what_a_copy_taken_then_would_show(store: str, life: list[tuple[list[Act], int]]) -> None:
    """Rows, projections, figures, conditions relative to now, and the journal; at every moment, the present one too."""
    clock = FixedClock()
    with TemporaryDirectory() as folder, opened(store, Path(folder), clock) as crm:
        copies = {}
        for deeds, days in life:
            done(crm, deeds)
            with crm.read() as view:
                copies[clock()] = held(view)
            clock.advance(days=days, minutes=1)

        for moment, copy in copies.items():
            with crm.as_of(moment) as view:
                assert held(view) == copy
        with crm.read() as now, crm.as_of(clock()) as view:
            assert held(view) == held(now)


def test_before_the_beginning_there_is_nothing(crm: CRM) -> None:
    """Not even the system user."""
    with crm.as_of(datetime(1999, 1, 1, tzinfo=UTC)) as view:
        assert not any(rows_of(view).values())
        assert list(view.journal()) == []


def test_the_past_does_not_change(crm: CRM) -> None:
    """Whatever would write is refused, as in any view."""
    with crm.as_of(datetime(2999, 1, 1, tzinfo=UTC)) as view, pytest.raises(StoreError, match="this is a view"):
        view.people.add_team(name="Nobody")


def test_who_looks_is_asked_as_of_now(crm: CRM) -> None:
    """Somebody who came later may look back; somebody who is not there, or has left, may not."""
    clock: FixedClock = crm._transactions.clock  # type: ignore[assignment]
    before = clock()
    clock.advance(days=1)
    with crm.transaction() as tx:
        young = tx.people.add_user(name="Young")
    with crm.as_of(before, young) as view:
        assert view.of(User).count() == 1
    with crm.transaction() as tx:
        tx.change(evolve(young, active=False), "user.left")
    with pytest.raises(Refused), crm.as_of(clock(), young):
        pass
    with pytest.raises(NotFound), crm.as_of(clock(), uuid7(1, 1)):
        pass


def test_a_record_has_the_history_that_it_had(crm: CRM) -> None:
    """Events keep their sequence numbers; what came later is not among them."""
    clock: FixedClock = crm._transactions.clock  # type: ignore[assignment]
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil")
    moment = clock()
    with crm.read() as view:
        known = view.history(lead)
    clock.advance(minutes=1)
    with crm.transaction() as tx:
        tx.sales.contact(lead.id)
    with crm.as_of(moment) as view:
        assert view.history(lead) == known
        assert view.of(Lead).get(lead.id) == lead


def test_a_moment_needs_a_zone(crm: CRM) -> None:
    """As every moment does."""
    with pytest.raises(Invalid, match="moment"), crm.as_of(datetime(2026, 1, 1)):
        pass


def journal(*steps: tuple[int, int]) -> list[Event]:
    """Events as their operation and the seconds at which they were recorded, in order."""
    return [
        Event(
            name="lead.noted",
            kind="lead",
            id=uuid7(1, number),
            version=1,
            stamp=Stamp(
                at=START + timedelta(seconds=at), occurred=START, by=uuid7(2, 0), operation=uuid7(3, operation)
            ),
            sequence=number,
        )
        for number, (operation, at) in enumerate(steps, start=1)
    ]


@pytest.mark.parametrize(
    ("steps", "seconds", "expected"),
    [
        ([(1, 0), (2, 5), (3, 9)], 5, [1, 2]),
        ([(1, 0), (2, 5), (3, 5)], 5, [1, 2, 3]),
        ([(1, 0), (1, 7)], 5, []),
        ([(1, 0), (2, 3), (1, 0)], 2, []),
        ([(1, 0), (2, 3), (1, 0)], 3, [1, 2, 1]),
        ([(1, 9), (2, 5)], 5, []),
        ([(1, 9), (2, 5)], 9, [1, 2]),
    ],
    ids=["in order", "at the same time", "later in part", "begun before", "both", "clock set back", "caught up"],
)
def test_operations_are_in_it_as_a_whole(steps: list[tuple[int, int]], seconds: int, expected: list[int]) -> None:
    """In the order of their last events, and none before those that came before it."""
    found = recorded_by(START + timedelta(seconds=seconds), journal(*steps))

    assert [event.stamp.operation for event in found] == [uuid7(3, operation) for operation in expected]
