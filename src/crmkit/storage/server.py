"""What stores on a database server have in common: an address, a pool of connections, and errors in words of ours."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from math import inf
from time import monotonic
from typing import Any, ClassVar, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from crmkit.core.kernel.errors import Invalid, StoreError
from crmkit.core.kernel.feed import Place, Stretch
from crmkit.core.kernel.ids import Id
from crmkit.storage import feed
from crmkit.storage.faults import Meaning
from crmkit.storage.line import FAILURE
from crmkit.storage.snapshot import SQLSnapshot
from crmkit.storage.sql import SQLStore

#: What to raise for an error of the driver, and what it means; None for a refused key.
Failure: TypeAlias = Callable[..., tuple[StoreError, Meaning] | None]

PATIENCE: Final = 10  #: seconds that a transaction waits for others, or for a connection
MOST: Final = 20  #: connections that one store has open
AT_REST: Final = 1  #: seconds; a connection that was not used for longer is asked whether it still lives


def address(url: object, driver: str, accepts: str) -> sa.URL:
    """The URL for a driver.

    :raises Invalid: it names no database; what it says is not repeated, for it may hold a password
    """
    try:
        found = sa.make_url(str(url)).set(drivername=driver)
    except (ArgumentError, ValueError):
        raise Invalid("url", "cannot be read", accepts=accepts) from None
    if "@" in (found.host or ""):
        raise Invalid("url", "has more than one @", accepts="%40 in the place of the one in a password")
    if not found.database:
        raise Invalid("url", "names no database", accepts=accepts)
    return found


class ServerStore(SQLStore):
    """One CRM in one database of a server; transactions run beside each other."""

    begin_snapshot: ClassVar[tuple[str, ...]]  #: what is said at the beginning, so that all is read as it is now
    show: ClassVar[str]  #: what is said before the name of a setting to see it
    lasting: ClassVar[Mapping[str, Collection[str]]]  #: settings, and the values that keep commits on the disk

    def snapshot(self) -> SQLSnapshot:
        """What is committed by now, in a transaction that cannot write.

        :raises StoreError: the database cannot be reached
        """
        connection = self._connected()
        try:
            connection.begin()
            for statement in self.begin_snapshot:
                connection.exec_driver_sql(statement)
        except BaseException:
            connection.close()
            raise
        return SQLSnapshot(connection, self._prepared)

    def risks(self) -> tuple[str, ...]:
        """The settings of the server, `fsync=off` say, with which what is committed does not survive a loss of power.

        :raises StoreError: the database cannot be reached
        """
        with self._connected() as connection:
            found = {name: str(connection.exec_driver_sql(f"{self.show}{name}").scalar()) for name in self.lasting}
        return tuple(f"{name}={value}" for name, value in found.items() if value not in self.lasting[name])

    def feed(self, *, after: Place, kind: str | None = None, id: Id[Any] | None = None, limit: int) -> Stretch:
        """The events behind a place, after all that is committed has its position."""
        while self._positioned():
            pass
        return self.snapshot().stretch(after=after, kind=kind, id=id, limit=limit)

    def _positioned(self) -> bool:
        """Give some positions; whether there may be more to give."""
        tables = self._prepared.tables
        with self._connected() as connection:
            if not feed.waiting(connection, tables):
                return False
            with tables.dialect.alone(connection, f"{self._prefix}feed"):
                more = feed.give_positions(connection, tables)
                connection.commit()  # before anybody else may
        return more


def engine(
    url: sa.URL,
    set_up: Callable[[Any], None],
    failure: Failure,
    **how: Any,
) -> sa.Engine:
    """Connections that are set up once, read committed rows only, and fail as `failure` says.

    Refused keys, for which it gives None, are left to those who can say which.
    """
    where = f"{url.get_backend_name()}://{url.host or 'localhost'}/{url.database}"
    made = sa.create_engine(
        url,
        execution_options={FAILURE: partial(failure, where=where, commit=False)},
        isolation_level="READ COMMITTED",
        paramstyle="format",
        pool_size=MOST,
        max_overflow=0,
        pool_timeout=PATIENCE,
        hide_parameters=True,
        **how,
    )

    def begun(connection: Any, _: object) -> None:
        try:
            set_up(connection)
        except BaseException as error:
            connection.close()
            said = failure(error, where, commit=False)
            if said is None:
                raise
            raise said[0] from error

    def failed(context: ExceptionContext) -> StoreError | None:
        commit = context.statement is None and context.connection is not None
        said = failure(context.original_exception, where, commit=commit)
        if said is None:
            return None
        context.is_disconnect = context.is_disconnect or said[1].lost
        return said[0]

    def rested(_: object, record: ConnectionPoolEntry) -> None:
        record.info["since"] = monotonic()

    def woken(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        if monotonic() - record.info.get("since", inf) > AT_REST and not _lives(made.dialect, connection):
            raise DisconnectionError  # then the pool takes a new one

    sa.event.listen(made, "connect", begun)
    sa.event.listen(made, "checkin", rested)
    sa.event.listen(made, "checkout", woken)
    sa.event.listen(made, "handle_error", failed, retval=True)
    return made


def _lives(dialect: sa.Dialect, connection: Any) -> bool:
    try:
        return dialect.do_ping(connection)
    except Exception:  # noqa: BLE001 - drivers raise what they like
        return False
