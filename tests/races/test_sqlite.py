"""Threads and processes that write to one SQLite file: how long they wait, and what happens without turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve
from support.races import check_count, check_whole, in_processes, in_threads, increment, products

from crmkit import CRM
from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.ids import Id
from crmkit.core.sales.product import Product
from crmkit.storage import sqlite
from crmkit.storage.sql import SQLSession
from crmkit.storage.sqlite import SQLiteStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a new CRM is kept."""
    return f"sqlite:{tmp_path / 'crm.db'}"


@pytest.fixture
def crm(url: str) -> Iterator[CRM]:
    """A CRM in a file."""
    with CRM.open(url) as crm:
        yield crm


@pytest.mark.parametrize("profile", ["durable", "fast"])
def test_sixteen_writers_take_turns(
    crm: CRM, url: str, profile: str, rounds: int, figure: Callable[[str], None]
) -> None:
    """4 processes of 4 threads lose nothing, and nobody starves."""
    times = 5 * min(rounds, 25)
    (id,) = products(crm, "0", "counter")

    of_each = in_processes(f"{url}?profile={profile}", partial(increment, id=id, times=times), 4, 4)

    waits = sorted(wait for each in of_each for wait in each)
    check_count(crm, id, 16 * times)
    check_whole(crm)
    figure(
        f"sqlite, {profile}: {len(waits)} writes of 16 writers; p50 {waits[len(waits) // 2] * 1000:.0f} ms,"
        f" p99 {waits[len(waits) * 99 // 100] * 1000:.0f} ms, worst {waits[-1] * 1000:.0f} ms"
    )


def test_beginning_without_the_turn_is_noticed(crm: CRM, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that lets everybody read at once and asks for the lock with the first write fails its writers."""
    (id,), file = products(crm, "0", "counter"), url.removeprefix("sqlite:")
    engine = sqlite._engine(file, "PRAGMA synchronous = NORMAL", begin="BEGIN")

    def begin(store: SQLiteStore) -> SQLSession:
        connection = engine.connect()
        connection.begin()
        return SQLSession(connection, store._prepared)

    monkeypatch.setattr(SQLiteStore, "begin", begin)
    with pytest.raises(StoreError):
        in_threads(crm, partial(_impatient, id=id), 8)
    engine.dispose()


def _impatient(crm: CRM, who: str, *, id: Id[Product]) -> None:
    for number in range(25):
        with crm.transaction() as tx:
            tx.revise(evolve(tx.of(Product).get(id), name=f"{who} {number}"))
