"""The records that a tally counts, what their paths lead to, and the groups they fall into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa
from attrs import define, field, frozen

from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.model import Relation, Resolved
from crmkit.core.kernel.tally import GroundGroup, GroundTally
from crmkit.storage.calendar import buckets
from crmkit.storage.customs import inside
from crmkit.storage.tables import Tables, compared
from crmkit.storage.where import Where

Cell: TypeAlias = sa.ColumnElement[Any]


@define
class Records:
    """The records of one kind; whatever their paths lead over is joined to them once, when it is asked for."""

    tables: Tables
    kind: str
    sight: Mapping[str, Ground]  #: of these kinds only such records are joined
    source: sa.FromClause = field(init=False)  #: to select from
    _ends: dict[tuple[Relation, ...], sa.FromClause] = field(init=False)
    _read: dict[tuple[Resolved, bool], Cell] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.source = self.row
        self._ends = {(): self.row}

    @property
    def row(self) -> sa.FromClause:
        """The records themselves, for conditions."""
        return self.tables.kinds[self.kind].table

    def end(self, hops: tuple[Relation, ...]) -> sa.FromClause:
        """The records at the end of these relations; where there is none, all its columns are NULL."""
        if hops not in self._ends:
            kind = hops[-1].target
            target = self.tables.kinds[kind].table.alias()
            there = target.c.id == self.end(hops[:-1]).c[hops[-1].column.name]
            seen = self.sight.get(kind)
            self.join(target, there if seen is None else there & Where(self.tables).condition(seen, target))
            self._ends[hops] = target
        return self._ends[hops]

    def cell(self, at: Resolved, *, folded: bool = False) -> Cell:
        """The value that a path leads to; a name as it is written, or `folded`."""
        if at.column.defined:
            return self._defined(at, folded=folded)
        return self.end(at.hops).c[compared(at.column) if folded else at.column.name]

    def _defined(self, at: Resolved, *, folded: bool) -> Cell:
        """Out of rows of its own, for databases group by columns, not by what is said twice with parameters in it."""
        if (at, folded) not in self._read:
            target = self.tables.kinds[at.kind].table.alias()
            value = inside(target, at.column, self.tables.dialect, folded=folded).label("value")
            read = sa.select(target.c.id, value).subquery()
            self.join(read, read.c.id == self.end(at.hops).c.id)
            self._read[at, folded] = read.c.value
        return self._read[at, folded]

    def join(self, other: sa.FromClause, on: sa.ColumnElement[bool]) -> None:
        """Let at most one row of `other` stand beside each record."""
        self.source = self.source.outerjoin(other, on)


@frozen
class Group:
    """How the records of one group are known."""

    key: Cell  #: theirs, and of no other
    name: Cell  #: what the group is called: the key, or the first of its spellings
    _decode: Callable[[Any], Any] | None

    def called(self, name: Any) -> Any:
        """The row value of a name as it is stored."""
        return name if name is None or self._decode is None else self._decode(name)


def grouped(by: GroundGroup, tally: GroundTally, records: Records, connection: sa.Connection) -> Group:
    """A group of a tally. For a bucket of time, the months in which there is something to count are looked up."""
    kept, column = records.tables.dialect.kept, by.at.column
    cell = records.cell(by.at)
    if by.per is not None:
        month = records.tables.dialect.month(cell)
        where = Where(records.tables).condition(tally.where, records.row)
        there = sa.select(month).select_from(records.source).where(where, cell.is_not(None)).distinct()
        calendar = buckets(records.tables, column, by.per, tally.zone, connection.scalars(there))
        records.join(calendar, (calendar.c.month == month) & cell.between(calendar.c.since, calendar.c.until))
        return Group(calendar.c.first, calendar.c.first, kept[Scalar.DATE].decode)
    if column.scalar is Scalar.NAME:
        return Group(records.cell(by.at, folded=True), sa.func.min(cell), None)
    return Group(cell, cell, kept[column.scalar].decode)
