"""The contract of all stores, held by each of them, and the proof that it can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from support.crms import STORES, place

from crmkit.core.kernel import ground
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Order, Store
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.tally import GroundCount, GroundMean, GroundTally, Partial
from crmkit.storage.memory import MemorySession, MemorySnapshot, MemoryStore
from crmkit.testing.contract import StoreContract
from crmkit.testing.contract.checks import (
    EVERYBODY,
    check_criteria,
    check_figures,
    check_order,
    check_replay,
    check_sweep,
)
from crmkit.testing.contract.customs import MIRRORED
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import column
from crmkit.testing.world.strategies import criteria, lives, situations
from crmkit.testing.world.sweeps import sweeps
from crmkit.testing.world.tallies import tallies


def needs(store: str) -> pytest.MarkDecorator:
    """Only where there is a server."""
    return pytest.mark.skipif(store not in STORES, reason=f"there is no server for {store}")


class TestMemory(StoreContract):
    """The reference."""

    @pytest.fixture
    def store(self) -> Iterator[Store]:
        """A store in memory."""
        store = MemoryStore(MODEL)
        store.create()
        yield store
        store.close()


class TestSQLite(StoreContract):
    """A file of its own per test."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A store in a SQLite file."""
        from crmkit.storage.sqlite import SQLiteStore

        store = SQLiteStore(tmp_path / "crm.db", MODEL)
        store.create()
        yield store
        store.close()


@needs("postgres")
class TestPostgres(StoreContract):
    """One database, emptied after each test."""

    takes_turns = False

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A store in a database of PostgreSQL."""
        from crmkit.storage.postgres import PostgresStore

        with place("postgres", tmp_path, MODEL) as url, closing(PostgresStore(url, MODEL)) as store:
            store.create()
            yield store


@needs("mariadb")
class TestMariaDB(StoreContract):
    """One database, emptied after each test."""

    takes_turns = False

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A store in a database of MariaDB."""
        from crmkit.storage.mariadb import MariaDBStore

        with place("mariadb", tmp_path, MODEL) as url, closing(MariaDBStore(url, MODEL)) as store:
            store.create()
            yield store


