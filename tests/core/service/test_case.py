"""The life of a case, walked by machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.service.case import Case, CaseStatus, CaseType, case
from crmkit.testing.machines.drawn import ids, moments
from crmkit.testing.machines.walks import check_walks

CASES = st.builds(
    Case,
    id=ids,
    title=st.just("No signal"),
    type=st.sampled_from(CaseType),
    status=st.sampled_from(CaseStatus),
    version=st.integers(0, 3),
    modified_at=moments,
)


@given(data=st.data())
def test_any_walk_through_the_life_of_a_case_keeps_the_promises_of_moves(data: st.DataObject) -> None:
    """From any status, with any arguments."""
    check_walks(case, CASES, data)


@given(data=st.data())
def test_a_resolution_is_there_exactly_while_it_holds(data: st.DataObject) -> None:
    """From being resolved until it is taken up again."""
    born = st.builds(Case, id=ids, title=st.just("No signal"), type=st.just(CaseType.PROBLEM))
    for one in check_walks(case, born, data):
        resolved = one.status in (CaseStatus.RESOLVED, CaseStatus.CLOSED)
        assert (one.resolved_at is not None) is resolved
        assert (one.closed_at is not None) is (one.status is CaseStatus.CLOSED)
