"""Two worlds that differ in nothing but what an actor may not see are one world to that actor, errors included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened

from crmkit.builtin import ENTITIES
from crmkit.core.kernel.access import SYSTEM_ID, Sight
from crmkit.core.kernel.criteria import NEVER, Criteria, where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.tally import Tally
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import User
from crmkit.testing import FixedIds
from crmkit.testing.world.pools import CLOCKS, FIRM_IDS, PARAMS, VISIT_IDS, Clock
from crmkit.testing.world.records import AcmeVisit, Firm, Visit
from crmkit.testing.world.strategies import criteria, firms, visits
from crmkit.testing.world.tallies import tallies

HOW: dict[str, Any] = {"entities": (Firm, Visit), "extensions": (AcmeVisit,)}
MODEL = Model.build((*ENTITIES, Firm, Visit), (AcmeVisit,))
RECORDS: tuple[Id[Any], ...] = (*FIRM_IDS, *VISIT_IDS)
KIM = User(id=FixedIds()(), name="Kim", version=1)

Question = Callable[[Work], object]


@frozen
class Pair:
    """Two worlds, and which of their records are seen; those are the same in both."""

    clock: Clock
    seen: frozenset[Id[Any]]
    worlds: tuple[tuple[Entity, ...], tuple[Entity, ...]]  #: firms before visits


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Hidden firms say other things in the second world, hidden visits are others, or not there."""
    clock = draw(st.sampled_from(CLOCKS))
    seen: frozenset[Id[Any]] = draw(st.frozensets(st.sampled_from(RECORDS), min_size=6))
    some, others = draw(firms(clock)), {firm.id: firm for firm in draw(firms(clock))}
    changed = tuple(
        firm if firm.id in seen else evolve(others.get(firm.id, firm), key=firm.key, region=None, version=7)
        for firm in some
    )
    some_visits, other_visits = draw(visits(some, clock)), draw(visits(some, clock))
    kept = [visit for visit in some_visits if visit.id in seen]
    hidden = [visit for visit in other_visits if visit.id not in seen]
    return Pair(clock, seen, ((*some, *some_visits), (*changed, *kept, *hidden)))


def registry(pair: Pair) -> Registry:
    """What is seen is told by ids, whatever the records say."""

    def seen(_actor: Any, entity: type[Entity]) -> Criteria:
        ids = FIRM_IDS if entity is Firm else VISIT_IDS
        return where("id").in_([id for id in ids if id in pair.seen]) if pair.seen & set(ids) else NEVER

    return Registry(model=MODEL, zone=pair.clock.zone, access={"test": seen})


@contextmanager
def worked(store: Store, pair: Pair, world: Sequence[Entity], by: Id[Any] = KIM.id) -> Iterator[Work]:
    """A work in one of the worlds, of which nothing stays."""
    session = store.begin()
    try:
        for record in (KIM, *world):
            session.insert(MODEL.of(type(record)).kind, [MODEL.of(type(record)).flatten(record)])
        yield Work(session, registry(pair), now=pair.clock.now, by=by, new_id=FixedIds())
    finally:
        session.rollback()


def told(store: Store, pair: Pair, question: Question) -> tuple[object, object]:
    """What is answered in the one world and in the other."""
    answers = []
    for world in pair.worlds:
        with worked(store, pair, world) as work:
            try:
                answers.append(question(work))
            except CrmError as error:
                answers.append((type(error), str(error), error.facts))
    return answers[0], answers[1]


def listed(kind: type[Any], condition: Criteria) -> tuple[Question, ...]:
    """The ways to ask for a list; ids, for records are made anew in each world."""
    return (
        lambda work: work.of(kind).find(condition, order=("-version",), params=PARAMS),
        lambda work: work.of(kind).count(condition, params=PARAMS),
        lambda work: work.of(kind).page(condition, limit=2, params=PARAMS),
    )


def counted(tally: Tally) -> Question:
    return lambda work: [(row.group, row.values) for row in work.tally(tally, params=PARAMS).rows]


def touched(id: Id[Any], kind: type[Any]) -> tuple[Question, ...]:
    """Ways to come by one record, and to change it."""
    mark = Sweep("mark", kind, where("id") == id, {"key": None}, event=f"{MODEL.of(kind).kind}.marked")
    return (
        lambda work: work.of(kind).get(id),
        lambda work: work.history(kind(id=id, **({"name": "x"} if kind is Firm else {}))),
        lambda work: work.change(evolve(work.of(kind).get(id), key="new"), f"{MODEL.of(kind).kind}.keyed"),
        lambda work: work.guarded(mark, [id]),
    )


