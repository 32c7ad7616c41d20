"""Threads and processes that want the same at once, on every store; in memory threads only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count as numbers

import pytest
from support.linearizable import Call, check_linearizable, counter, holder
from support.races import (
    FREE,
    Client,
    Holders,
    T,
    careless_count,
    careless_increment,
    careless_take,
    check_count,
    check_taken,
    check_whole,
    count,
    in_processes,
    in_threads,
    increment,
    products,
    reserve,
    take,
)

from crmkit import CRM

_NEW = numbers(1)


@pytest.fixture
def race(crm: CRM, url: str, rounds: int) -> Callable[[Client[list[T]]], list[T]]:
    """All that clients tell, who are several processes of several threads: 8 of 8 in a long race."""
    processes, threads = (8, 8) if rounds > 10 else (2, 4)

    def race(client: Client[list[T]]) -> list[T]:
        local = url == "memory:"
        told = in_threads(crm, client, processes * threads if rounds > 10 else threads) if local else None
        return [each for one in told or in_processes(url, client, processes, threads) for each in one]

    return race


def fresh(crm: CRM, name: str, many: int) -> list:  # type: ignore[type-arg]
    """New records that nobody else races for."""
    return products(crm, name, *(f"race {next(_NEW)}" for _ in range(many)))


def test_threads_lose_nothing(crm: CRM) -> None:
    """8 threads with 25 increments each of one record: 200, and an event for each."""
    (id,) = fresh(crm, "0", 1)

    in_threads(crm, partial(increment, id=id, times=25), 8)

    check_count(crm, id, 200)


def test_processes_lose_nothing(crm: CRM, url: str, rounds: int) -> None:
    """Two of four threads each, with connections of their own; every success is a conflict for all the others."""
    (id,) = fresh(crm, "0", 1)
    client = partial(increment, id=id, times=2 + rounds // 25)

    took = in_threads(crm, client, 8) if url == "memory:" else in_processes(url, client, 2, 4)

    check_count(crm, id, sum(map(len, took)))
    check_whole(crm)


def test_every_record_has_exactly_one_winner(
    crm: CRM, race: Callable[..., list[Call]], rounds: int, figure: Callable[[str], None], url: str
) -> None:
    """Whoever guards it among many others; what clients were told can be told as one after the other."""
    ids = fresh(crm, FREE, 4 * rounds if rounds > 10 else 40)

    told = race(partial(take, ids=ids))

    check_taken(crm, ids, told)
    check_linearizable(told, holder)
    waits = sorted(call.ended - call.begun for call in told)
    figure(
        f"{url.partition(':')[0]}: {len(ids)} records, {len(told)} attempts, one winner each; p50 "
        f"{waits[len(waits) // 2] * 1000:.0f} ms, worst {waits[-1] * 1000:.0f} ms"
    )


def test_taking_and_giving_back_is_linearizable(crm: CRM, race: Callable[..., list[Call]]) -> None:
    """Many times over, on few records."""
    ids = fresh(crm, FREE, 12)

    told = race(partial(take, ids=ids, at_once=3, back=True))

    check_linearizable(told, holder)
    assert sum(bool(call.answer) for call in told if call.name == "take") == sum(
        bool(call.answer) for call in told if call.name == "give"
    )


def test_no_counter_is_ever_over_its_limit(
    crm: CRM, race: Callable[..., list[Call]], rounds: int, figure: Callable[[str], None], url: str
) -> None:
    """From the first of all on, up and down: what each was told can be told as one after the other."""
    keys = [f"limit {next(_NEW)}" for _ in range(200 if rounds > 10 else 12)]

    told = race(partial(count, keys=keys, most=3, back=True))

    check_linearizable(told, counter, 0)
    with crm.read() as view:
        assert {view.counters.value(key) for key in keys} == {3}
    figure(f"{url.partition(':')[0]}: {len(keys)} counters, {len(told)} calls, none over its limit")


def test_every_key_has_one_holder(crm: CRM, race: Callable[..., list[Holders]]) -> None:
    """All are told the same one, and it is one of those who tried."""
    space, keys = f"space {next(_NEW)}", [f"key {number}" for number in range(30)]

    told = race(partial(reserve, space=space, keys=keys))

    with crm.read() as view:
        holders = view.keys.holders(space, keys)
    assert len(holders) == len(keys)
    assert all(one == holders for _, one in told)
    assert set(holders.values()) <= {me for me, _ in told}


class TestSeededBugs:
    """Each of these checks notices the fault that it is there for, on every store."""

    def test_reading_before_the_transaction_loses_increments(self, crm: CRM) -> None:
        """Who reads first and writes then."""
        (id,) = fresh(crm, "0", 1)

        in_threads(crm, partial(careless_increment, id=id, times=10), 8)

        with pytest.raises(AssertionError):
            check_count(crm, id, 80)

    def test_reading_before_taking_has_two_winners(self, crm: CRM) -> None:
        """Both checks notice."""
        ids = fresh(crm, FREE, 20)

        told = [call for one in in_threads(crm, partial(careless_take, ids=ids), 8) for call in one]

        with pytest.raises(AssertionError):
            check_taken(crm, ids, told)
        with pytest.raises(AssertionError):
            check_linearizable(told, holder)

    def test_counting_before_writing_breaks_limits(self, crm: CRM) -> None:
        """A number that was read is no limit."""
        keys = [f"limit {next(_NEW)}" for _ in range(20)]

        told = [call for one in in_threads(crm, partial(careless_count, keys=keys, most=3), 8) for call in one]

        with crm.read() as view:
            assert max(view.counters.value(key) for key in keys) > 3
        with pytest.raises(AssertionError):
            check_linearizable(told, counter, 0)
