"""The fixtures for pytest, as a host has them: in a run of its own, and only if it asks."""

from __future__ import annotations

from textwrap import dedent

import pytest

from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.core.service.case import Case, CaseStatus
from crmkit.crm import CRM
from crmkit.testing import FixedClock, FixedIds
from crmkit.testing.machines.crm import checked_rows
from crmkit.testing.seeds import seed

pytest_plugins = ["pytester"]

ASKED = 'pytest_plugins = ["crmkit.testing.plugin"]'


def ran(pytester: pytest.Pytester, test: str, conftest: str = ASKED) -> dict[str, int]:
    """What came of the tests of a host."""
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_host=dedent(test))
    return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").parseoutcomes()


def test_a_host_has_the_fixtures_that_it_asks_for(pytester: pytest.Pytester) -> None:
    """A fresh CRM for every test, whose clock and ids it can foretell."""
    assert ran(
        pytester,
        """
        import pytest
        from datetime import timedelta

        @pytest.mark.parametrize("time", [1, 2])
        def test_a_lead_comes(crm, clock, ids, time):
            clock.advance(days=time)
            with crm.transaction() as tx:
                lead = tx.sales.capture_lead(topic="Oil")
            assert lead.created_at == clock()
            assert ids().int > lead.id.int
            with crm.read() as view:
                assert view.insights.funnel().rows[0].values[0] == 1

        def test_there_is_a_business(seeded_crm, crm):
            assert seeded_crm is crm
            with crm.read() as view:
                assert view.insights.funnel().rows[0].values[0] == 8
        """,
    ) == {"passed": 3}


def test_a_host_that_has_a_crm_of_its_own_sees_it_filled(pytester: pytest.Pytester) -> None:
    """`seeded_crm` fills whatever `crm` is."""
    own = """
    import pytest
    from crmkit import CRM
    pytest_plugins = ["crmkit.testing.plugin"]

    @pytest.fixture
    def crm(clock, ids, tmp_path):
        with CRM.open(f"sqlite:{tmp_path / 'crm.db'}", clock=clock, ids=ids) as crm:
            yield crm
    """
    test = """
    def test_it_is_there(seeded_crm, tmp_path):
        assert (tmp_path / "crm.db").exists()
    """
    assert ran(pytester, test, dedent(own)) == {"passed": 1}


def test_nobody_has_fixtures_who_did_not_ask(pytester: pytest.Pytester) -> None:
    """To install crmkit changes no run of pytest, and imports nothing into it."""
    test = """
    import sys

    def test_nothing_is_loaded():
        assert "crmkit" not in sys.modules

    def test_no_fixture(crm):
        pass
    """
    assert ran(pytester, test, "") == {"passed": 1, "errors": 1}


def test_a_seeded_business_has_something_in_every_status() -> None:
    """So that a list, a figure or a screen has something to show; and its journal rebuilds it."""
    with CRM.open("memory:", clock=FixedClock(), ids=FixedIds()) as crm:
        seed(crm)
        checked_rows(crm)
        with crm.read() as view:
            assert {lead.status for lead in view.of(Lead).find()} == set(LeadStatus)
            assert {deal.status for deal in view.of(Opportunity).find()} == set(OpportunityStatus)
            assert {case.status for case in view.of(Case).find()} == set(CaseStatus)


def test_a_seeded_business_is_the_same_every_time() -> None:
    """To the last id and moment."""
    rows = []
    for _ in range(2):
        with CRM.open("memory:", clock=FixedClock(), ids=FixedIds()) as crm:
            seed(crm)
            rows.append(checked_rows(crm))

    assert rows[0] == rows[1]
