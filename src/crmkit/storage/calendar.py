"""Buckets of time as rows to be joined: the calendar of a zone, where there is something to count in it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from crmkit.core.kernel.buckets import edges
from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.tally import Per
from crmkit.storage.tables import Tables

_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def buckets(tables: Tables, column: Column, per: Per, zone: str, months: Iterable[str]) -> sa.FromClause:
    """Rows (month, since, until, first day) for everything that lies in these months, as `Dialect.month` writes them.

    Both ends are in; for a date column they are dates, and the zone does not matter.
    """
    dated = column.scalar is Scalar.DATE
    kept = tables.dialect.kept
    columns = {
        "month": sa.String(7),
        "since": kept[column.scalar].type,
        "until": kept[column.scalar].type,
        "first": kept[Scalar.DATE].type,
    }
    rows = [
        [
            month,
            tables.stored(column.scalar, since.date() if dated else since),
            tables.stored(column.scalar, until.date() if dated else until),
            tables.stored(Scalar.DATE, first),
        ]
        for month in months
        for first, since, until in _within(month, per, "UTC" if dated else zone)
    ]
    return tables.dialect.table(columns, rows)


def _within(month: str, per: Per, zone: str) -> Iterator[tuple[date, datetime, datetime]]:
    """The buckets that have part in a month of UTC: first day, first and last instant."""
    year, number = int(month[:4]), int(month[5:])
    low = datetime(year, number, 1, tzinfo=UTC)
    high = datetime(year, number, monthrange(year, number)[1], 23, 59, 59, 999_999, tzinfo=UTC)
    for first, since, after in edges(per, zone, low, high):
        yield first, since, after if after == _LATEST else after - _MICROSECOND
