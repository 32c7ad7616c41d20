"""Threads and processes that write to one SQLite file at once, and are killed while they do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.races import Said, careless, check_count, check_kept, check_whole, counter, killed, program, raced

from crmkit import CRM
from crmkit.core.kernel.errors import StoreError
from crmkit.storage import sqlite
from crmkit.storage.sql import SQLSession
from crmkit.storage.sqlite import SQLiteStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where a new CRM is kept; without waiting for the disk, which a kill does not touch."""
    return f"sqlite:{tmp_path / 'crm.db'}?profile=fast"


@pytest.fixture
def crm(url: str) -> Iterator[CRM]:
    """A CRM in a file."""
    with CRM.open(url) as crm:
        yield crm


def test_threads_lose_nothing(crm: CRM) -> None:
    """8 threads with 25 increments each of one record: 200, and an event for each."""
    id = counter(crm)

    raced(crm, id, threads=8, times=25)

    check_count(crm, id, 200)
    check_whole(crm)


def test_processes_lose_nothing(crm: CRM, url: str, rounds: int) -> None:
    """4 processes of 4 threads, each with its own connections."""
    times = 5 * rounds
    id = counter(crm)
    racers = [program("increment", url, str(id), "4", str(times)) for _ in range(4)]
    for racer in racers:
        racer.communicate()
    assert [racer.returncode for racer in racers] == [0] * 4

    check_count(crm, id, 16 * times)
    check_whole(crm)


def test_nothing_acknowledged_is_lost_by_kills(url: str, rounds: int) -> None:
    """Two writers, killed in the middle of their work again and again; after each time all is as they said."""
    chance, said = random.Random(1), Said()
    for _ in range(rounds):
        killed([program("capture", url), program("capture", url)], chance.random() * 0.15, said)
        with CRM.open(url) as crm:
            check_kept(crm, said)
    assert len(said.kept) > rounds


class TestSeededBugs:
    """Each of these checks notices the fault that it is there for."""

    def test_reading_before_the_turn_is_noticed(self, crm: CRM) -> None:
        """Who reads first and takes the turn then loses increments."""
        id = counter(crm)

        raced(crm, id, threads=8, times=25, write=careless)

        with pytest.raises(AssertionError):
            check_count(crm, id, 200)

    def test_beginning_without_the_turn_is_noticed(self, crm: CRM, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store that lets everybody read at once and asks for the lock with the first write fails its writers."""
        id, file = counter(crm), url.removeprefix("sqlite:").partition("?")[0]
        engine = sqlite._engine(file, "PRAGMA synchronous = NORMAL", begin="BEGIN")

        def begin(store: SQLiteStore) -> SQLSession:
            connection = engine.connect()
            connection.begin()
            return SQLSession(connection, store._prepared)

        monkeypatch.setattr(SQLiteStore, "begin", begin)
        with pytest.raises(StoreError):
            raced(crm, id, threads=8, times=25)
        engine.dispose()

    def test_acknowledging_before_the_commit_is_noticed(self, url: str) -> None:
        """A writer that says kept too early is caught by kills."""
        chance, said = random.Random(1), Said()
        with pytest.raises(AssertionError, match="lost"):
            for _ in range(100):
                killed([program("capture", url, "early")], chance.random() * 0.05, said)
                with CRM.open(url) as crm:
                    check_kept(crm, said)
