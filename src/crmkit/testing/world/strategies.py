"""Worlds of firms and visits, and conditions on them, drawn so that both sides of every boundary come up.

`bind` accepts every condition with the parameters of `pools.PARAMS`, and every store can hold every world.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from crmkit.core.kernel.criteria import (
    ALWAYS,
    NEVER,
    Age,
    Ago,
    And,
    Calendar,
    Compare,
    Criteria,
    Elapsed,
    Field,
    Has,
    In,
    Match,
    Matches,
    Not,
    Operator,
    Or,
    Param,
    Part,
    Present,
    Some,
    Unit,
)
from crmkit.core.kernel.entity import UNRECORDED, Extensions
from crmkit.core.kernel.values import Email
from crmkit.testing.world.naive import World, back, day_back, folded
from crmkit.testing.world.pools import (
    AGES,
    AMOUNTS,
    CLOCKS,
    CODES,
    DAY_SPANS,
    DAYS,
    FIRM_IDS,
    LAPSES,
    MAILS,
    MONEYS,
    NAMES,
    NEEDLES,
    NUMBERS,
    SPANS,
    TAGS,
    VISIT_IDS,
    Clock,
)
from crmkit.testing.world.records import MODEL, AcmeVisit, Firm, Mood, Visit

MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)
LAST: Final = datetime.max.replace(tzinfo=UTC)


def _around(moments: Iterable[datetime]) -> tuple[datetime, ...]:
    return tuple(sorted({moment + step for moment in moments for step in (-MICROSECOND, timedelta(), MICROSECOND)}))


@lru_cache
def moments(clock: Clock) -> SearchStrategy[datetime]:
    """The instants that conditions ask for at this time, and those one microsecond away."""
    asked = [back(clock.now, clock.zone, span) for span in SPANS]
    return st.sampled_from((*_around(asked), *(each.now for each in CLOCKS), UNRECORDED, LAST))


@lru_cache
def days(clock: Clock) -> SearchStrategy[date]:
    """The days that conditions ask for at this time, leap days, and the days beside them."""
    today = clock.now.astimezone(ZoneInfo(clock.zone)).date()
    years = [Ago(age, Unit.YEARS) for age in AGES if -100 < age < 100]
    asked = {day_back(today, span) for span in (*DAY_SPANS, *years)}
    return st.sampled_from([*sorted({day + step for day in asked for step in (-DAY, 0 * DAY, DAY)}), *DAYS])


def _maybe(values: Sequence[Any]) -> SearchStrategy[Any]:
    """One of these, or none at all a quarter of the time."""
    return st.sampled_from([*values, *[None] * (1 + len(values) // 3)])


def _tags() -> SearchStrategy[frozenset[str]]:
    some = [frozenset(tags) for size in (1, 2) for tags in combinations(TAGS, size)]
    return st.sampled_from([*some, *[frozenset[str]()] * 15])


def _kept(record: Any) -> Any:
    """The record as a store returns it."""
    model = MODEL.of(type(record))
    return model.build(model.flatten(record))


@st.composite
def firms(draw: st.DrawFn, clock: Clock = CLOCKS[0]) -> tuple[Firm, ...]:
    """A few firms in a tree, parents first; no two have both name and region in common."""
    found, taken = list[Firm](), set[tuple[str, str]]()
    for number in range(draw(st.integers(1, len(FIRM_IDS)))):
        name, region = draw(st.sampled_from(NAMES)), draw(_maybe(CODES))
        if region is not None and (folded(name), region) in taken:
            region = None
        taken.add((folded(name), str(region)))
        firm = Firm(
            id=FIRM_IDS[number],
            key=draw(st.sampled_from((None, CODES[number]))),
            version=draw(st.integers(1, 3)),
            created_at=draw(moments(clock)),
            modified_at=draw(moments(clock)),
            name=name,
            region=region,
            parent_id=draw(_maybe(FIRM_IDS[:number])),
            founded=draw(st.none() | days(clock)),
            tags=draw(_tags()),
        )
        found.append(_kept(firm))
    return tuple(found)


@st.composite
def visits(draw: st.DrawFn, firms: Sequence[Firm], clock: Clock = CLOCKS[0]) -> tuple[Visit, ...]:
    """A few visits to these firms, or to none."""
    return tuple(_kept(draw(_visit(number, firms, clock))) for number in range(draw(st.integers(2, len(VISIT_IDS)))))


@st.composite
def _visit(draw: st.DrawFn, number: int, firms: Sequence[Firm], clock: Clock) -> Visit:
    started_at = draw(st.none() | moments(clock) | moments(clock))
    return Visit(
        id=VISIT_IDS[number],
        key=draw(st.sampled_from((None, CODES[number]))),
        version=draw(st.integers(1, 3)),
        created_at=draw(moments(clock)),
        modified_at=draw(moments(clock)),
        ext=Extensions(
            AcmeVisit(vip=draw(st.booleans()), nick=draw(_maybe(NAMES)), level=draw(st.sampled_from(NUMBERS)))
        ),
        firm_id=draw(_maybe([firm.id for firm in firms])),
        mood=draw(st.sampled_from(Mood)),
        expected=draw(_maybe(list(Mood))),
        title=draw(_maybe(NAMES)),
        code=draw(_maybe(CODES)),
        note=draw(_maybe([*NAMES, *CODES])),
        mail=draw(_maybe([Email.of(mail) for mail in MAILS])),
        score=draw(_maybe(NUMBERS)),
        done=draw(st.booleans()),
        price=draw(_maybe([Decimal(amount) for amount in AMOUNTS])),
        budget=draw(_maybe(MONEYS)),
        birthday=draw(st.none() | days(clock)),
        started_at=started_at,
        ended_at=draw(_end(started_at, clock)),
        labels=draw(_tags()),
    )


def _extra() -> SearchStrategy[AcmeVisit]:
    return st.builds(AcmeVisit, vip=st.booleans(), nick=_maybe(NAMES), level=st.sampled_from(NUMBERS))


def _end(start: datetime | None, clock: Clock) -> SearchStrategy[datetime | None]:
    """Any moment, or more often one that lies a lapse that conditions ask for, more or less, behind the start."""
    anything = st.none() | moments(clock)
    if start is None or start in (UNRECORDED, LAST):
        return anything
    near = st.sampled_from(_around(start + timedelta(**{unit.value: amount}) for amount, unit in LAPSES))
    return st.one_of(anything, near, near, near)


@st.composite
def worlds(draw: st.DrawFn, clock: Clock = CLOCKS[0]) -> World:
    """Firms in a tree and visits to them, by kind and id, parents before children; every store can hold it."""
    some_firms = draw(firms(clock))
    some_visits = draw(visits(some_firms, clock))
    return {"firm": {firm.id: firm for firm in some_firms}, "visit": {visit.id: visit for visit in some_visits}}


@frozen
class Situation:
    """A world, and when and where it is asked."""

    clock: Clock
    world: World


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A world at one of the times that are worth a question."""
    clock = draw(st.sampled_from(CLOCKS))
    return Situation(clock, draw(worlds(clock)))


