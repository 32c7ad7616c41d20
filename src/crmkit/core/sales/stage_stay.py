"""A stay: how long an opportunity was in one stage, folded from its events."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.fields import Code
from crmkit.core.kernel.ids import Id, derived
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.projection import Projection
from crmkit.core.sales.opportunity import Opportunity


@entity("stage_stay", indexes=(index("stage", "entered_at"),))
@frozen(kw_only=True)
class StageStay(Entity):
    """From entering a stage to leaving it; a closed deal has left its last one."""

    id: Id[StageStay]
    opportunity_id: Id[Opportunity]
    stage: Code
    entered_at: datetime
    left_at: datetime | None = None


def _folded(stays: tuple[StageStay, ...], event: Event) -> tuple[StageStay, ...]:
    """The stage that the event names is entered; whatever stay was open ends there."""
    stage = event.changes["stage"][1] if "stage" in event.changes else stays[-1].stage if stays else None
    closes = event.name in ("opportunity.won", "opportunity.lost")
    left = tuple(_left(stay, event) if stay.left_at is None else stay for stay in stays)
    if closes or stage is None:
        return left
    entered = StageStay(
        id=derived(event.id, event.version),
        version=1,
        created_at=event.stamp.occurred,
        modified_at=event.stamp.at,
        opportunity_id=event.id,
        stage=str(stage),
        entered_at=event.stamp.occurred,
    )
    return (*left, entered)


def _left(stay: StageStay, event: Event) -> StageStay:
    return evolve(stay, left_at=event.stamp.occurred, version=stay.version + 1, modified_at=event.stamp.at)


STAGE_STAYS = Projection(
    row=StageStay,
    subject="opportunity",
    via="opportunity_id",
    events=frozenset(
        {
            "opportunity.opened",
            "opportunity.stage_changed",
            "opportunity.won",
            "opportunity.lost",
            "opportunity.reopened",
        }
    ),
    fold=_folded,
)
