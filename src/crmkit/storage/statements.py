"""What is said to the database over and over: the statements on one table, each written out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from attrs import field, frozen

from crmkit.core.kernel.model import Row
from crmkit.storage.converters import Convert
from crmkit.storage.tables import Rows


@frozen
class Write:
    """A statement that writes one row."""

    sql: str
    _parameters: Callable[[Row], Row]

    def of(self, values: Row) -> tuple[str, Row]:
        """The statement with its parameters, picked out of these values."""
        return self.sql, self._parameters(values)


@frozen
class Read:
    """A query that is written out, and the way from what the driver gives to rows."""

    sql: str
    decode: Convert


def insert(rows: Rows, dialect: sa.Dialect, *, but: str = "", said: sa.ColumnElement[Any] | None = None) -> Write:
    """To add a row, out of its values as `Rows.encode` gives them; `but` one column that the database fills itself.

    It does so with what is `said`, or in a way of its own.
    """
    names = [column.name for column in rows.table.columns]
    statement = rows.table.insert().inline()
    if said is not None:
        statement = statement.values({but: said})
    return _write(statement, [name for name in names if name != but], names, dialect)


@frozen(eq=False)
class Statements:
    """The statements on the rows of one kind, each when it is needed first."""

    rows: Rows
    dialect: sa.Dialect
    _updates: dict[tuple[int, ...], Write] = field(init=False, factory=dict)

    @cached_property
    def insert(self) -> Write:
        """To add one."""
        return insert(self.rows, self.dialect)

    @cached_property
    def load(self) -> Read:
        """What has the one `id`."""
        chosen = self.rows.select().where(self.rows.table.c.id == sa.bindparam("id"))
        return Read(str(chosen.compile(dialect=self.dialect)), self.rows.decode)

    @cached_property
    def load_all(self) -> sa.Select[Any]:
        """What has one of the `ids`."""
        return self.rows.select().where(self.rows.table.c.id.in_(sa.bindparam("ids", expanding=True)))

    @cached_property
    def lock(self) -> sa.Select[Any]:
        """The same, locked one after the other in the order of their ids."""
        table = self.rows.table
        locked = self.load_all.order_by(table.c.id).with_for_update(of=table, key_share=True)  # others may lead there
        return locked.with_hint(table, "FORCE INDEX (PRIMARY)", "mariadb")

    def update(self, changed: tuple[int, ...]) -> Write:
        """To change what stands at these places of the row, if the version is still the one before.

        The version before comes behind the values of the row after.
        """
        if changed not in self._updates:
            table = self.rows.table
            statement = table.update().where(table.c.id == sa.bindparam("of"), table.c.version == sa.bindparam("was"))
            names = [name for place in changed for name in self.rows.stored(self.rows.columns[place])]
            given = ["of" if column.name == "id" else column.name for column in table.columns]
            self._updates[changed] = _write(statement, names, [*given, "was"], self.dialect)
        return self._updates[changed]


def _write(statement: sa.Insert | sa.Update, names: Sequence[str], given: Sequence[str], dialect: sa.Dialect) -> Write:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    return Write(str(compiled), itemgetter(*map(given.index, compiled.positiontup)))
