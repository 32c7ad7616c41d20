"""The same statements by hand: SQLAlchemy compiles each once, and its Core or the driver below it executes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

import sqlalchemy as sa
from attrs import define, field, frozen

Values = Mapping[str, Any]


class Hands(Protocol):
    """Who executes: one transaction at a time, on a connection that is kept."""

    def begin(self) -> None:
        """From here on."""
        ...

    def rows(self, query: Said, values: Values) -> Sequence[Any]:
        """All that a query gives."""
        ...

    def write(self, statement: Said, values: Sequence[Values]) -> int:
        """How many rows a statement changed."""
        ...

    def commit(self) -> None:
        """Kept."""
        ...


@frozen(eq=False)
class Said:
    """A statement in both forms: for Core, and as the driver takes it."""

    core: Any
    sql: str
    given: Callable[[Values], Sequence[Any]]  #: the driver's parameters


def said(statement: Any, engine: sa.Engine, names: Sequence[str] | None = None) -> Said:
    """A statement, compiled; `names` are the columns that an INSERT or an UPDATE gives."""
    compiled: Any = statement.compile(dialect=engine.dialect, column_keys=names)
    places = list(compiled.positiontup)
    fixed = {name: bind.value for name, bind in compiled.binds.items() if bind.value is not None}
    if len(places) == 1 and not fixed:
        return Said(statement, str(compiled), lambda values: (values[places[0]],))
    if fixed:
        return Said(statement, str(compiled), lambda values: [{**fixed, **values}[name] for name in places])
    return Said(statement, str(compiled), itemgetter(*places))


@define
class Raw:
    """The driver alone."""

    connection: Any
    opens: str  #: what begins a transaction; empty where the driver does it itself
    cursor: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.cursor = self.connection.cursor()

    def begin(self) -> None:
        """As its database begins one."""
        if self.opens:
            self.cursor.execute(self.opens)

    def rows(self, query: Said, values: Values) -> Sequence[Any]:
        """As the driver gives them."""
        self.cursor.execute(query.sql, query.given(values))
        found: Sequence[Any] = self.cursor.fetchall()
        return found

    def write(self, statement: Said, values: Sequence[Values]) -> int:
        """As the driver counts them."""
        if len(values) == 1:
            self.cursor.execute(statement.sql, statement.given(values[0]))
        else:
            self.cursor.executemany(statement.sql, [statement.given(each) for each in values])
        return int(self.cursor.rowcount)

    def commit(self) -> None:
        """By the driver."""
        self.connection.commit()


@define
class Core:
    """SQLAlchemy's Core."""

    engine: sa.Engine
    connection: sa.Connection = field(init=False)

    def begin(self) -> None:
        """On a connection of the pool."""
        self.connection = self.engine.connect()
        self.connection.begin()

    def rows(self, query: Said, values: Values) -> Sequence[Any]:
        """As rows of SQLAlchemy."""
        return self.connection.execute(query.core, dict(values)).all()

    def write(self, statement: Said, values: Sequence[Values]) -> int:
        """As SQLAlchemy counts them."""
        given: Any = dict(values[0]) if len(values) == 1 else [dict(each) for each in values]
        return self.connection.execute(statement.core, given).rowcount

    def commit(self) -> None:
        """And back to the pool."""
        self.connection.commit()
        self.connection.close()
