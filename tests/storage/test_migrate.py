"""From one release of a program to the next, on every store that has tables: adding only, all of it, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.crms import STORES, place
from support.versions import LONG, NEW, OLD, REFUSED, AcmeTrip, LaterTrip, OtherDefault, Place, Trip, Way

from crmkit.builtin import open_store
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import MissingExtra, SchemaOutdated, StoreError
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.model import Model
from crmkit.crm import CRM
from crmkit.storage.schema import differences, found
from crmkit.storage.sql import SQLStore
from crmkit.testing import FixedClock, FixedIds
from crmkit.testing.contract.checks import EVERYBODY

LATER = {"entities": NEW, "extensions": (AcmeTrip,)}


@pytest.fixture(params=[store for store in STORES if store != "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test alone, for its tables change."""
    with place(request.param, tmp_path, object()) as url:
        yield url


def model(entities: tuple[type[Any], ...], extensions: tuple[type[Any], ...] = ()) -> Model:
    """The model of these classes alone."""
    return Model.build(entities, extensions)


@contextmanager
def kept(url: str, model: Model) -> Iterator[SQLStore]:
    """A store of this model."""
    with closing(open_store(url, model, prefix="crm_")) as store:
        assert isinstance(store, SQLStore)
        yield store


def make(url: str, model: Model) -> None:
    """The tables of a model."""
    with kept(url, model) as store:
        store.create()


def catalogue(url: str) -> dict[str, tuple[Any, ...]]:
    """The tables that there are: columns, and the names of indexes."""
    with kept(url, model(OLD)) as store, store._connected() as connection, connection.begin():
        dialect = store._prepared.tables.dialect
        return {
            name: (
                sorted(dialect.columns(connection, name).items()),
                sorted(str(index["name"]) for index in sa.inspect(connection).get_indexes(name)),
            )
            for name in sa.inspect(connection).get_table_names()
        }


def different(url: str, model: Model) -> list[str]:
    """In how many ways the tables are not those of the model, whatever the fingerprints say."""
    with kept(url, model) as store, store._connected() as connection, connection.begin():
        tables = store._prepared.tables
        return [each.says for each in differences(connection, tables, found(connection, tables))]


def migrated(url: str, model: Model, *, dry: bool = False) -> tuple[str, ...]:
    """The statements that made the tables those of the model."""
    with kept(url, model) as store:
        return store.migrate(dry=dry)


def takes_back(url: str) -> bool:
    """Whether a transaction that changes tables can be undone."""
    return not url.startswith("mariadb")


@contextmanager
def killed_at(store: SQLStore, number: int) -> Iterator[list[str]]:
    """The process ends when so many statements were executed that change tables; gives those that were."""
    done: list[str] = []

    def executing(*args: Any) -> None:
        if args[2].startswith(("CREATE", "ALTER")):
            if len(done) == number:
                raise KeyboardInterrupt
            done.append(args[2])

    sa.event.listen(store._engine, "before_cursor_execute", executing)
    yield done


@pytest.mark.parametrize("dry", [True, False])
def test_the_next_release_finds_the_records_of_the_one_before(*, url: str, dry: bool) -> None:
    """They have what they had, and the defaults of what is new; the journal says the same."""
    with CRM.open(url, entities=OLD, clock=FixedClock(), ids=FixedIds()) as crm, crm.transaction() as tx:
        first = tx.add(Trip(id=tx.new_id(Trip), title="서울", note="early", seats=4), "trip.planned")
        second = tx.add(Trip(id=tx.new_id(Trip), title="Madrid", way=Way.CAR, led_by=first.id), "trip.planned")
        lead = tx.sales.capture_lead(topic="Tours", source="web")
    with pytest.raises(SchemaOutdated, match="crmkit migrate adds what is missing"):
        CRM.open(url, **LATER)  # type: ignore[arg-type]

    if dry:
        CRM.migrate(url, dry=True, **LATER)  # type: ignore[arg-type]
    CRM.migrate(url, **LATER)  # type: ignore[arg-type]

    with CRM.open(url, clock=FixedClock(), **LATER) as crm, crm.transaction() as tx:  # type: ignore[arg-type]
        trips = tx.of(LaterTrip).find(order=["title"])
        assert [(str(trip.id), trip.title, trip.note, trip.seats, trip.way) for trip in trips] == [
            (str(second.id), "Madrid", None, 1, Way.CAR),
            (str(first.id), "서울", "early", 4, Way.TRAIN),
        ]
        assert str(trips[0].led_by) == str(first.id)
        for trip in trips:
            assert trip.ext[AcmeTrip] == AcmeTrip()
            assert (trip.goal, trip.budget, trip.day, trip.place_id) == (None, None, None, None)
        assert tx.of(LaterTrip).count(where("acme.nick") == LONG.upper()) == 2
        assert tx.sales.capture_lead(topic="More", source="web").version == lead.version
        model_, rows = tx.model, replay(tx.model, tx.journal())
        for kind in ("trip", "lead", "user"):
            at = model_.kind(kind).position["id"]
            assert {row[at]: row for row in tx.session.page(kind, EVERYBODY)} == rows[kind]


