"""What is peculiar to a SQLite file: profiles, the log beside it, forks, turns."""

from __future__ import annotations

import os
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crmkit import CRM
from crmkit.core.kernel.errors import Invalid, StoreError
from crmkit.storage import mounts, sqlite
from crmkit.storage.leftovers import checkpoint
from crmkit.storage.sqlite import SQLiteStore, profiled
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.contract.guards import a_guard
from crmkit.testing.contract.supplied import commit
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import firm, visit

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def made(folder: Path, **how: Any) -> SQLiteStore:
    """An empty store in a file of this folder."""
    store = SQLiteStore(folder / "crm.db", MODEL, **how)
    store.create()
    return store


def pragma(store: SQLiteStore, name: str) -> Any:
    """A setting of the connection on which a transaction writes."""
    session = store.begin()
    try:
        return session._opened().exec_driver_sql(f"PRAGMA {name}").scalar()
    finally:
        session.rollback()


@pytest.mark.parametrize(("how", "synchronous"), [({}, 2), ({"profile": "durable"}, 2), ({"profile": "fast"}, 1)])
def test_a_profile_says_what_a_commit_waits_for(how: dict[str, str], synchronous: int, tmp_path: Path) -> None:
    """FULL unless somebody asks for less; checkpoints are never made by SQLite itself, and 16 MB of pages are kept."""
    store = made(tmp_path, **how)

    assert pragma(store, "synchronous") == synchronous
    assert pragma(store, "wal_autocheckpoint") == 0
    assert pragma(store, "cache_size") == -16 * 1024
    store.close()


def test_a_profile_stands_behind_the_path() -> None:
    """Without a question mark it is the durable one."""
    assert profiled("crm.db?profile=fast") == ("crm.db", "fast")
    assert profiled("/var/lib/crm.db?profile=durable") == ("/var/lib/crm.db", "durable")
    assert profiled("crm.db") == ("crm.db", "durable")


@pytest.mark.parametrize("query", ["profile=quick", "profile=", "profile", "mode=ro", "", "profile=fast&cache=shared"])
def test_any_other_parameter_is_refused(query: str, tmp_path: Path) -> None:
    """And no file is made."""
    with pytest.raises(Invalid, match="fast"):
        CRM.open(f"sqlite:{tmp_path / 'crm.db'}?{query}")

    assert list(tmp_path.iterdir()) == []


def test_a_crm_is_opened_with_a_profile(tmp_path: Path) -> None:
    """The file is the one before the question mark."""
    CRM.open(f"sqlite:{tmp_path / 'crm.db'}?profile=fast").close()

    assert (tmp_path / "crm.db").exists()


def test_a_file_of_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the kind of file system; nothing is made there."""
    table = tmp_path / "mounts"
    table.write_text(f"server:/crm {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr(mounts, "_TABLE", table)

    with pytest.raises(StoreError, match="network file system .nfs4."):
        made(tmp_path)
    assert list(tmp_path.iterdir()) == [table]


def test_closing_leaves_the_file_alone(tmp_path: Path) -> None:
    """All is in it: neither log nor shared memory stays, only the empty lock files."""
    store = made(tmp_path)
    commit(store, insert=[firm(1)])
    store.snapshot().rollback()
    store.close()

    assert {path.name for path in tmp_path.iterdir()} == {"crm.db", "crm.db.turn", "crm.db.turn-next"}
    with closing(sqlite3.connect(tmp_path / "crm.db")) as database:
        assert database.execute("SELECT count(*) FROM crm_firm").fetchone() == (1,)


def test_closing_waits_for_nobody(tmp_path: Path) -> None:
    """While somebody else writes, who then goes on."""
    one, other = made(tmp_path), made(tmp_path)
    session = other.begin()
    session.insert("firm", [firm(1)])
    one.close()
    session.commit()

    with unkept(other) as later:
        assert later.page("firm", EVERYBODY) == [firm(1)]
    other.close()
    assert not (tmp_path / "crm.db-wal").exists()


def test_the_log_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put into the file whenever so much was changed, and written anew; what a snapshot needs stays for it."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_AT", 10)
    store, log = made(tmp_path), tmp_path / "crm.db-wal"
    for number in range(60):
        commit(store, insert=[firm(number)])
    length = log.stat().st_size
    assert length < 400_000

    snapshot = store.snapshot()
    for number in range(60, 90):
        commit(store, insert=[firm(number)])
    assert len(snapshot.page("firm", EVERYBODY)) == 60
    assert log.stat().st_size > length
    snapshot.rollback()
    for number in range(90, 110):
        commit(store, insert=[firm(number)])
    length = log.stat().st_size
    for number in range(110, 180):
        commit(store, insert=[firm(number)])
    assert log.stat().st_size == length
    store.close()


def test_a_checkpoint_that_fails_takes_no_patience_away(tmp_path: Path) -> None:
    """The next transaction waits for another program as long as the ones before it."""
    store = made(tmp_path)
    patience = pragma(store, "busy_timeout")
    with closing(store._engine.raw_connection()) as raw:  # type: ignore[union-attr]  # it is open
        connection: Any = raw.driver_connection
        connection.set_authorizer(
            lambda _, what, *__: sqlite3.SQLITE_DENY if what == "wal_checkpoint" else sqlite3.SQLITE_OK
        )
        with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
            checkpoint(connection, "PASSIVE")
        connection.set_authorizer(None)

    assert pragma(store, "busy_timeout") == patience > 0
    store.close()


def test_a_log_that_grew_long_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is written anew, which is after the next checkpoint."""
    monkeypatch.setattr(sqlite, "LOG", 100_000)
    store, log = made(tmp_path), tmp_path / "crm.db-wal"
    commit(store, insert=[firm(number) for number in range(2_000)])
    long = log.stat().st_size
    commit(store, insert=[firm(2_000)])

    assert log.stat().st_size < 200_000 < long
    store.close()


