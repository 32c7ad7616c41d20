"""The life of a lead, walked by machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.sales.lead import Lead, LeadStatus, lead
from crmkit.testing.machines.drawn import ids, moments
from crmkit.testing.machines.walks import check_walks

LEADS = st.builds(
    Lead,
    id=ids,
    topic=st.just("Oil"),
    status=st.sampled_from(LeadStatus),
    version=st.integers(0, 3),
    modified_at=moments,
    contacted_at=st.none() | moments,
    qualified_at=st.none() | moments,
    won_at=st.none() | moments,
)


@given(data=st.data())
def test_any_walk_through_the_life_of_a_lead_keeps_the_promises_of_moves(data: st.DataObject) -> None:
    """From any status, with any arguments."""
    check_walks(lead, LEADS, data)


@given(data=st.data())
def test_the_dates_of_a_lead_agree_with_its_status(data: st.DataObject) -> None:
    """Figures tally dates, so a date is there exactly where its status was reached; the first contact is never lost."""
    first, *way = check_walks(lead, st.builds(Lead, id=ids, topic=st.just("Oil")), data)

    contacted = first.contacted_at
    for one in way:
        assert (one.qualified_at is not None) is (one.status is LeadStatus.QUALIFIED)
        assert (one.disqualified_at is not None) is (one.status is LeadStatus.DISQUALIFIED)
        assert (one.reason is not None) is (one.status is LeadStatus.DISQUALIFIED)
        assert contacted is None or one.contacted_at == contacted
        contacted = one.contacted_at
