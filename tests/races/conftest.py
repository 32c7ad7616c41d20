"""How long to race, on which store; and what was measured, said at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from support.crms import STORES, place

from crmkit import CRM

FIGURES: list[str] = []


@pytest.fixture(scope="session")
def rounds() -> int:
    """A few, unless the environment asks for more: `make races` does."""
    return int(os.environ.get("CRMKIT_RACES") or 3)


@pytest.fixture
def figure() -> Callable[[str], None]:
    """To say what was measured."""
    return FIGURES.append


@pytest.fixture(scope="module", params=STORES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the CRM of a store is kept; SQLite without waiting for the disk, which a kill does not touch."""
    with place(request.param, tmp_path_factory.mktemp("race")) as url:
        yield f"{url}?profile=fast" if url.startswith("sqlite:") else url


@pytest.fixture(scope="module")
def crm(url: str) -> Iterator[CRM]:
    """A CRM that the races of a module share, each with records of its own."""
    with CRM.open(url) as crm:
        yield crm


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the figures, if races were long enough for them."""
    if os.environ.get("CRMKIT_RACES"):
        terminalreporter.section("races")
        for line in FIGURES:
            terminalreporter.write_line(line)
