"""Where it is measured: one new database for each, with the same durability for everybody who writes to it."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from crmkit import CRM
from crmkit.core.kernel.model import Model
from crmkit.storage.dialect import Dialect
from crmkit.storage.sqlite import CACHE
from crmkit.storage.tables import Tables, tables

SERVERS: Final = {"postgresql": "CRMKIT_TEST_POSTGRES", "mariadb": "CRMKIT_TEST_MARIADB"}
PREFIX: Final = "crm_"


@frozen(kw_only=True, eq=False)
class Place:
    """A database that crmkit has made its tables in, and the ways to it."""

    name: str
    says: str  #: how durable a commit is, and what else holds for all
    crm: CRM
    engine: sa.Engine  #: for SQLAlchemy, and for the raw driver below it
    tables: Tables

    @property
    def model(self) -> Model:
        """What is kept there."""
        return self.crm.registry.model

    @contextmanager
    def raw(self) -> Iterator[Any]:
        """A connection of the driver itself, kept for as long as it is wanted."""
        connection = self.engine.raw_connection()
        try:
            yield connection.driver_connection
        finally:
            connection.close()


@contextmanager
def sqlite(folder: Path, *, durable: bool) -> Iterator[Place]:
    """A file; every connection has the settings that crmkit gives its own."""
    file = folder / ("durable.db" if durable else "fast.db")
    level = "FULL" if durable else "NORMAL"
    with CRM.open(f"sqlite:{file}" + ("" if durable else "?profile=fast")) as crm:
        engine = sa.create_engine("sqlite://", creator=lambda: _connected(file, level), poolclass=sa.QueuePool)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        from crmkit.storage.sqlite_dialect import SQLiteDialect

        settings = f"journal_mode=WAL, synchronous={level}, foreign_keys=ON, cache_size=-{CACHE}"
        says = f"SQLite {sqlite3.sqlite_version}, {settings}"
        yield _place(f"SQLite {level}", says, crm, engine, SQLiteDialect())
        engine.dispose()


def _connected(file: Path, level: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", f"synchronous = {level}", "foreign_keys = ON", f"cache_size = -{CACHE}"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def server(kind: str) -> Iterator[Place]:
    """A new database on the server that the environment names, dropped at the end."""
    admin = sa.make_url(os.environ[SERVERS[kind]])
    name = f"crmkit_bench_{secrets.token_hex(4)}"
    with _made(kind, admin, name) as url, CRM.open(url.render_as_string(hide_password=False)) as crm:
        driver = "postgresql+psycopg" if kind == "postgresql" else "mariadb+pymysql"
        engine = sa.create_engine(
            url.set(drivername=driver), isolation_level="READ COMMITTED", paramstyle="format", pool_size=4
        )
        with engine.connect() as connection:
            says = _said_of(kind, connection)
        yield _place({"postgresql": "PostgreSQL", "mariadb": "MariaDB"}[kind], says, crm, engine, _dialect(kind))
        engine.dispose()


@contextmanager
def _made(kind: str, admin: sa.URL, name: str) -> Iterator[sa.URL]:
    driver = "postgresql+psycopg" if kind == "postgresql" else "mariadb+pymysql"
    administration = sa.create_engine(admin.set(drivername=driver), isolation_level="AUTOCOMMIT")
    encoding = " ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0" if kind == "postgresql" else ""
    with administration.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{encoding}")
        try:
            yield admin.set(database=name)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))
    administration.dispose()


def _said_of(kind: str, connection: sa.Connection) -> str:
    def ask(query: str) -> object:
        return connection.exec_driver_sql(query).scalar()

    if kind == "postgresql":
        version = str(ask("SHOW server_version")).split(" ", 1)[0]
        return f"PostgreSQL {version}, fsync={ask('SHOW fsync')}, synchronous_commit={ask('SHOW synchronous_commit')}"
    version = str(ask("SELECT version()")).split("-", 1)[0]
    flush = ask("SELECT @@innodb_flush_log_at_trx_commit")
    return f"MariaDB {version}, innodb_flush_log_at_trx_commit={flush}, sync_binlog={ask('SELECT @@sync_binlog')}"


def _dialect(kind: str) -> Dialect:
    if kind == "postgresql":
        from crmkit.storage.postgres_dialect import PostgresDialect

        return PostgresDialect()
    from crmkit.storage.mariadb_dialect import MariaDBDialect

    return MariaDBDialect()


def _place(name: str, says: str, crm: CRM, engine: sa.Engine, dialect: Dialect) -> Place:
    return Place(name=name, says=says, crm=crm, engine=engine, tables=tables(crm.registry.model, dialect, PREFIX))


Where = Callable[[Path], Any]

PLACES: Final[dict[str, Where]] = {
    "sqlite": lambda folder: sqlite(folder, durable=True),
    "sqlite-fast": lambda folder: sqlite(folder, durable=False),
    "postgresql": lambda _: server("postgresql"),
    "mariadb": lambda _: server("mariadb"),
}
