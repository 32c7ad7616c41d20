"""What a type checker makes of moves: a line with an ignored error has to have exactly that error, no other has any."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_type

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.work import Work


class CupStatus(StrEnum):
    """Where moves differ."""

    FULL = "full"
    EMPTY = "empty"


FULL, EMPTY = CupStatus


@entity("cup")
@frozen(kw_only=True)
class Cup(Entity):
    """Something to drink from."""

    id: Id[Cup]
    status: CupStatus = FULL
    sips: int = 0
    by: str = ""


@entity("plate")
@frozen(kw_only=True)
class Plate(Entity):
    """Something else."""

    id: Id[Plate]


def _drunk(one: Cup, stamp: Stamp, *, sips: int, by: str = "") -> Cup:
    return evolve(one, sips=sips, by=by)


def _broken(one: Plate, stamp: Stamp) -> Plate:
    return one


class cup(LifeCycle):
    """What happens to a cup."""

    flow = Flow(Cup, CupStatus, initial=FULL)
    drink = flow.move({FULL}, EMPTY, then=_drunk, event="cup.drunk")
    fill = flow.move({EMPTY}, FULL, event="cup.filled")


def called(one: Cup, plate: Plate, stamp: Stamp) -> None:
    """A move takes its record, the stamp and what its effect takes, each of its type."""
    assert_type(cup.drink(one, stamp, sips=3), tuple[Cup, Event])
    assert_type(cup.fill(one, stamp), tuple[Cup, Event])
    cup.drink(one, stamp, sips=3, by="Kim")
    cup.drink(one, stamp)  # type: ignore[call-arg]
    cup.drink(one, stamp, gulps=3)  # type: ignore[call-arg]
    cup.drink(one, stamp, sips="three")  # type: ignore[arg-type]
    cup.drink(one, stamp, 3)  # type: ignore[call-arg]
    cup.drink(plate, stamp, sips=3)  # type: ignore[arg-type]
    cup.fill(one, stamp, sips=3)  # type: ignore[call-arg]


def made(work: Work, id: Id[Cup], other: Id[Plate]) -> None:
    """A work takes the same, with an id of the right kind in the place of the record."""
    assert_type(work.move(cup.drink, id, sips=3), Cup)
    work.move(cup.drink, id)  # type: ignore[call-arg]
    work.move(cup.drink, id, sips="three")  # type: ignore[arg-type]
    work.move(cup.drink, other, sips=3)  # type: ignore[misc]


def defined(flow: Flow[Cup, CupStatus]) -> None:
    """A flow takes its own statuses and effects on its own records."""
    flow.move({"full"}, EMPTY, event="cup.spilt")  # type: ignore[arg-type]
    flow.move({FULL}, EMPTY, then=_broken, event="cup.spilt")  # type: ignore[arg-type]
    flow.move({FULL}, EMPTY, event="cup.spilt", reasons=("clumsy",))  # type: ignore[call-overload]
    Flow(Cup, CupStatus, initial="full")  # type: ignore[type-var]
