"""How long to race."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def rounds() -> int:
    """A few, unless the environment asks for more: `make races` does."""
    return int(os.environ.get("CRMKIT_RACES") or 3)
