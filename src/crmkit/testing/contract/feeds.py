"""What a store promises of its feed: whole operations in one order for everybody, nothing missed, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.feed import START, Place
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.store import Session, Store
from crmkit.testing.contract.supplied import Supplied
from crmkit.testing.world.samples import NOW, an_event, an_id, firm, visit

Step = tuple[str, int, int]  #: kind, number of the record, version

ALL = 1000
LIFE: tuple[tuple[Step, ...], ...] = (
    (("firm", 1, 1), ("visit", 5, 1)),
    (),
    (("firm", 2, 1),),
    (("visit", 5, 2), ("firm", 1, 2), ("visit", 5, 3)),
    (("firm", 1, 3),),
)
"""The operations of a store, one after the other; one of them changed nothing."""


def does(session: Session, operation: int, steps: Sequence[Step]) -> None:
    """Keep an operation with an event for each step."""
    stamp = Stamp(at=NOW, occurred=NOW, by=an_id(9), operation=an_id(operation))
    rows = [(kind, (firm if kind == "firm" else visit)(id, version=version)) for kind, id, version in steps]
    session.record([an_event(kind, row, stamp=stamp) for kind, row in rows])
    session.operation(an_id(operation), done=Operation(id=an_id(operation), actor=an_id(9), at=NOW))


@contextmanager
def begun(store: Store) -> Iterator[Session]:
    """A transaction that is over at the end, whatever happens."""
    session = store.begin()
    try:
        yield session
    finally:
        with suppress(StoreError):
            session.rollback()


def done(store: Store, operation: int, steps: Sequence[Step]) -> None:
    """The same in a transaction of its own."""
    session = store.begin()
    does(session, operation, steps)
    session.commit()


def fed(store: Store, *, after: Place = START, limit: int = ALL, **about: Any) -> list[Step]:
    """All that is fed behind a place, read so many at a time."""
    numbers = {an_id(number): number for number in range(100)}
    found: list[Step] = []
    while True:
        stretch = store.feed(after=after, limit=limit, **about)
        assert len(stretch.events) <= limit
        for each in stretch.events:
            assert after < each.place
            after = each.place
            found.append((each.event.kind, numbers[each.event.id], each.event.version))
        assert after <= stretch.end
        after = stretch.end
        if len(stretch.events) < limit:
            return found


class Feeds(Supplied):
    """One order for everybody."""

    @pytest.mark.parametrize("limit", [1, 2, 3, ALL])
    def test_the_feed_is_every_operation_in_the_order_of_the_commits(self, store: Store, limit: int) -> None:
        """Read from the beginning, any number at a time; an operation that changed nothing brings nothing."""
        for operation, steps in enumerate(LIFE, start=50):
            done(store, operation, steps)

        assert fed(store, limit=limit) == [step for steps in LIFE for step in steps]

    @pytest.mark.parametrize("limit", [1, 2, ALL])
    def test_the_feed_is_of_all_of_a_kind_or_of_one_record(self, store: Store, limit: int) -> None:
        """In the same order, however much of the rest stands between."""
        for operation, steps in enumerate(LIFE, start=50):
            done(store, operation, steps)
        everything = [step for steps in LIFE for step in steps]

        assert fed(store, kind="visit", limit=limit) == [step for step in everything if step[0] == "visit"]
        assert fed(store, id=an_id(1), limit=limit) == [step for step in everything if step[1] == 1]
        assert fed(store, kind="visit", id=an_id(1), limit=limit) == []

    def test_the_feed_is_the_same_from_whatever_place_it_is_read(self, store: Store) -> None:
        """Behind each place stands what stood behind it before, and what was committed since."""
        for operation, steps in enumerate(LIFE[:3], start=50):
            done(store, operation, steps)
        first = store.feed(after=START, limit=ALL)
        for operation, steps in enumerate(LIFE[3:], start=53):
            done(store, operation, steps)

        everything = [step for steps in LIFE for step in steps]
        for number, each in enumerate(first.events, start=1):
            assert fed(store, after=each.place) == everything[number:]
        assert fed(store, after=first.end) == everything[3:]
        assert store.feed(after=START, limit=3).events == first.events

    def test_an_end_is_where_to_go_on(self, store: Store) -> None:
        """While nothing is new it stays; in an empty store it is behind nothing."""
        empty = store.feed(after=START, limit=ALL)
        assert empty.events == ()
        done(store, 50, LIFE[0])
        assert fed(store, after=empty.end) == list(LIFE[0])

        end = store.feed(after=START, limit=ALL).end
        assert store.feed(after=end, limit=ALL).end == end
        assert store.feed(after=end, limit=ALL).events == ()

    def test_what_is_not_committed_is_not_fed(self, store: Store) -> None:
        """Neither while it is being written nor after it is undone."""
        done(store, 50, LIFE[0])
        session = store.begin()
        does(session, 51, LIFE[2])
        assert fed(store) == list(LIFE[0])
        session.rollback()

        assert fed(store) == list(LIFE[0])

    def test_who_commits_late_is_fed_late(self, store: Store) -> None:
        """What was recorded before and committed after somebody read comes behind what they read."""
        early, late = ("firm", 70, 1), ("visit", 71, 1)
        if self.takes_turns:
            done(store, 50, [early])
            first = store.feed(after=START, limit=ALL)
            done(store, 51, [late])
        else:
            with begun(store) as slow:
                does(slow, 51, [late])
                done(store, 50, [early])
                first = store.feed(after=START, limit=ALL)
                slow.commit()

        assert [each.event.stamp.operation for each in first.events] == [an_id(50)]
        assert fed(store, after=first.end) == [late]
        assert fed(store) == [early, late]

    def test_versions_rise_whatever_their_numbers(self, store: Store) -> None:
        """An operation is fed behind those whose records it changed further, also where it took its numbers first."""
        first, second = [("firm", 72, 1)], [("firm", 72, 2), ("firm", 73, 1)]
        if self.takes_turns:
            done(store, 50, first)
            done(store, 51, second)
        else:
            with begun(store) as other:
                does(other, 51, second)
                done(store, 50, first)
                other.commit()

        assert fed(store) == first + second

    def test_many_operations_are_fed_at_once(self, store: Store) -> None:
        """More than get their places, or are looked through, in one go."""
        session = store.begin()
        for number in range(620):
            does(session, number + 100, [("firm", 1, number + 1)] if number % 300 == 0 else [])
        session.commit()

        assert fed(store, limit=2) == [("firm", 1, 1), ("firm", 1, 301), ("firm", 1, 601)]
        assert fed(store, kind="firm", limit=2) == fed(store, id=an_id(1)) == fed(store)
