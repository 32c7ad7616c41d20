"""Service: cases from the first call to the last."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import IllegalMove, Invalid, Refused
from crmkit.core.service.case import Case, CaseStage, CaseStatus, CaseType
from crmkit.testing import FixedClock
from crmkit.transaction import Transaction


def problem(tx: Transaction) -> Case:
    return tx.service.open_case(
        title="No signal", type=CaseType.PROBLEM, contact=tx.customers.add_contact(name="王小明").id, origin="phone"
    )


def test_a_case_is_nobodys_only_on_paper(tx: Transaction) -> None:
    """Without account and contact it is refused."""
    with pytest.raises(Refused) as refused:
        tx.service.open_case(title="Whose?", type=CaseType.COMPLAINT)

    assert [refusal.code for refusal in refused.value.refusals] == ["customer_missing"]
    assert tx.of(Case).count() == 0


def test_a_resolved_case_has_its_resolution_and_the_work_it_took(tx: Transaction) -> None:
    """Reasons are a vocabulary, the usual one unless another is given."""
    one = problem(tx)

    resolved = tx.service.resolve(one.id, resolution="new cable", minutes=15)

    assert (resolved.status, resolved.resolution, resolved.minutes) == (CaseStatus.RESOLVED, "new cable", 15)
    assert (resolved.reason, resolved.resolved_at) == ("problem_solved", tx.now)
    with pytest.raises(IllegalMove):
        tx.service.resolve(one.id, resolution="again")


def test_a_resolution_says_something(tx: Transaction) -> None:
    """Neither blank, nor in less than no time."""
    one = problem(tx)
    with pytest.raises(Invalid):
        tx.service.resolve(one.id, resolution=" ")
    with pytest.raises(Invalid):
        tx.service.resolve(one.id, resolution="new cable", minutes=-4)
    assert tx.of(Case).get(one.id) == one


def test_the_customer_of_a_case_changes_and_is_never_missing(tx: Transaction) -> None:
    """By a command that wants one, never by a revision."""
    one, other = problem(tx), tx.customers.add_contact(name="Ann Smith")
    with pytest.raises(Invalid):
        tx.revise(evolve(one, contact_id=None))
    with pytest.raises(Refused):
        tx.service.change_customer(one.id)

    assert tx.service.change_customer(one.id, contact=other.id).contact_id == other.id


def test_an_unknown_reason_names_the_vocabulary(tx: Transaction) -> None:
    """The refused case stays as it was."""
    one = problem(tx)

    with pytest.raises(Invalid) as refused:
        tx.service.resolve(one.id, resolution="x", reason="magic")

    assert "information_provided" in refused.value.accepts
    assert tx.of(Case).get(one.id) == one


def test_a_case_taken_up_again_starts_over_and_the_journal_keeps_what_was_said(tx: Transaction) -> None:
    """The resolution that did not hold is gone from the case, not from its history."""
    one = problem(tx)
    tx.service.change_stage(one.id, stage=CaseStage.RESOLVE)
    tx.service.resolve(one.id, resolution="restarted")

    again = tx.service.reactivate(one.id)

    assert (again.status, again.stage, again.resolution, again.resolved_at) == (
        CaseStatus.ACTIVE,
        CaseStage.IDENTIFY,
        None,
        None,
    )
    (said,) = [event.details["resolution"] for event in tx.history(again) if event.name == "case.resolved"]
    assert said == "restarted"


def test_a_closed_case_is_over(tx: Transaction, clock: FixedClock) -> None:
    """Only a resolved case is closed, and nothing leads out of there."""
    one = problem(tx)
    with pytest.raises(IllegalMove):
        tx.service.close(one.id)
    tx.service.resolve(one.id, resolution="new cable")

    assert tx.service.close(one.id).closed_at == tx.now
    with pytest.raises(IllegalMove) as refused:
        tx.service.reactivate(one.id)
    assert refused.value.facts["possible"] == []


def test_a_case_waits_and_goes_on(tx: Transaction) -> None:
    """What waits may be resolved all the same, and what was cancelled taken up again."""
    one = problem(tx)
    assert tx.service.hold(one.id).status == CaseStatus.ON_HOLD
    assert tx.service.resume(one.id).status == CaseStatus.ACTIVE
    assert tx.service.cancel(one.id).status == CaseStatus.CANCELLED
    assert tx.service.reactivate(one.id).status == CaseStatus.ACTIVE
    assert [case.id for case in tx.of(Case).find(where("contact.name.full") == "王小明")] == [one.id]
