"""Races of single transactions: get leads, move one, convert one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from attrs import frozen

from benchmarks.hands import Core, Raw
from benchmarks.leads import leads
from benchmarks.orm import Mapped
from benchmarks.places import Place
from benchmarks.race import CRMKIT, Race
from benchmarks.statements import Plans, conversion
from crmkit.core.sales.lead import Lead

Do: TypeAlias = Callable[[Sequence[Lead]], object]


@frozen(kw_only=True)
class Contenders:
    """Who does it, and how many transactions in a round."""

    place: Place
    many: int
    raw: Raw
    core: Core
    plans: Plans
    mapped: Mapped

    def race(self, what: str, reach: float, leads: Callable[[], Sequence[Lead]], doing: Sequence[Do]) -> Race:
        """Each with leads of its own; `doing` in the order raw, Core, ORM, crmkit."""

        def to_all(do: Do) -> Callable[[], int]:
            def done() -> int:
                do(leads())
                return self.many

            return done

        names = ("raw driver", "SQLAlchemy Core", "SQLAlchemy ORM", CRMKIT)
        contenders = {name: to_all(do) for name, do in zip(names, doing, strict=True)}
        theirs = {"raw driver": reach} if reach else {}
        return Race(what=what, things="leads", contenders=contenders, reach=theirs)

    def gets(self, leads: Sequence[Lead]) -> None:
        """By crmkit, in a view."""
        with self.place.crm.read() as view:
            for lead in leads:
                view.of(Lead).get(lead.id)

    def moves(self, lead: Lead) -> None:
        """By crmkit."""
        with self.place.crm.transaction() as tx:
            tx.sales.contact(lead.id)

    def converts(self, lead: Lead) -> None:
        """By crmkit."""
        with self.place.crm.transaction() as tx:
            tx.sales.qualify(lead.id)


@contextmanager
def races(place: Place, many: int, rounds: int) -> Iterator[Iterator[Race]]:
    """Each contender does `many` transactions a round, in `rounds` rounds and one to warm up."""
    with place.raw() as connection:
        lite = place.name.startswith("SQLite")
        raw = Raw(connection, "BEGIN IMMEDIATE" if lite else "")
        by = Contenders(
            place=place, many=many, raw=raw, core=Core(place.engine), plans=Plans(place), mapped=Mapped(place)
        )
        yield _races(by, place, 4 * many * (rounds + 1), 0.4 if lite else 0.5)


def _races(by: Contenders, place: Place, needed: int, reach: float) -> Iterator[Race]:
    plans, raw, core, mapped, many = by.plans, by.raw, by.core, by.mapped, by.many
    with place.crm.transaction() as tx:
        known = [tx.add(lead, "lead.captured") for lead in leads(many + 1)]
    like = conversion(place, known.pop())
    like_mapped = mapped.like(like)
    getting: list[Do] = [partial(plans.gets, raw), partial(plans.gets, core), mapped.gets, by.gets]
    yield by.race("get a lead by id, within a view", reach, lambda: known, getting)
    yield by.race("open a view and get a lead", 0, lambda: known, [_one_by_one(do) for do in getting])
    moving = _taken(place, needed, many)
    doing = [lambda one: plans.moves(raw, one), lambda one: plans.moves(core, one), mapped.moves, by.moves]
    yield by.race("move a lead", reach, lambda: next(moving), [_each(do) for do in doing])
    converting = _taken(place, needed, many)
    doing = [
        lambda one: plans.converts(raw, one, like),
        lambda one: plans.converts(core, one, like),
        lambda one: mapped.converts(one, like_mapped),
        by.converts,
    ]
    yield by.race("convert a lead", reach, lambda: next(converting), [_each(do) for do in doing])


def _each(do: Callable[[Lead], object]) -> Do:
    """To one lead after the other."""
    return lambda leads: list(map(do, leads))


def _one_by_one(do: Do) -> Do:
    """To one lead by itself after the other."""
    return _each(lambda lead: do([lead]))


def _taken(place: Place, needed: int, many: int) -> Iterator[Sequence[Lead]]:
    """New leads, so many at a time, that nobody has moved; they are made at once, outside of what is measured."""
    with place.crm.transaction() as tx:
        made = [tx.add(lead, "lead.captured") for lead in leads(needed)]
    return iter([made[start : start + many] for start in range(0, needed, many)])