def test_migrated_tables_are_those_of_a_fresh_database(url: str, tmp_path: Path) -> None:
    """No difference is left, neither in the catalogue nor beside it; and there is nothing to do again."""
    later = model(NEW, (AcmeTrip,))
    make(url, model(OLD))
    (tmp_path / "fresh").mkdir()
    with place(url.partition(":")[0].removesuffix("ql"), tmp_path / "fresh", object()) as fresh:
        make(fresh, later)

        planned = migrated(url, later, dry=True)
        assert migrated(url, later) == planned != ()

        assert different(url, later) == []
        assert catalogue(url) == catalogue(fresh)
    before = catalogue(url)
    assert migrated(url, later) == ()
    assert catalogue(url) == before
    with kept(url, later) as store:
        assert store._as_made()
        store.create(thorough=True)


def test_a_dry_run_changes_nothing(url: str) -> None:
    """It says what would be done."""
    make(url, model(OLD))
    before = catalogue(url)

    said = migrated(url, model(NEW, (AcmeTrip,)), dry=True)

    assert any("acme_vip" in statement for statement in said)
    assert catalogue(url) == before
    assert different(url, model(OLD)) == []


@pytest.mark.parametrize("change", REFUSED)
def test_what_cannot_be_added_is_refused_by_name(change: str, url: str) -> None:
    """And nothing is done, also of what could be."""
    entities, says = REFUSED[change]
    make(url, model(OLD))
    before = catalogue(url)

    with pytest.raises(SchemaOutdated) as refused:
        migrated(url, model(entities))

    assert any(says in each for each in refused.value.facts["differences"]), refused.value
    assert catalogue(url) == before
    with pytest.raises(SchemaOutdated):
        make(url, model(entities))


def test_another_default_is_refused(url: str) -> None:
    """Records that were there before the column have the one that it was made with, and the journal would not."""
    make(url, model(NEW, (AcmeTrip,)))

    with pytest.raises(SchemaOutdated, match="acme_vip was"):
        migrated(url, model(NEW, (OtherDefault,)))


def test_records_that_agree_are_refused_where_a_key_becomes_unique(url: str) -> None:
    """Before anything is done; told apart, they are migrated."""
    with CRM.open(url, entities=OLD) as crm, crm.transaction() as tx:
        for title in ("ABC", "ａｂｃ"):
            twin = tx.add(Trip(id=tx.new_id(Trip), title=title), "trip.planned")
    before = catalogue(url)

    with pytest.raises(SchemaOutdated, match="agree on title_fold, seats"):
        CRM.migrate(url, entities=NEW)
    assert catalogue(url) == before

    with CRM.open(url, entities=OLD) as crm, crm.transaction() as tx:
        tx.change(Trip(id=twin.id, version=1, title="other"), "trip.renamed")
    assert CRM.migrate(url, entities=NEW)


def test_killed_between_any_two_statements_it_is_undone_or_done_by_the_next(url: str) -> None:
    """Where a database undoes changes of tables nothing stays; where it does not, the next call does the rest."""
    old, new = model(OLD), model(NEW, (AcmeTrip,))
    make(url, old)
    before, steps = catalogue(url), len(migrated(url, new, dry=True))

    for number in range(1, steps):
        executed = number if takes_back(url) else 1
        with kept(url, new) as store, killed_at(store, executed) as done, pytest.raises(KeyboardInterrupt):
            store.migrate()
        assert len(done) == executed
        if takes_back(url):
            assert catalogue(url) == before
        else:
            assert len(migrated(url, new, dry=True)) == steps - number

    migrated(url, new)
    assert different(url, new) == []
    make(url, new)