_ORDERS = tuple(Operator)
_EQUALITY = (Operator.EQUAL, Operator.UNEQUAL)


@frozen
class _Asked:
    """Paths of one scalar, and what they are compared with."""

    paths: tuple[str, ...]
    values: tuple[Any, ...]
    operators: tuple[Operator, ...] = _ORDERS


_VISIT = (
    _Asked(("id",), (*map(str, VISIT_IDS), Param("visit")), _EQUALITY),
    _Asked(("firm_id", "firm", "firm.parent_id", "firm.id"), (*map(str, FIRM_IDS), Param("firm")), _EQUALITY),
    _Asked(("mood", "expected"), (*(mood.value for mood in Mood), Param("mood")), _EQUALITY),
    _Asked(("done", "acme.vip"), (True, False, Param("flag")), _EQUALITY),
    _Asked(("title", "acme.nick", "firm.name", "firm.parent.name"), (*NAMES, Param("name"))),
    _Asked(("mail",), MAILS),
    _Asked(("code", "note", "key", "firm.region", "budget.currency"), (*CODES, Param("name"))),
    _Asked(("score", "acme.level", "version", "firm.parent.version"), (*NUMBERS, Param("number"))),
    _Asked(("price", "budget.amount"), (*AMOUNTS, 0, 100, Param("amount"))),
    _Asked(("birthday", "firm.founded", "firm.parent.founded"), (*DAY_SPANS, *map(str, DAYS), Param("day"))),
    _Asked(
        ("started_at", "ended_at", "created_at", "firm.modified_at"),
        (*SPANS, *(clock.now.isoformat() for clock in CLOCKS), UNRECORDED.isoformat(), Param("moment")),
    ),
    _Asked(("started_at", "ended_at"), DAY_SPANS),
)
_FIRM = (
    _Asked(("id", "parent_id", "parent", "parent.id"), (*map(str, FIRM_IDS), Param("firm")), _EQUALITY),
    _Asked(("name", "parent.name"), (*NAMES, Param("name"))),
    _Asked(("region", "key", "parent.region"), (*CODES, Param("name"))),
    _Asked(("version", "parent.version"), (0, 1, 2, 3, Param("number"))),
    _Asked(("founded", "parent.founded"), (*DAY_SPANS, *map(str, DAYS), Param("day"))),
    _Asked(("created_at", "parent.modified_at"), SPANS),
)
_ASKED = {"visit": _VISIT, "firm": _FIRM}
_DATED = {"visit": ("birthday", "firm.founded", "firm.parent.founded"), "firm": ("founded", "parent.founded")}
_TEXTS = {
    "visit": ("title", "mail", "code", "note", "acme.nick", "firm.name"),
    "firm": ("name", "region", "parent.name"),
}
_TAGGED = {"visit": ("labels", "firm.tags"), "firm": ("tags", "parent.tags")}
_PRESENT = {"visit": ("budget", "firm", "firm.parent", "mail", "done", "score"), "firm": ("parent", "key", "tags")}
_PAIRS = {
    "visit": (
        *(
            ("started_at", "ended_at"),
            ("created_at", "modified_at"),
            ("price", "budget.amount"),
            ("score", "acme.level"),
        ),
        *(
            ("title", "acme.nick"),
            ("title", "mail"),
            ("code", "key"),
            ("firm.key", "firm.region"),
            ("score", "version"),
        ),
    ),
    "firm": (("created_at", "modified_at"), ("key", "region"), ("name", "name"), ("parent.key", "parent.region")),
}
_ALIKE = {"visit": (("mood", "expected"), ("done", "acme.vip"), ("id", "firm_id")), "firm": (("id", "parent_id"),)}
_MOMENTS = {
    "visit": (("started_at", "ended_at"), ("created_at", "started_at"), ("firm.created_at", "firm.modified_at")),
    "firm": (("created_at", "modified_at"), ("parent.created_at", "parent.modified_at")),
}
_CHILDREN = {"visit": (), "firm": (("visit", "firm_id"), ("visit", "firm"), ("firm", "parent_id"))}
_NUMBERED = {Calendar.YEAR: (1, 2000, 2024, 9999), Calendar.MONTH: (1, 2, 3, 12, 13), Calendar.DAY: (1, 28, 29, 30, 31)}


