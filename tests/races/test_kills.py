"""Clients that are killed in the middle of their work, again and again, by a signal that nobody can catch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.crms import STORES, place
from support.races import Said, Writer, check_kept, killed

from crmkit import CRM


@pytest.fixture(params=[store for store in STORES if store != "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new CRM is kept; SQLite without waiting for the disk, which a kill does not touch."""
    with place(request.param, tmp_path) as url:
        yield f"{url}?profile=fast" if url.startswith("sqlite:") else url


def test_nothing_acknowledged_is_lost_by_kills_and_nothing_is_doubled(
    url: str, rounds: int, figure: Callable[[str], None]
) -> None:
    """Two writers in each round; what they had begun is asked for again, and has happened once."""
    chance, said = random.Random(1), Said()
    with CRM.open(url) as crm:
        for number in range(rounds):
            killed(url, Writer(), [2 * number + 1, 2 * number + 2], chance.random() * 0.1, said)
            if number & number + 1 == 0 or number == rounds - 1:  # ever further apart, for it reads all there is
                check_kept(crm, Writer(), said)
    assert len(said.kept) > rounds
    figure(f"{url.partition(':')[0]}: {2 * rounds} kills, {len(said.kept)} operations, none lost, none doubled")


class TestSeededBugs:
    """Each check notices the fault that it is there for, on every store."""

    def test_acknowledging_before_the_commit_is_noticed(self, url: str) -> None:
        """A writer that says kept too early."""
        chance, said = random.Random(1), Said()
        with CRM.open(url) as crm, pytest.raises(AssertionError, match="lost"):
            for number in range(100):
                killed(url, Writer("early"), [number + 1], chance.random() * 0.05, said)
                check_kept(crm, Writer("early"), said)

    def test_two_transactions_for_one_effect_are_noticed(self, url: str) -> None:
        """A writer that counts in a transaction of its own."""
        chance, said = random.Random(1), Said()
        with CRM.open(url) as crm, pytest.raises(AssertionError, match="counted twice"):
            for number in range(100):
                killed(url, Writer("twice"), [number + 1], chance.random() * 0.05, said)
                check_kept(crm, Writer("twice"), said)
