"""Sweeps drawn at random, and what a naive reading of them would do to a world."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from crmkit.core.kernel.assigns import OCCURRED
from crmkit.core.kernel.criteria import ALWAYS, Param
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.values import Email
from crmkit.testing.world.naive import Asked
from crmkit.testing.world.pools import (
    AMOUNTS,
    CODES,
    DAYS,
    FIRM_IDS,
    MAILS,
    MONEYS,
    NAMES,
    NUMBERS,
    TAGS,
    VISIT_IDS,
    Clock,
)
from crmkit.testing.world.records import AcmeVisit, Firm, Mood, Visit
from crmkit.testing.world.samples import FIRST, LAST, an_event, row_of
from crmkit.testing.world.strategies import Situation, criteria, situations

#: What fields may be given without two records having a key in common.
_GIVEN: Mapping[type, Mapping[str, SearchStrategy[Any]]] = {
    Visit: {
        "key": st.none(),
        "firm_id": st.sampled_from((None, FIRM_IDS[0], Param("firm"))),
        "mood": st.sampled_from((*Mood, Param("mood"))),
        "expected": st.sampled_from((None, *Mood)),
        "title": st.sampled_from((None, *NAMES, Param("name"))),
        "code": st.sampled_from((None, *CODES)),
        "note": st.sampled_from((None, *NAMES, "\x01\t\r\n\x1f\x7f\u2028\ufeff\"'\\/\b\f")),
        "mail": st.sampled_from((None, *map(Email.of, MAILS))),
        "score": st.sampled_from((None, *NUMBERS, Param("number"))),
        "done": st.booleans() | st.just(Param("flag")),
        "price": st.sampled_from((None, *map(Decimal, AMOUNTS), Param("amount"))),
        "budget": st.sampled_from((None, *MONEYS)),
        "birthday": st.sampled_from((None, *DAYS, Param("day"))),
        "started_at": st.sampled_from((None, FIRST, LAST, OCCURRED, Param("moment"))),
        "ended_at": st.sampled_from((None, OCCURRED)),
        "labels": st.frozensets(st.sampled_from(TAGS), max_size=3),
        "acme.vip": st.booleans(),
        "acme.nick": st.sampled_from((None, *NAMES)),
        "acme.level": st.sampled_from(NUMBERS),
    },
    Firm: {
        "key": st.none(),
        "region": st.none(),
        "founded": st.sampled_from((None, *DAYS)),
        "tags": st.frozensets(st.sampled_from(TAGS), max_size=3),
    },
}


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[Situation, Sweep]:
    """A world, and a sweep of its visits or its firms that no key stands against."""
    situation = draw(situations())
    cls = draw(st.sampled_from((Visit, Visit, Firm)))
    kind = kind_of(cls)
    names = draw(st.sets(st.sampled_from(sorted(_GIVEN[cls])), min_size=1, max_size=4))
    sets = {name: draw(_GIVEN[cls][name]) for name in sorted(names)}
    condition = draw(st.just(ALWAYS) | criteria(kind) | criteria(kind))
    return situation, Sweep("at random «한»", cls, condition, sets, event=f"{kind}.swept")


def a_stamp(clock: Clock) -> Stamp:
    """Now, by somebody."""
    who, what = VISIT_IDS[8], VISIT_IDS[9]
    return Stamp(at=clock.now, occurred=clock.now, by=who, operation=what, cause="rule «1»")


def naively_swept(sweep: Sweep, asked: Asked, stamp: Stamp) -> dict[Any, tuple[Any, Event]]:
    """The records that change, as they are afterwards, and their events; each by itself, in the world as it was."""
    found = {}
    for id, record in asked.world[kind_of(sweep.entity)].items():
        changed = _given(record, sweep.sets, asked, stamp)
        if asked.holds(sweep.where, record) and changed != record:
            at = max(stamp.at, record.modified_at)
            after = evolve(changed, version=record.version + 1, modified_at=at)
            event = an_event(kind_of(sweep.entity), row_of(after), before=row_of(record), name=sweep.event)
            found[id] = after, evolve(event, stamp=evolve(stamp, at=at), details={"sweep": sweep.name})
    return found


def _given(record: Any, sets: Mapping[str, Any], asked: Asked, stamp: Stamp) -> Any:
    for path, given in sets.items():
        value = asked.params[given.name] if isinstance(given, Param) else given
        value = stamp.occurred if value is OCCURRED else value
        prefix, dot, name = path.partition(".")
        if dot:
            assert prefix == "acme"
            record = evolve(record, ext=record.ext.having(evolve(record.ext[AcmeVisit], **{name: value})))
        else:
            record = evolve(record, **{path: value})
    return record
