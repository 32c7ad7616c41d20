"""The feed while six write, and its consumers while they are killed, on every store that several processes share."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from support.crms import STORES, place
from support.feed_races import (
    LEDGER,
    Poll,
    by_feed,
    by_last_number,
    check_applied,
    check_fed,
    counter,
    effect,
    killed,
    polled,
    program,
    write,
)

from crmkit import CRM
from crmkit.core.deliveries.delivery import Delivery

SHARED = [store for store in STORES if store != "memory"]
NUMBERED_EARLY = [store for store in SHARED if store != "sqlite"]
WRITERS = 6


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new CRM is kept."""
    with place(request.param, tmp_path) as url:
        yield f"{url}?profile=fast" if request.param == "sqlite" else url


def raced(url: str, times: int, poll: Poll) -> None:
    """Six processes write, and one reads meanwhile; raises if it missed something."""
    with CRM.open(url) as crm:
        id = str(counter(crm))
        writers = [program("write", url, id, str(times), str(seed)) for seed in range(WRITERS)]
        try:
            found = polled(crm, lambda: any(writer.poll() is None for writer in writers), poll)
        finally:
            for writer in writers:
                writer.communicate()
        assert [writer.returncode for writer in writers] == [0] * WRITERS
        check_fed(crm, found)


@pytest.mark.parametrize("url", SHARED, indirect=True)
def test_a_feed_misses_nothing_of_six_writers(url: str, rounds: int) -> None:
    """Slow transactions of six processes: all of it, once, and versions in their order."""
    raced(url, 3 * rounds, by_feed)


def test_a_feed_in_memory_misses_nothing_of_six_threads(rounds: int) -> None:
    """The same of a store that only one process has."""
    with CRM.open("memory:") as crm:
        id = counter(crm)
        writers = [Thread(target=write, args=(crm, id, rounds, seed)) for seed in range(WRITERS)]
        for writer in writers:
            writer.start()
        found = polled(crm, lambda: any(writer.is_alive() for writer in writers), by_feed)
        check_fed(crm, found)


@pytest.mark.parametrize("url", NUMBERED_EARLY, indirect=True)
def test_reading_by_the_last_number_is_noticed(url: str) -> None:
    """Who remembers the last number of the journal misses what is committed behind it, if not always."""
    assert any(misses(url) for _ in range(10))


def misses(url: str) -> bool:
    """Whether something was missed that way."""
    try:
        raced(url, 25, by_last_number)
    except AssertionError as error:
        return "missed" in str(error)
    return False


@pytest.mark.parametrize("url", SHARED, indirect=True)
def test_kills_of_consumers_lose_and_double_nothing(url: str, rounds: int) -> None:
    """Two workers of one consumer, killed again and again; in the end each event has had its effect once."""
    chance = random.Random(1)
    with CRM.open(url) as crm:
        for _ in range(rounds):
            for _ in range(20):
                crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil", source="web"))
            workers = [program("apply", url) for _ in range(2)]
            killed(workers, chance.random() * 0.15)
        last = monotonic()
        while monotonic() < last + 60:  # seconds without anything to do, in which all leases run out
            if crm.apply(LEDGER, effect).tried:
                last = monotonic()
            elif settled(crm):
                break
            sleep(0.05)
        check_applied(crm)


def settled(crm: CRM) -> bool:
    """No delivery is left."""
    with crm.read() as view:
        return not view.of(Delivery).count()