def test_a_database_that_is_newer_says_so(url: str) -> None:
    """It is not the database that has to change."""
    make(url, model((*NEW,)))

    with pytest.raises(SchemaOutdated, match="newer than this program, or made for more"):
        make(url, model((Place,)))
    with pytest.raises(SchemaOutdated, match="newer than this program, or made for more"):
        migrated(url, model((Place,)))


def test_opening_reads_once(url: str) -> None:
    """What is the same is known by its fingerprints, in one statement."""
    make(url, model(OLD))
    with kept(url, model(OLD)) as store:
        engine = getattr(store, "_reading", None) or store._engine
        store._connected().close()
        said: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", lambda *args: said.append(args[2]))

        store.create()

    assert len([each for each in said if each != "BEGIN"]) == 1


def test_what_somebody_took_away_is_found_by_a_thorough_look(url: str) -> None:
    """Fingerprints say what was made; the catalogue says what there is."""
    make(url, model(OLD))
    with kept(url, model(OLD)) as store:
        with store._connected() as connection, connection.begin():
            of = " ON crm_trip" if url.startswith("mariadb") else ""
            connection.exec_driver_sql(f"DROP INDEX ix_crm_trip__way{of}")

        store.create()
        with pytest.raises(SchemaOutdated, match="crm_trip has no index ix_crm_trip__way"):
            store.create(thorough=True)
        assert len(store.migrate()) == 1
        store.create(thorough=True)


@pytest.mark.parametrize("first", ["crm_", "crm_b_"])
def test_tables_of_others_are_let_be_whatever_their_names(url: str, first: str) -> None:
    """Those of a CRM whose prefix begins with this one, and those of the host: opened, migrated, opened again."""
    with kept(url, model(OLD)) as store, store._connected() as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE crm_notes (said INTEGER)")
    for prefix in (first, "crm_", "crm_b_"):
        with closing(open_store(url, model(OLD), prefix=prefix)) as opened:
            opened.create()
            opened.create(thorough=True)

    assert migrated(url, model(NEW, (AcmeTrip,)))
    make(url, model(NEW, (AcmeTrip,)))
    with closing(open_store(url, model(OLD), prefix="crm_b_")) as beside:
        beside.create(thorough=True)
    assert "crm_notes" in catalogue(url)


def test_tables_without_fingerprints_are_compared_and_get_them(url: str) -> None:
    """Whatever became of the rows."""
    make(url, model(OLD))
    with kept(url, model(OLD)) as store:
        with store._connected() as connection, connection.begin():
            connection.execute(store._prepared.tables.made.delete())
        assert not store._as_made()

        store.create()

        assert store._as_made()


def test_two_that_migrate_at_once_do_it_once(url: str) -> None:
    """The second finds nothing missing."""
    make(url, model(OLD))

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: migrated(url, model(NEW, (AcmeTrip,))), range(2)))

    assert sorted(map(bool, done)) == [False, True]


def test_a_database_that_holds_nothing_gets_everything(url: str) -> None:
    """As if it were opened."""
    assert migrated(url, model(NEW))
    assert different(url, model(NEW)) == []


def test_without_alembic_the_extra_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it, and only where a table changes."""
    make(url, model(OLD))
    monkeypatch.setitem(sys.modules, "alembic.migration", None)

    assert migrated(url, model(OLD)) == ()
    with pytest.raises(MissingExtra, match=r"pip install 'crmkit\[migrations\]'"):
        migrated(url, model(NEW))


def test_memory_is_always_as_new_as_its_program() -> None:
    """There is nothing to add."""
    assert CRM.migrate("memory:", **LATER) == ()  # type: ignore[arg-type]


def test_a_file_that_is_none_is_not_migrated(tmp_path: Path) -> None:
    """In the words of the store."""
    (tmp_path / "crm.db").write_text("nothing of the kind, " * 100)

    with pytest.raises(StoreError, match="no SQLite database"):
        CRM.migrate(f"sqlite:{tmp_path / 'crm.db'}")
