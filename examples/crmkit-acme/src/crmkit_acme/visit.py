"""A visit: somebody brings oil to taste to a restaurant; with a life cycle of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from attrs import evolve, frozen

from crmkit import where
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Code, Name, Stamped, Text
from crmkit.core.kernel.flow import Flow, LifeCycle, Need
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp
from crmkit.core.sales.lead import Lead


class VisitStatus(StrEnum):
    """Where moves differ."""

    WISHED = "wished"
    PLANNED = "planned"
    MADE = "made"
    DROPPED = "dropped"


WISHED, PLANNED, MADE, DROPPED = VisitStatus


@entity("visit", indexes=(index("status", "planned_for"),))
@frozen(kw_only=True)
class Visit(Entity):
    """Where, when, and what they said of the oil."""

    id: Id[Visit]
    lead_id: Id[Lead]
    place: Name | None = None
    status: Annotated[VisitStatus, Stamped] = WISHED
    reason: Annotated[Code | None, Stamped] = None  #: why it was dropped
    planned_for: Annotated[datetime | None, Stamped] = None
    said: Annotated[Text | None, Stamped] = None
    made_at: Annotated[datetime | None, Stamped] = None


HAS_PLACE = Need("place_missing", where("place").present(), "a place to go to")


def _planned(one: Visit, stamp: Stamp, *, on: datetime) -> Visit:
    if on < stamp.occurred:
        raise Invalid("on", "is over", accepts="a moment that is still to come")
    return evolve(one, planned_for=on)


def _made(one: Visit, stamp: Stamp, *, said: str) -> Visit:
    return evolve(one, said=said, made_at=stamp.occurred)


def _dropped(one: Visit, stamp: Stamp, *, reason: str) -> Visit:
    return evolve(one, reason=reason, planned_for=None)


def _wished(one: Visit, stamp: Stamp) -> Visit:
    return evolve(one, reason=None)


class visit(LifeCycle):
    """What happens to a visit."""

    flow = Flow(Visit, VisitStatus, initial=WISHED, final=(MADE,))
    plan = flow.move({WISHED, PLANNED}, PLANNED, needs=(HAS_PLACE,), then=_planned, event="visit.planned")
    make = flow.move({PLANNED}, MADE, then=_made, event="visit.made")
    drop = flow.move({WISHED, PLANNED}, DROPPED, then=_dropped, event="visit.dropped", reasons=("closed", "no_time"))
    wish = flow.move({DROPPED}, WISHED, then=_wished, event="visit.wished")
