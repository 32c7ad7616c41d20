"""A race through the feed: everything that happened, from the beginning, a thousand events at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.leads import leads
from benchmarks.places import Place
from benchmarks.race import CRMKIT, Race

AT_ONCE = 1000
TOGETHER = 10  #: leads that one transaction makes


@contextmanager
def races(place: Place, many: int) -> Iterator[Iterator[Race]]:
    """The feed of a tenth as many leads."""
    made = leads(many // 10)
    for _ in range(many // 10 // TOGETHER):
        with place.crm.transaction() as tx:
            for _ in range(TOGETHER):
                tx.add(next(made), "lead.captured")
    yield iter([_reading(place)])


def _reading(place: Place) -> Race:
    """The others read the rows of the journal in the order of recording, which is not that of commits."""
    table = place.tables.journal.table.name
    sign = "?" if place.name.startswith("SQLite") else "%s"
    sql = f"SELECT * FROM {table} WHERE sequence > {sign} ORDER BY sequence LIMIT {AT_ONCE}"

    def driver() -> int:
        many, last = 0, 0
        with place.raw() as connection:
            cursor = connection.cursor()
            while True:
                cursor.execute(sql, (last,))
                found = cursor.fetchall()
                if not found:
                    connection.rollback()
                    return many
                many, last = many + len(found), found[-1][0]

    def ours() -> int:
        many, found = 0, place.crm.feed(limit=AT_ONCE)
        while found.events:
            many, found = many + len(found.events), place.crm.feed(after=found.next, limit=AT_ONCE)
        return many

    contenders = {"raw driver, rows of the journal": driver, CRMKIT: ours}
    return Race(what="read the feed", things="events", contenders=contenders)
