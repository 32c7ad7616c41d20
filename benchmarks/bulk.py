"""Races of many leads at once: saved with their events in one transaction, and loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import evolve
from sqlalchemy import select

from benchmarks.hands import Core, Hands, Raw
from benchmarks.leads import Stored, as_it_is, cells, event, leads, new_id, operation, recorded
from benchmarks.orm import Mapped
from benchmarks.places import Place
from benchmarks.race import CRMKIT, Race
from benchmarks.statements import Plans
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.journal import changes
from crmkit.core.sales.lead import Lead

Cells = dict[str, Any]


@contextmanager
def races(place: Place, many: int) -> Iterator[Iterator[Race]]:
    """Load so many, and save as many: each contender does so in every round, and nobody takes them away again."""
    with place.raw() as connection:
        yield _races(place, many, Raw(connection, "BEGIN IMMEDIATE" if place.name.startswith("SQLite") else ""))


def _races(place: Place, many: int, raw: Raw) -> Iterator[Race]:
    _fill(place, many)
    yield _loading(place, many, raw)
    yield _saving(place, many, raw)


def _fill(place: Place, many: int) -> None:
    """So many leads in the database, and none of them in memory any more."""
    with place.crm.transaction() as tx:
        for lead in leads(many):
            tx.add(lead, "lead.captured")


def _saving(place: Place, many: int, raw: Hands) -> Race:
    """The driver and Core are given rows as they are stored, the ORM what its types store, crmkit records.

    To all but crmkit the events are given as well, written out.
    """
    plans, mapped = Plans(place), Mapped(place)
    made = list(leads(many))
    rows = [cells(place, lead) for lead in recorded(made)]
    model = place.model.of(Lead)
    told = [dict(changes(model, None, model.flatten(lead))) for lead in recorded(made)]

    attributes = [mapped.plain("lead", row) for row in rows]

    def given(stored: Stored, rows: Sequence[Cells]) -> tuple[list[Cells], list[Cells], Cells]:
        """New ids for all, which is not what takes the time."""
        done = new_id()
        ids = [stored(Scalar.ID, new_id()) for _ in rows]
        saved = [{**row, "id": id} for row, id in zip(rows, ids, strict=True)]
        events = [
            event(stored, "lead.captured", id, version=1, changes=what, operation=done)
            for id, what in zip(ids, told, strict=True)
        ]
        return saved, events, operation(stored, done, "add", made[0].id)

    def by(hands: Hands) -> Callable[[], int]:
        def save() -> int:
            saved, events, done = given(place.tables.stored, rows)
            hands.begin()
            hands.write(plans.inserts["lead"], saved)
            hands.write(plans.inserts["journal"], events)
            hands.write(plans.inserts["operation"], [done])
            hands.commit()
            return many

        return save

    def orm() -> int:
        saved, events, done = given(as_it_is, attributes)
        with mapped.session() as session:
            session.add_all([mapped.made("lead", each) for each in saved])
            session.flush()
            session.add_all([mapped.made("journal", each) for each in events])
            session.add(mapped.made("operation", done))
            session.commit()
        return many

    def ours() -> int:
        with place.crm.transaction() as tx:
            for lead in made:
                tx.add(evolve(lead, id=new_id()), "lead.captured")
        return many

    contenders = {
        "raw driver": by(raw),
        "SQLAlchemy Core": by(Core(place.engine)),
        "SQLAlchemy ORM": orm,
        CRMKIT: ours,
    }
    return Race(
        what=f"save {many:,} leads with their events",
        things="leads",
        contenders=contenders,
        reach={"SQLAlchemy Core": 0.3},
    )


def _loading(place: Place, many: int, raw: Raw) -> Race:
    """All that there are: rows as they are stored by the driver and Core, objects of values by the ORM and crmkit."""
    mapped = Mapped(place)
    table = place.tables.kinds["lead"].table
    sql = str(select(table).compile(dialect=place.engine.dialect))

    def driver() -> int:
        raw.begin()
        raw.cursor.execute(sql)
        found = raw.cursor.fetchall()
        raw.commit()
        return len(found)

    def core() -> int:
        with place.engine.connect() as connection:
            return len(connection.execute(select(table)).all())

    def orm() -> int:
        with mapped.session() as session:
            return _counted(session.scalars(select(mapped.of["lead"])).all())

    def ours() -> int:
        with place.crm.read() as view:
            return _counted(view.of(Lead).find())

    contenders = {"raw driver": driver, "SQLAlchemy Core": core, "SQLAlchemy ORM": orm, CRMKIT: ours}
    reach = {"SQLAlchemy Core": 0.5, "SQLAlchemy ORM": 3.0}
    return Race(what=f"load {many:,} leads", things="leads", contenders=contenders, reach=reach)


def _counted(found: Sequence[Any]) -> int:
    return len(found)
