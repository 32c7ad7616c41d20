"""What is peculiar to stores on database servers: many at once, failures in words, and passwords that stay secret."""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve
from support import servers
from support.crms import STORES, place

from crmkit.builtin import open_store
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import Conflict, Invalid, MissingExtra, SchemaOutdated, StoreError
from crmkit.core.kernel.ids import id_of
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Sweep
from crmkit.crm import CRM
from crmkit.storage import server
from crmkit.storage.mariadb_dialect import MariaDBDialect
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.contract.supplied import a_sweep, commit
from crmkit.testing.world.records import MODEL, Firm, Visit
from crmkit.testing.world.samples import an_event, an_id, firm, visit

ON_SERVERS: list[Any] = [store for store in STORES if store in servers.ADMIN]
EXTRAS = {"postgres": ("postgresql", "psycopg"), "mariadb": ("mariadb", "pymysql")}


@pytest.fixture(params=ON_SERVERS or [pytest.param("none", marks=pytest.mark.skip("there is no server"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database over the test model that holds nothing."""
    with place(request.param, tmp_path, MODEL) as url:
        yield url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store in it."""
    with closing(open_store(url, MODEL, prefix="crm_")) as store:
        store.create()
        yield store


def at_once(many: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of these threads gave."""
    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(work, range(many)))


@pytest.mark.parametrize("name", ON_SERVERS)
def test_tables_are_made_once(name: str, tmp_path: Path) -> None:
    """Whoever opens an empty database at the same moment as others waits for them, and finds one CRM."""
    with place(name, tmp_path, "opened at once") as url:

        def users(_: int) -> int:
            with CRM.open(url) as crm, crm.transaction() as tx:
                return len(tx.session.page("user", EVERYBODY))

        assert at_once(6, users) == [1] * 6


def test_a_version_is_changed_once(store: Store) -> None:
    """Of several that change the same row, one does; the others learn that theirs was stale."""
    commit(store, insert=[firm(1)])

    def change(number: int) -> bool:
        session = store.begin()
        stale = session.update("firm", [(firm(1), firm(1, version=2, region=str(number)))])
        session.commit()
        return not stale

    assert sorted(at_once(8, change)) == [False] * 7 + [True]


def test_a_version_is_recorded_once(store: Store) -> None:
    """Of several events of the same version one is kept, and sequence numbers are never the same."""

    def record(number: int) -> bool:
        session = store.begin()
        try:
            session.record([an_event("visit", visit(number)), an_event("firm", firm(99))])
        except Conflict:
            session.rollback()
            return False
        session.commit()
        return True

    assert sorted(at_once(8, record)) == [False] * 7 + [True]
    with unkept(store) as session:
        assert len({event.sequence for event in session.history()}) == 2


def test_a_key_has_one_holder_whoever_was_first(store: Store) -> None:
    """Also one that is too wide for an index of the database."""

    def insert(number: int) -> bool:
        session = store.begin()
        try:
            session.insert("firm", [firm(number, name="\ufdfa" * 33, region="한" * 200)])
        except Invalid:
            session.rollback()
            return False
        session.commit()
        return True

    assert sorted(at_once(8, insert)) == [False] * 7 + [True]


def test_two_that_wait_for_each_other_are_told(store: Store) -> None:
    """One of them goes on; the other fails in words, and nothing of it is kept."""
    commit(store, insert=[firm(1), firm(2)])
    one, other = store.begin(), store.begin()
    one.update("firm", [(firm(1), firm(1, version=2))])
    other.update("firm", [(firm(2), firm(2, version=2))])

    def crossed(number: int) -> str:
        session, id = ((one, 2), (other, 1))[number]
        try:
            session.update("firm", [(firm(id), firm(id, version=2))])
            session.commit()
        except StoreError as error:
            session.rollback()
            return str(error)
        return ""

    said = sorted(at_once(2, crossed))

    assert said[0] == ""
    assert "waited for each other" in said[1]


def test_those_who_are_in_a_circle_are_deleted_at_once(store: Store) -> None:
    """Records that lead to each other stand in nobody's way but that of others."""
    rows = [firm(1), firm(2, parent_id=an_id(3)), firm(3, parent_id=an_id(1))]
    with unkept(store) as session:
        session.insert("firm", [firm(1), firm(3, parent_id=an_id(1)), firm(2, parent_id=an_id(3))])
        session.update("firm", [(firm(1), firm(1, parent_id=an_id(2), version=2))])

        session.delete("firm", [row[0] for row in rows])

        assert session.page("firm", EVERYBODY) == []


def test_a_long_beginning_that_many_share_is_not_the_whole(store: Store) -> None:
    """Where an index holds the beginning of a text only, the rest still counts."""
    names = ["x" * 250 + end for end in ("a", "b")]
    with unkept(store) as session:
        session.insert("firm", [firm(at, name=name, region="r" * 200) for at, name in enumerate(names, start=1)])

        found = session.page("firm", bind(where("name") == names[1], model=MODEL, kind="firm", now=visit(1)[3]))

        assert [row[0] for row in found] == [an_id(2)]


def test_other_fields_are_a_difference(url: str, store: Store) -> None:
    """In the words of the database."""
    outdated = pytest.raises(SchemaOutdated, match="crm_visit too many")
    with closing(open_store(url, Model.build((Firm,)), prefix="crm_")) as other, outdated:
        other.create()


def test_what_others_commit_meanwhile_is_seen(store: Store) -> None:
    """By whoever reads again, in a transaction; a snapshot stays what it was."""
    session, snapshot = store.begin(), store.snapshot()
    assert session.page("firm", EVERYBODY) == []
    commit(store, insert=[firm(1)])

    assert session.page("firm", EVERYBODY) == [firm(1)]
    assert snapshot.page("firm", EVERYBODY) == []
    session.rollback()
    snapshot.rollback()


def test_moments_are_in_utc_whatever_zone_a_session_is_given(url: str, store: Store) -> None:
    """By the same name, so that two of them compare as quickly as numbers."""
    commit(store, insert=[firm(1)])
    zone = "TIME ZONE 'Asia/Seoul'" if url.startswith("postgresql") else "time_zone = '+09:00'"
    with unkept(store) as session:
        session._connection.exec_driver_sql(f"SET {zone}")  # type: ignore[attr-defined]
        (row,) = session.page("firm", EVERYBODY)

    assert row == firm(1)
    assert {value.tzinfo for value in row if isinstance(value, datetime)} == {UTC}


def test_a_sweep_waits_for_nobody_who_writes_elsewhere(store: Store) -> None:
    """It reads no event but its own, whatever else is in the journal and not committed yet."""
    commit(store, insert=[visit(number, score=number % 5) for number in range(3000)])
    sweep = a_sweep(Sweep("s", Visit, where("score") == 1, {"note": "swept"}, event="visit.swept"))
    with unkept(store) as one, unkept(store) as another, unkept(store) as session:
        for other, step in ((one, -1), (another, 1)):  # of operations next to this one
            event, mine = an_event("firm", firm(step + 2)), sweep.stamp.operation
            other.record([evolve(event, stamp=evolve(event.stamp, operation=id_of(mine.int + step)))])

        assert session.sweep(sweep).count == 600


def end_connections(url: str) -> None:
    """Whatever has a connection to this database has it no more."""
    with servers.asking(url) as ask:
        if url.startswith("postgresql"):
            others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ask(f"SELECT pg_terminate_backend(pid) FROM {others}")
        else:
            others = "information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            for (id,) in ask(f"SELECT id FROM {others}"):
                ask(f"KILL {id}")


def test_a_connection_that_was_ended_is_noticed_and_replaced(url: str, store: Store) -> None:
    """The transaction fails in words of ours; the next one has a connection that works."""
    session = store.begin()
    session.page("firm", EVERYBODY)
    end_connections(url)

    with pytest.raises(StoreError):
        session.page("firm", EVERYBODY)
    session.rollback()
    commit(store, insert=[firm(1)])


def test_one_that_is_lost_replaces_all(url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one was ended others were, too: none of those that rest is given to anybody again."""
    monkeypatch.setattr(server, "AT_REST", 1_000)
    session, *others = (store.begin() for _ in range(3))
    for other in others:
        other.rollback()
    end_connections(url)
    with pytest.raises(StoreError):
        session.load("firm", [an_id(1)])
    session.rollback()

    for number, _ in enumerate(others, start=1):
        commit(store, insert=[firm(number)])


def test_a_connection_that_was_ended_while_it_rested_is_replaced(
    url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody notices: it is asked before it is used, unless it was used a moment ago."""
    monkeypatch.setattr(server, "AT_REST", 0)
    store.begin().rollback()
    end_connections(url)

    commit(store, insert=[firm(1)])


def test_a_snapshot_that_lost_its_connection_ends_in_peace(url: str, store: Store) -> None:
    """Nothing was given to it."""
    snapshot = store.snapshot()
    end_connections(url)
    snapshot.rollback()

    commit(store, insert=[firm(1)])


def test_a_connection_that_was_ended_a_moment_ago_is_told_in_words_of_ours(url: str, store: Store) -> None:
    """When a snapshot begins, which leaves none of them behind."""
    store.snapshot().rollback()
    end_connections(url)
    with suppress(StoreError):
        store.snapshot().rollback()
    pool: Any = getattr(store, "_engine").pool  # noqa: B009 - it is nobody's business else

    assert pool.checkedout() == 0


@pytest.mark.parametrize("name", ON_SERVERS)
def test_a_password_is_never_said(name: str) -> None:
    """Neither by an address that cannot be read nor by a server that is not there."""
    scheme = EXTRAS[name][0]
    for rest in ("geheim@127.0.0.1:1/crm", "geheim@127.0.0.1", "geheim@:x/y", "x@geheim@127.0.0.1/crm"):
        wrong = f"{scheme}://ann:{rest}"
        with pytest.raises((Invalid, StoreError)) as refused, closing(open_store(wrong, MODEL, prefix="crm_")) as store:
            store.create()
        assert "geheim" not in f"{refused.value}{refused.value.facts}"


@pytest.mark.parametrize("scheme", ["postgres", "mysql", "postgresql+psycopg", "mariadb+pymysql", "ftp"])
def test_a_password_of_an_unknown_scheme_is_never_said(scheme: str) -> None:
    """The scheme is what was wrong, and all that is said."""
    url = f"{scheme}://ann:geheim@h/crm"
    for refuse in (CRM.open, CRM.migrate, lambda url: open_store(url, MODEL, prefix="crm_")):
        with pytest.raises(Invalid) as refused:
            refuse(url)
        assert scheme in str(refused.value)
        assert not {"geheim", "ann"} & set(re.findall(r"\w+", f"{refused.value}{refused.value.facts}"))


@pytest.mark.parametrize("name", EXTRAS)
def test_without_the_driver_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it."""
    scheme, driver = EXTRAS[name]
    monkeypatch.setitem(sys.modules, driver, None)

    with pytest.raises(MissingExtra, match=rf"crmkit\[{name}\]"):
        open_store(f"{scheme}://localhost/crm", MODEL, prefix="crm_")


@pytest.mark.skipif("postgres" not in STORES, reason="there is no server for postgres")
def test_a_database_that_is_not_in_utf8_is_refused() -> None:
    """Rather than losing what it cannot write."""
    made = servers.make("postgres", "latin", encoding="LATIN1")
    with pytest.raises(StoreError, match="LATIN1"), closing(open_store(made, MODEL, prefix="crm_")) as store:
        store.create()


def test_an_authority_in_the_url_is_the_only_one_that_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the host has to be the one that was asked for; nothing is sent to anybody else."""
    trusted = []

    def context(*, cafile: str | None, capath: str | None) -> ssl.SSLContext:
        trusted.append((cafile, capath))
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    monkeypatch.setattr(ssl, "create_default_context", context)
    url = "mariadb://localhost/crm?ssl_ca=/path/ca.pem"
    with closing(open_store(url, MODEL, prefix="crm_")) as store:
        engine: sa.Engine = store._engine  # type: ignore[attr-defined]
        _, how = engine.dialect.create_connect_args(engine.url)
        connection: Any = engine.dialect.loaded_dbapi.connect(**how, defer_connect=True)

    assert connection._ssl_required
    assert (connection.ctx.verify_mode, connection.ctx.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert trusted == [("/path/ca.pem", None)]


@pytest.mark.skipif("mariadb" not in STORES, reason="there is no server for mariadb")
def test_what_mariadb_cannot_send_is_told() -> None:
    """Rather than being none, for rows travel as texts there, and what is too long is NULL."""
    with place("mariadb", Path(), MODEL) as url, closing(open_store(url, MODEL, prefix="crm_")) as store:
        engine: sa.Engine = store._engine  # type: ignore[attr-defined]
        dialect = MariaDBDialect()
        with engine.connect() as connection:
            most = connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar()
            found = connection.execute(sa.select(*dialect.packed([sa.func.repeat('"', most)]))).all()

        with pytest.raises(StoreError, match="max_allowed_packet"):
            list(dialect.unpacked(found))