@st.composite
def criteria(draw: st.DrawFn, kind: str, depth: int = 2) -> Criteria:
    """A condition on records of this kind, of any sort and mixture; `some` stands in `some` up to `depth` times."""
    return draw(_criteria(kind, depth))


@lru_cache
def _criteria(kind: str, depth: int) -> SearchStrategy[Criteria]:
    leaves = _leaves(kind) if depth == 0 else _leaves(kind) | _some(kind, depth - 1)
    return st.recursive(leaves, _combined, max_leaves=6)


def _combined(parts: SearchStrategy[Criteria]) -> SearchStrategy[Criteria]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, parts)


def _some(kind: str, depth: int) -> SearchStrategy[Criteria]:
    counted = [
        st.builds(Some, st.just(other), st.just(via), criteria(other, depth), st.integers(1, 3))
        for other, via in _CHILDREN[kind]
    ]
    return st.one_of(counted)


def _leaves(kind: str) -> SearchStrategy[Criteria]:
    of, orders = st.sampled_from, st.sampled_from(_ORDERS)
    ages = st.builds(Age, of(_DATED[kind]))
    return st.one_of(
        *(_compared(asked) for asked in _ASKED[kind]),
        st.builds(Compare, ages, orders, of(AGES)),
        st.builds(In, ages, st.lists(of(AGES), min_size=1, max_size=3).map(tuple)),
        of(Calendar).flatmap(lambda part: _parted(kind, part)),
        st.builds(Matches, of(_TEXTS[kind]), of(Match), of((*NEEDLES, *NAMES, *CODES, Param("name")))),
        st.builds(Has, of(_TAGGED[kind]), of((*TAGS, "nobody", Param("tag")))),
        st.builds(Present, of((*_PRESENT[kind], *_DATED[kind], *_TEXTS[kind]))),
        st.builds(Present, of(_TAGGED[kind])),
        st.builds(_pair, of(_PAIRS[kind]), orders),
        st.builds(_pair, of(_ALIKE[kind]), of(_EQUALITY)),
        st.builds(_elapsed, of(_MOMENTS[kind]), orders, of(LAPSES)),
        *[st.builds(_elapsed, st.just(_MOMENTS[kind][0]), orders, of(LAPSES))] * 2,
        of((ALWAYS, NEVER)),
    )


def _pair(paths: tuple[str, str], operator: Operator) -> Criteria:
    return Compare(Field(paths[0]), operator, Field(paths[1]))


def _elapsed(paths: tuple[str, str], operator: Operator, lapse: tuple[int, Unit]) -> Criteria:
    return Elapsed(paths[0], paths[1], operator, *lapse)


def _compared(asked: _Asked) -> SearchStrategy[Criteria]:
    term, value = st.sampled_from(asked.paths).map(Field), st.sampled_from(asked.values)
    one = st.builds(Compare, term, st.sampled_from(asked.operators), value)
    several = st.builds(In, term, st.lists(value, min_size=1, max_size=4).map(tuple))
    between = st.builds(_between, term, value, value) if asked.operators is _ORDERS else one
    return one | several | between


def _between(term: Field, low: Any, high: Any) -> Criteria:
    return And((Compare(term, Operator.AT_LEAST, low), Compare(term, Operator.AT_MOST, high)))


def _parted(kind: str, part: Calendar) -> SearchStrategy[Criteria]:
    term, number = st.builds(Part, st.sampled_from(_DATED[kind]), st.just(part)), st.sampled_from(_NUMBERED[part])
    several = st.builds(In, term, st.lists(number, min_size=1, max_size=3).map(tuple))
    return st.builds(Compare, term, st.sampled_from(_ORDERS), number) | several


@st.composite
def lives(draw: st.DrawFn) -> tuple[World, list[tuple[Visit, ...]]]:
    """A world, and what became of its visits, step by step."""
    world = draw(worlds())
    return world, draw(st.lists(visits(list(world["firm"].values())), min_size=1, max_size=3))
