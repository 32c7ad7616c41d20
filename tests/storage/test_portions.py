"""A page is read some rows at a time, and its query is over when it is made, or cannot be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest
from support.crms import STORES, place

from crmkit.builtin import open_store
from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Session, Store
from crmkit.storage import sql
from crmkit.storage.sql import SQLSession
from crmkit.testing.contract.checks import EVERYBODY
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import firm

PORTION = 3
NAME = MODEL.kind("firm").position["name"]
SQL = [store for store in STORES if store != "memory"]


@pytest.fixture(autouse=True)
def _three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of some hundred."""
    monkeypatch.setattr(sql, "MANY", PORTION)


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Store]:
    """A fresh store."""
    with place(kind, folder, MODEL) as url, closing(open_store(url, MODEL, prefix="crm_")) as store:
        store.create()
        yield store


@contextmanager
def seen(store: Store) -> Iterator[Session]:
    """What is committed by now."""
    session = store.snapshot()
    try:
        yield session
    finally:
        session.rollback()


def add(store: Store, *numbers: int) -> None:
    """These firms, committed."""
    session = store.begin()
    session.insert("firm", [firm(number) for number in numbers])
    session.commit()


@pytest.mark.parametrize("kind", SQL)
def test_a_page_is_whole_whatever_its_length(kind: str, tmp_path: Path) -> None:
    """Nothing, less than a portion, one that is full, several, and one that is not full behind them."""
    with opened(kind, tmp_path) as store:
        for number in range(3 * PORTION + 1):
            with seen(store) as session:
                assert session.page("firm", EVERYBODY) == [firm(each) for each in range(1, number + 1)]
            add(store, number + 1)


@pytest.mark.parametrize("kind", SQL)
def test_a_page_that_cannot_be_made_is_read_no_further(kind: str, tmp_path: Path) -> None:
    """Whoever has its connection next sees what is committed then, even while somebody still holds the error."""
    with opened(kind, tmp_path) as store:
        add(store, *range(1, 2 * PORTION))

        def refuse(_: Row) -> Row:
            raise LookupError

        with seen(store) as session, pytest.raises(LookupError) as held:
            session.each(refuse, "firm", EVERYBODY)
        add(store, 2 * PORTION)
        with seen(store) as session:
            assert len(session.page("firm", EVERYBODY)) == 2 * PORTION
        assert held.tb is not None


def test_what_the_driver_says_half_way_is_said_in_words_of_the_store(tmp_path: Path) -> None:
    """The rows before it are not given as if they were all."""
    with opened("sqlite", tmp_path) as store:
        add(store, *range(1, 3 * PORTION))
        with seen(store) as session:
            assert isinstance(session, SQLSession)
            driver = cast("sqlite3.Connection", session._opened().connection.dbapi_connection)

            def then_stop(row: Row) -> Row:
                driver.set_progress_handler(lambda: 1, 1)
                return row

            with pytest.raises(StoreError, match="cannot be used"):
                session.each(then_stop, "firm", EVERYBODY)
            driver.set_progress_handler(None, 1)
            assert len(session.page("firm", EVERYBODY)) == 3 * PORTION - 1


@pytest.mark.parametrize("asked", ["each", "load", "load many", "lock"])
def test_a_query_that_fails_half_way_is_over_with_its_transaction(asked: str, tmp_path: Path) -> None:
    """Its connection is given to others, who see what is there by then and can write, whoever holds the error."""
    with opened("sqlite", tmp_path) as store:
        add(store, 1, 2)
        with closing(sqlite3.connect(tmp_path / "crm.db")) as other:
            other.execute("UPDATE crm_firm SET name = CAST(x'ff' AS TEXT)")  # which is not UTF-8
            other.commit()
            ids = [firm(number)[0] for number in (1, 2)]
            ask: dict[str, Callable[[Session], object]] = {
                "each": lambda session: session.page("firm", EVERYBODY),
                "load": lambda session: session.load("firm", ids[:1]),
                "load many": lambda session: session.load("firm", ids),
                "lock": lambda session: session.lock("firm", ids),
            }
            held = []
            for begin in (store.snapshot, store.begin):
                session = begin()
                if asked == "lock" and begin == store.snapshot:
                    session.rollback()
                    continue
                with pytest.raises(Exception, match="UTF-8") as error:
                    ask[asked](session)
                held.append((session, error))
                session.rollback()
            other.execute("UPDATE crm_firm SET name = 'known'")
            other.commit()
        add(store, 3)
        with seen(store) as session:
            assert [row[NAME] for row in session.page("firm", EVERYBODY)] == ["known", "known", "firm 3"]
        assert held
