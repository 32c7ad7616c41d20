"""Races over a whole table: a sweep, and the figures of a funnel."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import sqlalchemy as sa
from attrs import evolve

from benchmarks.leads import SOURCES, cells, leads, new_id, recorded
from benchmarks.places import Place
from benchmarks.race import CRMKIT, Race
from crmkit import Param, Sweep, where
from crmkit.core.kernel.fields import Scalar
from crmkit.core.people.user import SYSTEM
from crmkit.core.sales.lead import Lead

RANDOM_ID: Final = {"sqlite": "randomblob(16)", "postgresql": "gen_random_uuid()", "mariadb": "uuid()"}
STAGES: Final = ("contacted_at", "qualified_at", "won_at")

BY_FAIR: Final = Sweep(
    "leads of a fair",
    Lead,
    where("source") == "fair",
    {"note": Param("note")},
    event="lead.marked",
)


def fill(place: Place, many: int) -> None:
    """Let there be so many leads, each a copy of one of a thousand."""
    table = place.tables.kinds["lead"].table
    rows = [cells(place, lead) for lead in recorded(leads(1000))]
    for number, row in enumerate(rows):
        for step, path in enumerate(STAGES):
            row[path] = row["created_at"] if number % 10 < 6 - 2 * step else None
    names = [column.name for column in table.columns if column.name != "id"]
    quoted = ", ".join(map(place.engine.dialect.identifier_preparer.quote, names))
    with place.engine.begin() as connection:
        connection.execute(table.delete())
        connection.execute(table.insert(), rows)
        connection.exec_driver_sql("CREATE TABLE crowd AS SELECT * FROM crm_lead")
        one_more = RANDOM_ID[place.engine.dialect.name]
        for _ in range(many // 1000 - 1):
            connection.exec_driver_sql(f"INSERT INTO crm_lead (id, {quoted}) SELECT {one_more}, {quoted} FROM crowd")
        connection.exec_driver_sql("DROP TABLE crowd")
        if place.engine.dialect.name == "postgresql":  # which would do so by itself, but not at once
            connection.exec_driver_sql(f"ANALYZE {table.name}")


def funnel(place: Place, many: int) -> Race:
    """How far the leads of each source came; both give numbers only."""
    table = place.tables.kinds["lead"].table
    stages = ", ".join(f"count({path})" for path in STAGES)
    sql = f"SELECT source, count(*), {stages} FROM {table.name} GROUP BY source"

    def by_hand() -> int:
        with place.raw() as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            if len(cursor.fetchall()) != len(SOURCES):
                raise RuntimeError("the funnel by hand has other sources")
            connection.rollback()
        return many

    def ours() -> int:
        with place.crm.read() as view:
            if len(view.insights.funnel(by="source").rows) != len(SOURCES):
                raise RuntimeError("the funnel of crmkit has other sources")
        return many

    return Race(
        what=f"a funnel by source over {many:,} leads",
        things="leads",
        contenders={"SQL by hand": by_hand, CRMKIT: ours},
        reach={"SQL by hand": 1 / 1.2},
    )


def sweep(place: Place, many: int) -> Race:
    """Give a fifth of the leads another note, with an event each."""
    notes = (f"note {number}" for number in count())

    def by_hand() -> int:
        return _by_hand(place, next(notes))

    def by_careful_hand() -> int:
        return _by_hand(place, next(notes), locked=True)

    def ours() -> int:
        with place.crm.transaction() as tx:
            return tx.sweep(BY_FAIR, params={"note": next(notes)}).count

    def one_by_one() -> int:
        note = next(notes)
        with place.crm.transaction() as tx:
            found = tx.of(Lead).find(where("source") == "fair", limit=max(many // 50, 1))
            for lead in found:
                tx.change(evolve(lead, note=note), "lead.marked")
        return len(found)

    careful = {} if place.engine.dialect.name == "sqlite" else {"SQL by hand that locks first": by_careful_hand}
    return Race(
        what="sweep a fifth of the leads",
        things="leads",
        contenders={"SQL by hand": by_hand, **careful, "crmkit, row by row": one_by_one, CRMKIT: ours},
        reach={"SQL by hand": 0.6, "crmkit, row by row": 5.0},
    )


def _by_hand(place: Place, note: str, *, locked: bool = False) -> int:
    """One INSERT .. SELECT into the journal, one UPDATE; what changed is said as crmkit says it.

    Unless what is told is locked, others may change it before the UPDATE, and the journal says what never was.
    """
    lead, journal = place.tables.kinds["lead"].table, place.tables.journal.table
    stored: Callable[..., Any] = place.tables.stored
    now = stored(Scalar.MOMENT, datetime.now(UTC))
    before = sa.case((lead.c.note.is_(None), "null"), else_=place.tables.dialect.json(lead.c.note, Scalar.TEXT))
    told = sa.literal('{"note":[', sa.Text()) + before + sa.literal(f",{json.dumps(note)}]}}", sa.Text())
    said = {
        "at": sa.literal(now, journal.c.at.type),
        "occurred": sa.literal(now, journal.c.occurred.type),
        "by": sa.literal(stored(Scalar.ID, SYSTEM.id), journal.c.by.type),
        "operation": sa.literal(stored(Scalar.ID, new_id()), journal.c.operation.type),
        "cause": sa.literal("", journal.c.cause.type),
        "kind": sa.literal("lead", journal.c.kind.type),
        "record": lead.c.id,
        "version": lead.c.version + 1,
        "name": sa.literal("lead.marked", journal.c.name.type),
        "changes": told,
        "details": sa.literal("{}", journal.c.details.type),
    }
    with place.engine.begin() as connection:
        found = sa.select(*said.values()).where(lead.c.source == "fair")
        found = found.with_for_update(of=lead) if locked else found
        connection.execute(journal.insert().from_select(list(said), found))
        change = lead.update().where(lead.c.source == "fair")
        change = change.values(note=note, version=lead.c.version + 1, modified_at=now)
        return connection.execute(change).rowcount


@contextmanager
def races(place: Place, many: int) -> Iterator[Iterator[Race]]:
    """Of so many leads for the sweep, and ten times as many for the funnel."""
    yield _races(place, many)


def _races(place: Place, many: int) -> Iterator[Race]:
    fill(place, many)
    yield sweep(place, many)
    fill(place, 10 * many)
    yield funnel(place, 10 * many)
