"""The SQL reading of a tally: one statement for all that is simply counted, one more for each sum and percentile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.kernel.ground import Const, Ground
from crmkit.core.kernel.tally import (
    GroundCount,
    GroundMean,
    GroundMeasure,
    GroundPercentile,
    GroundSum,
    GroundTally,
    Partial,
)
from crmkit.storage.dialect import MILLIARD, amount_of
from crmkit.storage.groups import Cell, Group, Records, grouped
from crmkit.storage.tables import Tables
from crmkit.storage.where import Where

Cells: TypeAlias = tuple[Any, ...]
Apart: TypeAlias = Mapping[Cells, Any]  #: by the keys of a group: what a statement of its own measured

ALL: Final = Const(True)


def partials(tally: GroundTally, tables: Tables, connection: sa.Connection) -> list[Partial]:
    """What is counted, group by group."""
    records = Records(tables, tally.kind, tally.sight)
    by = [grouped(group, tally, records, connection) for group in tally.by]
    counting = _Counting(tally.where, records, by, connection)
    aggregates = [counting.aggregates(measure) for measure in tally.measures]
    apart = [counting.apart(measure) for measure in tally.measures]
    measured = list(zip(tally.measures, map(len, aggregates), apart, strict=True))
    found = []
    for keys, called, cells in counting.groups([cell for each in aggregates for cell in each]):
        each = iter(cells)
        values = [_value(measure, tuple(islice(each, width)), own.get(keys)) for measure, width, own in measured]
        found.append(Partial(called, tuple(values)))
    return found


@frozen
class _Counting:
    """The statements of one tally."""

    where: Ground
    records: Records
    by: Sequence[Group]
    connection: sa.Connection

    def groups(self, aggregates: Sequence[Cell]) -> Iterator[tuple[Cells, Cells, Cells]]:
        """Of each group its keys, what it is called and its aggregates."""
        width, names = len(self.by), [group.name for group in self.by]
        chosen = self.chosen(*self.keys, *names, *aggregates, sa.func.count()).group_by(*self.keys)
        for row in self.connection.execute(chosen):
            called = tuple(map(Group.called, self.by, row[width : 2 * width]))
            yield tuple(row[:width]), called, tuple(row[2 * width :])

    def aggregates(self, measure: GroundMeasure) -> tuple[Cell, ...]:
        """What to select beside all else; nothing for what takes a statement of its own."""
        match measure:
            case GroundCount(Const(True)):
                return (sa.func.count(),)
            case GroundCount(where):
                return (sa.func.count(sa.case((self.condition(where), 1))),)
            case GroundMean(where):
                lapse = sa.case((self.condition(where), self.lapse(measure)))
                return (sa.func.count(lapse), *self.records.tables.dialect.total(lapse))
            case _:
                return ()

    def apart(self, measure: GroundMeasure) -> Apart:
        """What takes a statement of its own."""
        match measure:
            case GroundSum():
                return self.sums(measure)
            case GroundPercentile():
                return self.percentile(measure)
            case _:
                return {}

    def sums(self, measure: GroundSum) -> dict[Cells, dict[str, Any]]:
        """The sums of each group, by currency."""
        amount, currency = self.records.cell(measure.amount), self.records.cell(measure.currency)
        dialect = self.records.tables.dialect
        total = dialect.total(dialect.units(amount))
        chosen = self.chosen(*self.keys, currency, *total, where=measure.where)
        chosen = chosen.where(amount.is_not(None), currency.is_not(None)).group_by(*self.keys, currency)
        sums: dict[Cells, dict[str, Any]] = {}
        for *keys, code, milliards, rest in self.connection.execute(chosen):
            sums.setdefault(tuple(keys), {})[code] = amount_of(milliards * MILLIARD + rest)
        return sums

    def percentile(self, measure: GroundPercentile) -> dict[Cells, tuple[int, int, int]]:
        """Of each group how many lapses it has, and the two at the ranks beside the percentile."""
        lapse = self.lapse(measure)
        keys = [key.label(f"key_{place}") for place, key in enumerate(self.keys)]
        spans = self.chosen(*keys, lapse.label("lapse"), where=measure.where).where(lapse.is_not(None)).subquery()
        group = [spans.c[key.name] for key in keys]
        rank = sa.func.row_number().over(partition_by=group or None, order_by=spans.c.lapse) - 1
        many = sa.func.count().over(partition_by=group or None)
        ranked = sa.select(*spans.c, rank.label("rank"), many.label("many")).subquery()
        along = (ranked.c.many - 1) * measure.percent
        around = ranked.c.rank.in_((along // 100, (along + 99) // 100))
        group = [*(ranked.c[key.name] for key in keys), ranked.c.many]
        chosen = sa.select(*group, sa.func.min(ranked.c.lapse), sa.func.max(ranked.c.lapse))
        found = self.connection.execute(chosen.where(around).group_by(*group))
        return {tuple(keys): (many, below, above) for *keys, many, below, above in found}

    @property
    def keys(self) -> list[Cell]:
        """What tells the groups apart."""
        return [group.key for group in self.by]

    def lapse(self, measure: GroundMean | GroundPercentile) -> Cell:
        """The microseconds from one moment to the other; NULL if either is missing."""
        start, end = self.records.cell(measure.start), self.records.cell(measure.end)
        return Where(self.records.tables).lapse(start, end)

    def condition(self, where: Ground) -> sa.ColumnElement[bool]:
        """True for the records that fulfil it."""
        return Where(self.records.tables).condition(where, self.records.row)

    def chosen(self, *cells: Cell, where: Ground = ALL) -> sa.Select[Any]:
        """These cells of the records that the tally is about and that fulfil this too."""
        chosen = sa.select(*cells).select_from(self.records.source)
        return chosen.where(self.condition(self.where), self.condition(where))


def _value(measure: GroundMeasure, cells: Cells, apart: Any) -> Any:
    """The partial value of a measure, from its aggregates or from what was measured apart."""
    match measure:
        case GroundCount():
            return cells[0]
        case GroundMean():
            many, milliards, rest = cells
            return many, (milliards or 0) * MILLIARD + (rest or 0)
        case GroundSum():
            return apart or {}
        case GroundPercentile():
            return apart or (0, 0, 0)
