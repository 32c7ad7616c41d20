"""Fixtures for pytest: `clock`, `ids`, `crm` and `seeded_crm`.

A host asks for them in its conftest.py, and nobody has them who did not ask:

    pytest_plugins = ["crmkit.testing.plugin"]
"""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.testing.extra import require_testing

require_testing()
import pytest  # noqa: E402 - only where it is installed

from crmkit.crm import CRM  # noqa: E402
from crmkit.testing.fixed import FixedClock, FixedIds  # noqa: E402
from crmkit.testing.seeds import seed  # noqa: E402


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands on a Monday morning until it is told to move."""
    return FixedClock()


@pytest.fixture
def ids() -> FixedIds:
    """Ids that count from the same number in every test."""
    return FixedIds()


@pytest.fixture
def crm(clock: FixedClock, ids: FixedIds) -> Iterator[CRM]:
    """An empty CRM in memory, with `clock` and `ids`; closed after the test.

    A host with entities of its own defines a fixture of this name, which `seeded_crm` then fills as well.
    """
    with CRM.open("memory:", clock=clock, ids=ids) as crm:
        yield crm


@pytest.fixture
def seeded_crm(crm: CRM) -> CRM:
    """The CRM of `crm` with a small business in it: one lead, deal and case at least in every status."""
    seed(crm)
    return crm
