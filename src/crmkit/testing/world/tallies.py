"""Tallies of firms and visits, drawn so that groups are shared and every measure comes up in every company."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from crmkit.core.kernel.criteria import ALWAYS, Criteria
from crmkit.core.kernel.tally import Bucket, Count, Group, Mean, Measure, Per, Percentile, Share, Sum, Tally
from crmkit.testing.world.strategies import criteria

PATHS = {
    "visit": (
        *("mood", "expected", "done", "score", "price", "title", "code", "note", "mail", "birthday", "key", "version"),
        *("budget.currency", "acme.vip", "acme.nick", "firm", "firm.name", "firm.region", "firm.parent_id"),
        *("firm.parent.name", "firm.founded"),
    ),
    "firm": ("name", "region", "parent", "parent.name", "parent.parent.region", "founded", "version"),
}
TIMES = {
    "visit": ("started_at", "ended_at", "created_at", "birthday", "firm.created_at", "firm.founded"),
    "firm": ("founded", "created_at", "modified_at", "parent.modified_at", "parent.founded"),
}
LAPSES = {
    "visit": (("started_at", "ended_at"), ("created_at", "started_at"), ("firm.created_at", "started_at")),
    "firm": (("created_at", "modified_at"), ("parent.created_at", "modified_at")),
}


@lru_cache
def tallies(kind: str) -> SearchStrategy[Tally]:
    """Tallies of records of this kind that `bind_tally` accepts with `pools.PARAMS`."""
    return st.builds(
        Tally,
        kind=st.just(kind),
        title=st.just("Figures"),
        by=st.lists(_groups(kind), max_size=2).map(tuple),
        where=_conditions(kind),
        measures=_measures(kind),
    )


def _groups(kind: str) -> SearchStrategy[Group]:
    return st.sampled_from(PATHS[kind]) | st.builds(Bucket, st.sampled_from(TIMES[kind]), st.sampled_from(Per))


def _conditions(kind: str) -> SearchStrategy[Criteria]:
    return st.just(ALWAYS) | criteria(kind, 1)


@st.composite
def _measures(draw: st.DrawFn, kind: str) -> tuple[Measure, ...]:
    """Two counts, some more, and a share that is not always asked for last."""
    found: list[Measure] = [
        Count(name="all"),
        Count(name="some", where=draw(_conditions(kind))),
        Share(name="share", of="some", among="all"),
        *(draw(_measure(f"measure {number}", kind)) for number in range(draw(st.integers(1, 3)))),
    ]
    return tuple(draw(st.permutations(found)))


def _measure(name: str, kind: str) -> SearchStrategy[Measure]:
    start_end = st.sampled_from(LAPSES[kind])
    percent = st.sampled_from((0, 1, 25, 50, 75, 90, 99, 100))
    times: SearchStrategy[Any] = st.builds(_mean, st.just(name), start_end, _conditions(kind)) | st.builds(
        _percentile, st.just(name), start_end, _conditions(kind), percent
    )
    if kind == "firm":
        return times
    return times | st.builds(Sum, name=st.just(name), path=st.just("budget"), where=_conditions(kind))


def _mean(name: str, ends: tuple[str, str], where: Criteria) -> Mean:
    return Mean(name=name, start=ends[0], end=ends[1], where=where)


def _percentile(name: str, ends: tuple[str, str], where: Criteria, percent: int) -> Percentile:
    return Percentile(name=name, start=ends[0], end=ends[1], where=where, percent=percent)
