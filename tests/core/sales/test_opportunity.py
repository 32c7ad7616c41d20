"""The life of a deal, walked by machine, and the stays that follow from it."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from support.flows import stamp

from crmkit.builtin import ENTITIES
from crmkit.core.kernel.journal import Event, changes, step
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.projection import rebuilt
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus, opportunity
from crmkit.core.sales.stage_stay import STAGE_STAYS
from crmkit.testing.machines.drawn import given_to, ids, moments
from crmkit.testing.machines.walks import check_walks

MODEL = Model.build(ENTITIES)
OPPORTUNITIES = st.builds(
    Opportunity,
    id=ids,
    name=st.just("Oil"),
    status=st.sampled_from(OpportunityStatus),
    version=st.integers(0, 3),
    modified_at=moments,
    account_id=st.none() | ids,
    contact_id=st.none() | ids,
)


@given(data=st.data())
def test_any_walk_through_the_life_of_a_deal_keeps_the_promises_of_moves(data: st.DataObject) -> None:
    """From any status, with any arguments; without a customer it is not won."""
    for one in check_walks(opportunity, OPPORTUNITIES, data)[1:]:
        if one.status is OpportunityStatus.WON and one.closed_at is not None:
            assert one.account_id or one.contact_id


@given(data=st.data())
def test_an_outcome_and_its_date_are_one(data: st.DataObject) -> None:
    """Closed deals have a date, open ones none; only won ones have a revenue, only lost ones a reason."""
    for one in check_walks(opportunity, st.builds(Opportunity, id=ids, name=st.just("Oil"), account_id=ids), data):
        closed = one.status in (OpportunityStatus.WON, OpportunityStatus.LOST)
        assert (one.closed_at is not None) is closed
        assert one.revenue is None or one.status is OpportunityStatus.WON
        assert (one.reason is not None) is (one.status is OpportunityStatus.LOST)


@given(data=st.data())
def test_one_stay_is_open_exactly_while_the_deal_is(data: st.DataObject) -> None:
    """Stays follow each other without gaps while the deal is not closed."""
    one, event = step(
        data.draw(st.builds(Opportunity, id=ids, name=st.just("Oil"), account_id=ids)), stamp(), "opportunity.opened"
    )
    events = [recorded(None, one, event)]
    for at in sorted(data.draw(st.lists(moments, max_size=8))):
        name = data.draw(st.sampled_from(opportunity.flow.possible(one.status)))
        move = opportunity.flow.moves[name]
        given = (
            {"stage": data.draw(st.sampled_from(["a", "b"]))} if name == "change_stage" else data.draw(given_to(move))
        )
        after, event = move(one, stamp(at), **given)
        events.append(recorded(one, after, event))
        one = after

        stays = rebuilt(STAGE_STAYS, events).values()
        still = [stay for stay in stays if stay.left_at is None]
        assert len(still) == (one.closed_at is None)
        assert all(stay.stage == one.stage for stay in still)


def recorded(before: Any, after: Opportunity, event: Event) -> Event:
    model = MODEL.of(Opportunity)
    return evolve(event, changes=changes(model, model.flatten(before) if before else None, model.flatten(after)))
