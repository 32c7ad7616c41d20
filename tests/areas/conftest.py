"""A fresh CRM on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crms import STORES, opened

from crmkit.crm import CRM
from crmkit.testing import FixedClock
from crmkit.transaction import Transaction


@pytest.fixture
def clock() -> FixedClock:
    """Time that a test moves."""
    return FixedClock()


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[CRM]:
    """An empty CRM."""
    with opened(request.param, tmp_path, clock) as crm:
        yield crm


@pytest.fixture
def tx(crm: CRM) -> Iterator[Transaction]:
    """One transaction of the system actor, committed at the end."""
    with crm.transaction() as tx:
        yield tx
