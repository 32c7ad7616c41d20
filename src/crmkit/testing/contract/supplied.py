"""What the author of a store supplies: one fixture; and what the parts of the contract do with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.sweep import GroundSweep, Sweep, bind_sweep
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.world.pools import CLOCKS
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.sweeps import a_stamp

T = TypeVar("T")

#: One store serves all examples of a test, each in a transaction of which nothing stays.
one_store = settings(
    deadline=None,  # how long a store takes is no promise
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow],
)


def commit(store: Store, *, insert: Sequence[Row] = (), record: Sequence[Event] = ()) -> None:
    """One transaction that adds these rows and events."""
    session = store.begin()
    for kind, model in MODEL.entities.items():
        session.insert(kind, [row for row in insert if len(row) == len(model.columns)])
    session.record(record)
    session.commit()


def a_sweep(sweep: Sweep) -> GroundSweep:
    """A sweep of the test model, now."""
    return bind_sweep(sweep, model=MODEL, stamp=a_stamp(CLOCKS[0]))


def everything(session: Session) -> tuple[list[Row], list[Row], list[Event]]:
    """All that a transaction sees: firms, visits, events."""
    return session.page("firm", EVERYBODY), session.page("visit", EVERYBODY), list(session.history())


def at_once(works: Sequence[Callable[[], T]], *, meanwhile: Callable[[], object] = lambda: None) -> list[T]:
    """What several threads answer that begin together; `meanwhile` is done once they may be waiting for each other.

    :raises BaseException: what one of them raised
    """
    with ThreadPoolExecutor(len(works)) as threads:
        begun = [threads.submit(work) for work in works]
        wait(begun, timeout=0.05)
        meanwhile()
        return [each.result() for each in begun]


class Supplied:
    """What a part of the contract is given."""

    takes_turns = True  #: whether a transaction begins when the one before it has ended

    @pytest.fixture
    def store(self) -> Any:
        """An empty store, created over `MODEL`: the one that the author of a store supplies."""
        raise NotImplementedError

    @pytest.fixture
    def session(self, store: Store) -> Iterator[Session]:
        """A transaction of which nothing stays."""
        with unkept(store) as session:
            yield session
