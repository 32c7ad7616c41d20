"""What random worlds put to the test in a store; each check raises AssertionError where a promise is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve, frozen

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Criteria
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.figures import Figures, bind_tally, finish
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.model import Model, Row
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.store import Order, Session, Store
from crmkit.core.kernel.sweep import Sweep, Swept, bind_sweep
from crmkit.core.kernel.tally import Tally
from crmkit.testing.world.naive import Asked, World
from crmkit.testing.world.naive_figures import NaiveFigure, naive_figures
from crmkit.testing.world.pools import PARAMS
from crmkit.testing.world.records import MODEL, Visit
from crmkit.testing.world.samples import FIRMS, VISITS, an_event, cell, exactly, plainly_sorted, row_of
from crmkit.testing.world.strategies import Situation
from crmkit.testing.world.sweeps import a_stamp, naively_swept

EVERYBODY = Const(value=True)


@frozen(kw_only=True)
class Asking:
    """How a world is put into a store and what is asked of it, where the answers have to be the same."""

    model: Model = MODEL
    world: Callable[[World], World] = lambda world: world
    criteria: Callable[[Criteria, str], Criteria] = lambda criteria, _: criteria
    tally: Callable[[Tally], Tally] = lambda tally: tally


AS_IT_IS = Asking()


@contextmanager
def unkept(store: Store, world: World | None = None) -> Iterator[Session]:
    """A transaction in which the records of a world are there, and of which nothing stays."""
    session = store.begin()
    try:
        for kind, records in (world or {}).items():
            session.insert(kind, [row_of(record) for record in records.values()])
        yield session
    finally:
        session.rollback()


def check_criteria(
    store: Store, situation: Situation, questions: Mapping[str, Sequence[Criteria]], asking: Asking = AS_IT_IS
) -> None:
    """A list by a condition holds exactly the records that a naive reading of the condition names."""
    asked = Asked(situation.world, situation.clock.now, situation.clock.zone, PARAMS)
    with unkept(store, asking.world(situation.world)) as session:
        for kind, question in [(kind, each) for kind, several in questions.items() for each in several]:
            meant = sorted(id for id, record in asked.world[kind].items() if asked.holds(question, record))

            assert _listed(session, kind, asking.criteria(question, kind), asked, asking) == meant, question


def _listed(session: Session, kind: str, criteria: Criteria, asked: Asked, asking: Asking) -> list[Any]:
    ground = bind(criteria, model=asking.model, kind=kind, now=asked.now, zone=asked.zone, params=asked.params)
    return [cell(kind, row, "id") for row in session.page(kind, ground)]


def check_figures(store: Store, situation: Situation, tally: Tally, asking: Asking = AS_IT_IS) -> None:
    """Figures are those of a naive reading, and each lists exactly the records that it was made of."""
    asked = Asked(situation.world, situation.clock.now, situation.clock.zone, PARAMS)
    meant, tally = naive_figures(tally, asked), asking.tally(tally)
    ground = bind_tally(tally, model=asking.model, now=asked.now, zone=asked.zone, params=asked.params)
    with unkept(store, asking.world(situation.world)) as session:
        partials = session.tally(ground)
        if _is_too_much(meant):
            with pytest.raises(Invalid):
                finish(tally, ground, partials)
            return
        figures = finish(tally, ground, partials)

        assert {row.group: tuple(map(_plain, row.values)) for row in figures.rows} == {
            one.group: one.values for one in meant
        }
        assert len(figures.rows) == len(meant)
        _check_lists(session, figures, {one.group: one for one in meant}, asked, asking)


def _check_lists(
    session: Session, figures: Figures, meant: Mapping[Any, NaiveFigure], asked: Asked, asking: Asking
) -> None:
    for row in figures.rows:
        for measure, who in zip(figures.tally.measures, meant[row.group].counted, strict=True):
            behind = figures.criteria(row, measure.name)

            assert _listed(session, figures.tally.kind, behind, asked, asking) == sorted(who), behind


def _plain(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    money: tuple[Money, ...] = value
    return tuple((Fraction(each.amount), each.currency) for each in money)


def _is_too_much(figures: Sequence[NaiveFigure]) -> bool:
    """Whether some sum has more digits than money may have."""
    sums = [value for one in figures for value in one.values if isinstance(value, tuple)]
    return any(abs(amount) >= 10**14 for each in sums for amount, _ in each)


def check_replay(store: Store, world: World, later: Sequence[Sequence[Visit]]) -> None:
    """However often visits changed, the journal alone says what there is, to the type and the last digit."""
    with unkept(store) as session:
        for kind, records in world.items():
            _keep(session, kind, [row_of(evolve(record, version=1)) for record in records.values()])
        for version, visits in enumerate(later, start=2):
            there = {cell("visit", row, "id") for row in session.page("visit", EVERYBODY)}
            _keep(session, "visit", [row_of(evolve(one, version=version)) for one in visits if one.id in there])

        kept = {kind: _by_id(kind, session.page(kind, EVERYBODY)) for kind in world}
        rebuilt = replay(MODEL, session.history())
        assert {kind: _by_id(kind, list(rows.values())) for kind, rows in rebuilt.items()} == kept
        assert {kind: len(rows) for kind, rows in kept.items()} == {kind: len(rows) for kind, rows in world.items()}


def _keep(session: Session, kind: str, rows: Sequence[Row]) -> None:
    """Rows in the place of the ones with their ids, or new; and the events that say so, each the next of its record."""
    before = {cell(kind, row, "id"): row for row in session.load(kind, [cell(kind, row, "id") for row in rows])}
    steps = [(before.get(cell(kind, row, "id")), row) for row in rows]
    session.insert(kind, [after for stored, after in steps if stored is None])
    assert session.update(kind, [(stored, after) for stored, after in steps if stored is not None]) == []
    session.record([an_event(kind, after, before=stored) for stored, after in steps])


def _by_id(kind: str, rows: Sequence[Row]) -> dict[Any, Any]:
    return {cell(kind, row, "id"): exactly(row) for row in rows}


def check_order(store: Store, order: Sequence[Order]) -> None:
    """A list is sorted as somebody with cards would do it, and its beginning is the beginning of the whole."""
    with unkept(store) as session:
        session.insert("firm", FIRMS)
        session.insert("visit", VISITS)

        found = session.page("visit", EVERYBODY, order)

        assert [_seen(row, order) for row in found] == [_seen(row, order) for row in plainly_sorted(order)]
        assert session.page("visit", EVERYBODY, order, limit=7) == found[:7]


def _seen(row: Row, order: Sequence[Order]) -> tuple[Any, ...]:
    return cell("visit", row, "id"), *(cell("visit", row, by.column.path) for by in order)


def check_sweep(store: Store, case: tuple[Situation, Sweep], among: frozenset[Id[Any]] | None = None) -> None:
    """Rows, journal and count are those of a naive reading, once and again; the journal rebuilds the rows.

    `among` some it also tells which they were.
    """
    situation, sweep = case
    clock, world, kind = situation.clock, situation.world, kind_of(sweep.entity)
    stamp = a_stamp(clock)
    ground = bind_sweep(sweep, model=MODEL, stamp=stamp, zone=clock.zone, params=PARAMS, among=among)
    with unkept(store, world) as session:
        for of, records in world.items():
            session.record([an_event(of, row_of(record)) for record in records.values()])
        for _ in range(2):
            before = list(session.history())
            after = naively_swept(sweep, Asked(world, clock.now, clock.zone, PARAMS), stamp)
            if among is not None:
                after = {id: each for id, each in after.items() if id in among}
            world = {**world, kind: {**world[kind], **{id: record for id, (record, _) in after.items()}}}

            swept = session.sweep(ground)

            events = [evolve(event, sequence=0) for event in list(session.history())[len(before) :]]
            done = () if among is None else tuple(sorted(after))
            assert evolve(swept, done=tuple(sorted(swept.done))) == Swept(
                sweep.name, len(after), before[-1].sequence, done
            )
            assert [(event.id, event) for event in events] == [(id, after[id][1]) for id in sorted(after)]
            _check_rows(session, world)


def _check_rows(session: Session, world: World) -> None:
    rebuilt = replay(MODEL, session.history())
    for kind, records in world.items():
        meant = {id: exactly(row_of(record)) for id, record in records.items()}
        assert {cell(kind, row, "id"): exactly(row) for row in session.page(kind, EVERYBODY)} == meant
        assert {id: exactly(row) for id, row in rebuilt[kind].items()} == meant
