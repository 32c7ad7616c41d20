"""The SQL reading of a sweep: one INSERT writes its events, then one UPDATE does to the rows what the events say.

The condition is read once, by the INSERT, which locks what it finds where a database has locks on rows. The UPDATE goes
from the events to their rows, so that no ids travel.

A sweep among some records locks first those that fulfil the condition, and tells which they are; INSERT and UPDATE then
name them. They are found by the primary key, and so locked in the order of their ids: two that want the same wait for
each other one way only. And nobody waits for a row inside the INSERT, which on MariaDB holds up all other INSERTs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from attrs import field, frozen

from crmkit.core.kernel.columns import Column, Json, to_json
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.text import fold
from crmkit.storage.tables import EVENT, Tables, by_operation, compared
from crmkit.storage.where import Where

_COLUMNS: Final = {column.path: column for column in EVENT}
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@frozen
class SweepStatements:
    """The statements of a sweep."""

    sweep: GroundSweep
    tables: Tables
    row: sa.Table = field(init=False)
    journal: sa.Table = field(init=False)

    @row.default
    def _of_the_kind(self) -> sa.Table:
        return self.tables.kinds[self.sweep.model.kind].table

    @journal.default
    def _of_the_events(self) -> sa.Table:
        return self.tables.journal.table

    def done(self, connection: sa.Connection, batch: int) -> Swept | None:
        """What it did, with events behind the sequence `batch`; None where a row changed in between."""
        sweep = self.sweep
        if sweep.among is None:
            count = connection.execute(self._record(self._swept())).rowcount
            changed = count == 0 or connection.execute(self._change(self._told(batch))).rowcount == count
            return Swept(sweep.name, count, batch) if changed else None
        ids = connection.scalars(self.locked).all()
        these = self.row.c.id.in_(sa.bindparam(None, ids, expanding=True, type_=self.row.c.id.type))
        statements = (self._record(these), self._change(these)) if ids else ()
        if any(connection.execute(statement).rowcount != len(ids) for statement in statements):
            return None
        return Swept(sweep.name, len(ids), batch, tuple([self.tables.read(Scalar.ID, id) for id in ids]))

    @property
    def locked(self) -> sa.Select[Any]:
        """To lock the rows that fulfil the condition and would change, one after the other, and say which they are."""
        found = sa.select(self.row.c.id).where(self._swept()).order_by(self.row.c.id).with_for_update(of=self.row)
        return found.with_hint(self.row, "FORCE INDEX (PRIMARY)", "mariadb")

    def _record(self, there: sa.ColumnElement[bool]) -> sa.Insert:
        """To write the events of these rows."""
        stamp, row = self.sweep.stamp, self.row
        cells = {
            "at": self._recorded(),
            "occurred": self._said("occurred", stamp.occurred),
            "by": self._said("by", stamp.by),
            "operation": self._said("operation", stamp.operation),
            "cause": self._said("cause", stamp.cause),
            "kind": self._said("kind", self.sweep.model.kind),
            "record": row.c.id,
            "version": row.c.version + 1,
            "name": self._said("name", self.sweep.event),
            "changes": self._changes(),
            "details": _text(_ENCODER.encode(dict(self.sweep.details))),
        }
        found = sa.select(*cells.values()).where(there).order_by(row.c.id)
        insert = self.journal.insert().from_select(list(cells), found.with_for_update(of=row))
        return insert.execution_options(preserve_rowcount=True)  # PostgreSQL's driver forgets it with the cursor

    def _change(self, there: sa.ColumnElement[bool]) -> sa.Update:
        """To change these rows, locked since their events were written."""
        row = self.row
        return (
            row.update()
            .values({**dict(self._values()), "version": row.c.version + 1, "modified_at": self._recorded()})
            .where(there)
        )

    def _told(self, batch: int) -> sa.ColumnElement[bool]:
        """The rows of this operation's events behind `batch`.

        MariaDB locks the events that it reads, and waits for those of others: so it is to read none of these.
        """
        event = self.journal.c
        mine = event.operation == self._said("operation", self.sweep.stamp.operation)
        ids = sa.select(event.record).where(mine, event.sequence + 0 > batch)  # found by the operation alone
        found = ids.with_hint(self.journal, f"FORCE INDEX ({by_operation(self.journal)})", "mariadb")
        return self.tables.dialect.among(self.row.c.id, found)

    def _swept(self) -> sa.ColumnElement[bool]:
        there = Where(self.tables).condition(self.sweep.where, self.row)
        if self.sweep.moves:
            return there
        return there & sa.or_(*[self._differs(column, value) for column, value in self.sweep.sets])

    def _recorded(self) -> sa.ColumnElement[Any]:
        """The time at which it is recorded, which never goes back."""
        at, last = self._said("at", self.sweep.stamp.at), self.row.c.modified_at
        return sa.case((last > at, last), else_=at)

    def _changes(self) -> sa.ColumnElement[str]:
        """The object of those columns that change: each writes itself behind a comma, the first one's is cut off."""
        written = _text("")
        for column, value in self.sweep.sets:
            cell = self.row.c[column.name]
            before = sa.case((cell.is_(None), _text("null")), else_=self.tables.dialect.json(cell, column.scalar))
            change = _text(f",{_json(column.path)}:[") + before + _text(f",{_json(to_json(value))}]")
            written = written + sa.case((self._differs(column, value), change), else_=_text(""))
        return _text("{") + sa.func.substr(written, 2, type_=sa.Text()) + _text("}")

    def _values(self) -> Iterator[tuple[str, sa.ColumnElement[Any]]]:
        for column, value in self.sweep.sets:
            yield column.name, self._value(column, value)
            if column.scalar is Scalar.NAME:
                folded = None if value is None else fold(value)
                yield compared(column), self._value(column, folded)

    def _differs(self, column: Column, value: Any) -> sa.ColumnElement[bool]:
        """As values are, not as they compare: two names that fold alike differ."""
        return self.row.c[column.name].is_distinct_from(self._value(column, value))

    def _said(self, path: str, value: Any) -> sa.ColumnElement[Any]:
        return self._value(_COLUMNS[path], value)

    def _value(self, column: Column, value: Any) -> sa.ColumnElement[Any]:
        return sa.null() if value is None else Where(self.tables).value(column, value)


def _json(value: Json) -> str:
    return _ENCODER.encode(value)


def _text(value: str) -> sa.ColumnElement[str]:
    return sa.literal(value, sa.Text())
