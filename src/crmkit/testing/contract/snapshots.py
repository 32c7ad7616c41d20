"""What a store promises of snapshots: each is of one moment, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.tally import GroundCount, GroundTally
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.contract.supplied import Supplied, commit, everything
from crmkit.testing.world.samples import an_event, an_id, firm

COUNT = GroundTally(kind="firm", where=EVERYBODY, by=(), measures=(GroundCount(EVERYBODY),), zone="UTC")


class Snapshots(Supplied):
    """A moment that stays."""

    def test_a_snapshot_shows_what_was_committed_when_it_began(self, store: Store) -> None:
        """Neither what a transaction is about to write nor what it commits meanwhile; the next one shows it all."""
        commit(store, insert=[firm(1), firm(2, key="K-2")], record=[an_event("firm", firm(1))])
        writer = store.begin()
        writer.insert("firm", [firm(3)])
        snapshot = store.snapshot()
        before = everything(snapshot)

        writer.update("firm", [(firm(1), firm(1, version=2))])
        writer.delete("firm", [an_id(2)])
        writer.record([an_event("firm", firm(1, version=2)), an_event("firm", firm(3))])
        assert everything(snapshot) == before
        writer.commit()

        assert everything(snapshot) == before
        assert snapshot.load("firm", [an_id(3)]) == []
        assert [partial.values for partial in snapshot.tally(COUNT)] == [(2,)]
        assert [event.version for event in snapshot.history(kind="firm", id=an_id(1))] == [1]
        assert list(snapshot.history(after=before[2][-1].sequence)) == []
        snapshot.rollback()
        after = store.snapshot()
        assert (after.page("firm", EVERYBODY), len(list(after.history()))) == ([firm(1, version=2), firm(3)], 3)
        after.rollback()

    def test_a_snapshot_is_of_one_moment_from_the_beginning(self, store: Store) -> None:
        """Also if nothing is read from it until somebody has committed."""
        snapshot = store.snapshot()
        commit(store, insert=[firm(1)], record=[an_event("firm", firm(1))])

        assert everything(snapshot) == ([], [], [])
        snapshot.commit()

    def test_snapshots_are_read_beside_each_other(self, store: Store) -> None:
        """Each of its own moment, also while a transaction is open, which waits for none of them."""
        snapshots = []
        for number in range(1, 4):
            commit(store, insert=[firm(number)])
            snapshots.append(store.snapshot())
        with unkept(store) as writer:
            writer.insert("firm", [firm(4)])

            assert [len(each.page("firm", EVERYBODY)) for each in snapshots] == [1, 2, 3]
        for each in snapshots:
            each.rollback()

    def test_a_snapshot_does_not_write(self, store: Store) -> None:
        """Every write is refused before anything happens, and the snapshot can be read all the same."""
        commit(store, insert=[firm(1)], record=[an_event("firm", firm(1))])
        snapshot = store.snapshot()
        there = everything(snapshot)
        attempts: tuple[Callable[[], object], ...] = (
            lambda: snapshot.lock("firm", [an_id(1)]),
            lambda: snapshot.insert("firm", [firm(2)]),
            lambda: snapshot.update("firm", [(firm(1), firm(1, version=2))]),
            lambda: snapshot.delete("firm", [an_id(1)]),
            lambda: snapshot.record([an_event("firm", firm(1, version=2))]),
        )

        for attempt in attempts:
            with pytest.raises(StoreError, match="does not write"):
                attempt()
            assert everything(snapshot) == there
        snapshot.commit()

        with unkept(store) as session:
            assert everything(session) == there

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_a_snapshot_that_is_over_shows_nothing(self, store: Store, end: str) -> None:
        """As every transaction that is over; those who write are not concerned."""
        snapshot = store.snapshot()
        getattr(snapshot, end)()

        attempts: tuple[Callable[[], object], ...] = (
            lambda: snapshot.load("firm", [an_id(1)]),
            lambda: snapshot.page("firm", EVERYBODY),
            lambda: snapshot.tally(COUNT),
            lambda: snapshot.insert("firm", [firm(1)]),
            snapshot.history,
            snapshot.commit,
            snapshot.rollback,
        )
        for attempt in attempts:
            with pytest.raises(StoreError):
                attempt()
        commit(store, insert=[firm(1)])
