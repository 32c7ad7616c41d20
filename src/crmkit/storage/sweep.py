"""The SQL reading of a sweep: one INSERT writes its events, then UPDATEs do to the rows what the events say.

The condition is read once, by the INSERT, which locks what it finds where a database has locks on rows, and tells which
records it wrote of. The UPDATEs name them, a thousand at a time.

A sweep among some records locks first those that fulfil the condition, and tells which they are; INSERT and UPDATE then
name them. They are found by the primary key, and so locked in the order of their ids: two that want the same wait for
each other one way only. And nobody waits for a row inside the INSERT, which on MariaDB holds up all other INSERTs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from attrs import field, frozen

from crmkit.core.kernel.columns import Column, Json, to_json
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.text import fold
from crmkit.storage.tables import EVENT, Tables, compared
from crmkit.storage.where import Where

AT_ONCE: Final = 1_000  #: records that one UPDATE names

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
            ids = connection.scalars(self.record).all()
            return Swept(sweep.name, len(ids), batch) if self._changed(connection, ids) else None
        ids = connection.scalars(self.locked).all()
        told = not ids or connection.execute(self._record(self._among(ids))).rowcount == len(ids)
        if not told or not self._changed(connection, ids):
            return None
        return Swept(sweep.name, len(ids), batch, tuple([self.tables.read(Scalar.ID, id) for id in ids]))

    def _changed(self, connection: sa.Connection, ids: Sequence[Any]) -> bool:
        """Each of these rows is changed, some at a time.

        To join them with their events instead is a quadratic plan on PostgreSQL as long as it has no statistics.
        """
        portions = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
        return all(connection.execute(self.change_of(some)).rowcount == len(some) for some in portions)

    @property
    def locked(self) -> sa.Select[Any]:
        """To lock the rows that fulfil the condition and would change, one after the other, and say which they are."""
        found = sa.select(self.row.c.id).where(self._swept()).order_by(self.row.c.id).with_for_update(of=self.row)
        return found.with_hint(self.row, "FORCE INDEX (PRIMARY)", "mariadb")

    @property
    def record(self) -> sa.Insert:
        """To write the events of all rows that fulfil the condition and would change, and say which they are."""
        return self._record(self._swept()).returning(self.journal.c.record)

    def _record(self, there: sa.ColumnElement[bool]) -> sa.Insert:
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

    def change_of(self, ids: Sequence[Any]) -> sa.Update:
        """To change the rows with these ids (as their table has them), locked since their events were written."""
        row = self.row
        return (
            row.update()
            .values({**dict(self._values()), "version": row.c.version + 1, "modified_at": self._recorded()})
            .where(self._among(ids))
        )

    def _swept(self) -> sa.ColumnElement[bool]:
        there = Where(self.tables).condition(self.sweep.where, self.row)
        if self.sweep.moves:
            return there
        return there & sa.or_(*[self._differs(column, value) for column, value in self.sweep.sets])

    def _among(self, ids: Sequence[Any]) -> sa.ColumnElement[bool]:
        return self.row.c.id.in_(sa.bindparam(None, ids, expanding=True, type_=self.row.c.id.type))

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