def swept(condition: Criteria) -> Question:
    """How many a sweep changed, and what is seen of it."""

    def sweep(work: Work) -> object:
        what = Sweep("test", Visit, condition, {"note": "swept"}, event="visit.swept")
        return work.sweep(what, params=PARAMS).count, work.of(Visit).find(where("note") == "swept")

    return sweep


def led(visit: Id[Any], firm: Id[Any]) -> Question:
    """A visit is to another firm, which may not be there, or may not be seen."""
    return lambda work: work.revise(evolve(work.of(Visit).get(visit), firm_id=firm))


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with opened(request.param, tmp_path, **HOW) as crm:
        yield crm._opened()


FEW = settings.default.max_examples // 5 if settings.default else 10  # each of them is many transactions
ASKED = settings(max_examples=FEW, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@ASKED
@given(pair=pairs(), of_visits=st.lists(criteria("visit"), min_size=2, max_size=4), of_firms=criteria("firm"))
def test_a_condition_does_not_tell_two_worlds_apart(
    store: Store, pair: Pair, of_visits: list[Criteria], of_firms: Criteria
) -> None:
    """Neither as a list, nor as a count, nor in pages, nor by what a sweep does."""
    for condition in of_visits:
        for question in (*listed(Visit, condition), swept(condition)):
            one, other = told(store, pair, question)
            assert one == other, condition
    for question in listed(Firm, of_firms):
        one, other = told(store, pair, question)
        assert one == other, of_firms


@ASKED
@given(pair=pairs(), tally=tallies("visit") | tallies("firm"))
def test_figures_do_not_tell_two_worlds_apart(store: Store, pair: Pair, tally: Tally) -> None:
    """In no group and no measure."""
    one, other = told(store, pair, counted(tally))
    assert one == other


@settings(ASKED, max_examples=FEW // 4)
@given(pair=pairs())
def test_no_single_record_tells_two_worlds_apart(store: Store, pair: Pair) -> None:
    """Whether it is read, changed, or led to."""
    for id in RECORDS:
        for question in touched(id, Firm if id in FIRM_IDS else Visit):
            one, other = told(store, pair, question)
            assert one == other, id
    for firm in FIRM_IDS:
        one, other = told(store, pair, led(VISIT_IDS[0], firm))
        assert one == other, firm


FIRMS = (Firm(id=FIRM_IDS[0], name="abc", version=1), Firm(id=FIRM_IDS[0], name="xyz", version=1))
VISIT = Visit(id=VISIT_IDS[0], firm_id=FIRM_IDS[0], version=1)
BY_NAME = where("firm.name") == "abc"


def a_pair() -> Pair:
    """A visit is seen, its firm is not."""
    return Pair(CLOCKS[0], frozenset(VISIT_IDS), ((FIRMS[0], VISIT), (FIRMS[1], VISIT)))


@pytest.mark.parametrize(
    ("broken", "question"),
    [
        ("_through", lambda work: work.of(Visit).count(BY_NAME)),
        ("tally", counted(Tally(kind="visit", title="", measures=(), by=("firm.name",)))),
        ("require", lambda work: work.of(Firm).get(FIRM_IDS[0])),
        ("of", lambda work: work.of(Firm).find()),
        ("of", swept(BY_NAME)),
    ],
)
def test_a_leak_would_be_found(broken: str, question: Question, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these, seeded, tells the two worlds apart; as it is, none does."""
    one, other = told(store, a_pair(), question)
    assert one == other

    leaks = {"of": lambda _, kind, ground: ground, "require": lambda *_: None}
    monkeypatch.setattr(Sight, broken, leaks.get(broken, lambda _, ground: ground))
    one, other = told(store, a_pair(), question)
    assert one != other


def test_the_system_sees_both_worlds(store: Store) -> None:
    """So they do differ."""
    names = []
    for world in a_pair().worlds:
        with worked(store, a_pair(), world, by=SYSTEM_ID) as work:
            names.append([firm.name for firm in work.of(Firm).find()])
    assert names == [["abc"], ["xyz"]]