class MissingFulfils(MemorySession):
    """Takes a comparison with a missing value for true."""

    def page(self, kind: str, where: ground.Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        return super().page(kind, _lenient(where), order, limit)


def _lenient(where: ground.Ground) -> ground.Ground:
    match where:
        case ground.Test(column):
            return ground.Either((where, ground.Complement(ground.Exists(column))))
        case ground.Every(items) | ground.Either(items):
            return evolve(where, items=tuple(map(_lenient, items)))
        case ground.Complement(item) | ground.Via(_, item) | ground.Count(_, _, item):
            return evolve(where, item=_lenient(item))
        case _:
            return where


class ComparesDefinedNamesAsWritten(MemorySession):
    """Takes a name in a field that was defined while the program ran for a code."""

    def page(self, kind: str, where: ground.Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        return super().page(kind, _unfolded(where), order, limit)


def _unfolded(where: ground.Ground) -> ground.Ground:
    match where:
        case ground.Test(column) | ground.OneOf(column) | ground.Within(column) if column.defined:
            plain = Scalar.CODE if column.scalar is Scalar.NAME else column.scalar
            return evolve(where, column=evolve(column, scalar=plain))
        case ground.Every(items) | ground.Either(items):
            return evolve(where, items=tuple(map(_unfolded, items)))
        case ground.Complement(item) | ground.Via(_, item) | ground.Count(_, _, item):
            return evolve(where, item=_unfolded(item))
        case _:
            return where


class SortsRawText(MemorySession):
    """Sorts names as they are written."""

    def page(self, kind: str, where: ground.Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        found = super().page(kind, where)
        for by in reversed(order):
            at = self._model.entities[kind].position[by.column.path]
            there = [row for row in found if row[at] is not None]
            there.sort(key=lambda row, at=at: row[at], reverse=by.descending)  # type: ignore[misc]
            found = there + [row for row in found if row[at] is None]
        return found[:limit]


class ForgetsAnEvent(MemorySession):
    """Drops the last of several events that are recorded together."""

    def record(self, events: Sequence[Event]) -> None:
        super().record(events[:-1] if len(events) > 1 else events)


class CountsMissingTimes(MemorySession):
    """Counts in a mean also those that lack one of the two moments, as if no time had passed."""

    def tally(self, tally: GroundTally) -> list[Partial]:
        counting = tuple(GroundCount(each.where) if isinstance(each, GroundMean) else each for each in tally.measures)
        counts = {partial.group: partial.values for partial in super().tally(evolve(tally, measures=counting))}
        return [self._worse(tally, each, counts[each.group]) for each in super().tally(tally)]

    def _worse(self, tally: GroundTally, partial: Partial, counts: tuple[Any, ...]) -> Partial:
        values = zip(tally.measures, partial.values, counts, strict=True)
        return evolve(
            partial, values=tuple((many, v[1]) if isinstance(each, GroundMean) else v for each, v, many in values)
        )


class LosesUpdates(MemorySession):
    """Reports nothing stale, whatever version a change was made from."""

    def update(self, kind: str, changed: Sequence[tuple[Row, Row]]) -> list[Id[Any]]:
        super().update(kind, changed)
        return []


class SweepsWithoutVersion(MemorySession):
    """Writes the events of a sweep, but leaves the versions of the rows as they were."""

    def sweep(self, sweep: GroundSweep) -> Swept:
        before = {row[0]: row for row in self.page(sweep.model.kind, EVERYBODY)}
        swept = super().sweep(sweep)
        at = sweep.model.position["version"]
        for row in self.page(sweep.model.kind, EVERYBODY):
            self.update(sweep.model.kind, [(row, (*row[:at], before[row[0]][at], *row[at + 1 :]))])
        return swept


class SweepsEverybody(MemorySession):
    """Has an event also for records that a sweep does not change."""

    def sweep(self, sweep: GroundSweep) -> Swept:
        return super().sweep(evolve(sweep, moves=True))


class SweepsOneByOne(MemorySession):
    """Lets a sweep see what it did to the records before."""

    def sweep(self, sweep: GroundSweep) -> Swept:
        batch, count = self._journal.last, 0
        for row in self.page(sweep.model.kind, EVERYBODY):
            alone = ground.Test(sweep.model.by_path["id"], Operator.EQUAL, row[0])
            count += super().sweep(evolve(sweep, where=ground.Every((alone, sweep.where)))).count
        return Swept(sweep.name, count, batch)


def broken(session: type[MemorySession]) -> MemoryStore:
    """A store in memory whose transactions are of this kind."""

    class Broken(MemoryStore):
        def begin(self) -> MemorySession:
            begun = super().begin()
            begun.__class__ = session
            return begun

    return Broken(MODEL)


def finds(check: Callable[..., None], session: type[MemorySession], *drawn: SearchStrategy[Any]) -> bool:
    """Whether a check notices, within some hundred random cases, that a store is broken."""

    @settings(
        max_examples=300,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*drawn))
    def run(case: tuple[Any, ...]) -> None:
        check(broken(session), *case)

    try:
        run()
    except AssertionError:
        return True
    return False


class TestSeededBugs:
    """Each check of the contract notices the bug that it is there for."""

    QUESTIONS = st.fixed_dictionaries({"visit": st.lists(criteria("visit"), min_size=4, max_size=8)})

    def test_missing_values_that_fulfil_conditions_are_noticed(self) -> None:
        """A store whose comparisons hold for missing values does not pass for one of ours."""
        assert finds(check_criteria, MissingFulfils, situations(), self.QUESTIONS)

    def test_names_that_are_not_folded_where_they_were_defined_since_are_noticed(self) -> None:
        """A store that compares such a name as it is written does not pass, though it folds every other name."""
        check = partial(check_criteria, asking=MIRRORED)

        assert finds(check, ComparesDefinedNamesAsWritten, situations(), self.QUESTIONS)

    def test_names_sorted_as_written_are_noticed(self) -> None:
        """A store that sorts by raw text does not pass."""
        check_order(broken(MemorySession), [Order(column("visit", "title"))])
        with pytest.raises(AssertionError):
            check_order(broken(SortsRawText), [Order(column("visit", "title"))])

    def test_a_dropped_event_is_noticed(self) -> None:
        """A store that loses a row of the journal does not pass."""
        assert finds(lambda store, life: check_replay(store, *life), ForgetsAnEvent, lives())

    def test_missing_times_in_a_mean_are_noticed(self) -> None:
        """A store that counts records without both moments does not pass."""
        assert finds(check_figures, CountsMissingTimes, situations(), tallies("visit"))

    @pytest.mark.parametrize("session", [SweepsWithoutVersion, SweepsEverybody])
    def test_a_sweep_that_does_something_else_is_noticed(self, session: type[MemorySession]) -> None:
        """A store that steps no version, or records what did not change, does not pass."""
        assert finds(check_sweep, session, sweeps())

    def test_a_sweep_that_sees_its_own_work_is_noticed(self) -> None:
        """A store that asks its condition again while it sweeps does not pass."""
        contract = StoreContract()
        with pytest.raises(AssertionError):
            contract.test_a_sweep_sees_all_records_as_they_were(broken(SweepsOneByOne).begin())

    def test_a_snapshot_that_moves_on_is_noticed(self) -> None:
        """A store whose snapshot shows what is committed later does not pass."""

        class MovesOn(MemoryStore):
            def snapshot(self) -> MemorySnapshot:
                begun = super().snapshot()
                vars(begun)["_tables"] = Latest(self)
                return begun

        class Latest(dict[str, Any]):
            def __init__(self, store: MemoryStore) -> None:
                self.store = store

            def __getitem__(self, kind: str) -> Any:
                return self.store._world.tables[kind]

        contract = StoreContract()
        contract.test_a_snapshot_is_of_one_moment_from_the_beginning(MemoryStore(MODEL))
        with pytest.raises(AssertionError):
            contract.test_a_snapshot_is_of_one_moment_from_the_beginning(MovesOn(MODEL))

    def test_lost_updates_are_noticed(self) -> None:
        """A store that says nothing of stale versions does not pass."""
        contract = StoreContract()
        session = broken(LosesUpdates).begin()
        with pytest.raises(AssertionError):
            contract.test_an_update_made_from_another_version_is_reported_and_not_done(session)
