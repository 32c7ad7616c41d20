"""A fresh CRM on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crms import STORES, opened

from crmkit.crm import CRM


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """An empty CRM."""
    with opened(request.param, tmp_path) as crm:
        yield crm