def test_two_crms_of_one_file_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their prefixes: the turn is that of the file."""
    monkeypatch.setattr(sqlite, "PATIENCE", 0.05)
    one, other = made(tmp_path, prefix="a_"), made(tmp_path, prefix="b_")
    session = one.begin()

    with pytest.raises(StoreError, match="another transaction is still open"):
        other.begin()
    session.rollback()
    other.begin().rollback()


def test_a_file_has_one_turn_whatever_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A symbolic link, a way round: the locks are those of the file itself."""
    monkeypatch.setattr(sqlite, "PATIENCE", 0.05)
    store = made(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "crm.db")
    (tmp_path / "in").mkdir()
    session = store.begin()

    for other in ("link.db", "in/../crm.db"):
        with pytest.raises(StoreError, match="another transaction is still open"):
            SQLiteStore(tmp_path / other, MODEL).begin()
    session.rollback()
    assert sorted(each.name for each in tmp_path.glob("*.turn")) == ["crm.db.turn"]


@needs_fork
def test_a_forked_child_has_to_open_its_own(tmp_path: Path) -> None:
    """The store, a transaction and a snapshot of the parent refuse to work there; the parent goes on."""
    store = made(tmp_path)
    session, snapshot = store.begin(), store.snapshot()
    session.insert("firm", [firm(1)])
    attempts = (
        store.begin,
        store.snapshot,
        store.create,
        session.commit,
        session.rollback,
        lambda: session.page("firm", EVERYBODY),
        lambda: snapshot.page("firm", EVERYBODY),
    )
    with warnings.catch_warnings(action="ignore"):  # that the process of the tests has threads
        child = os.fork()
    if not child:
        refused = 0
        for attempt in attempts:
            try:
                attempt()
            except StoreError:
                refused += 1
        store.close()
        os._exit(refused)
    _, status = os.waitpid(child, 0)
    session.commit()
    snapshot.rollback()

    assert os.waitstatus_to_exitcode(status) == len(attempts)
    with unkept(store) as later:
        assert later.page("firm", EVERYBODY) == [firm(1)]
    store.close()


def test_a_guarded_change_takes_as_many_statements_for_one_as_for_many(tmp_path: Path) -> None:
    """However many records are named, and however many of them change: four, and those of a savepoint."""
    told: list[str] = []
    with closing(made(tmp_path)) as store:
        assert store._engine is not None
        commit(store, insert=[visit(number) for number in range(500)])
        sa.event.listen(store._engine, "before_cursor_execute", lambda *said: told.append(said[2]))
        for ids in (range(1), range(500)):
            with unkept(store) as session:
                told.clear()
                assert len(session.sweep(a_guard(ids)).done) == len(ids)
                assert sum("SAVEPOINT" not in each for each in told) == 4
