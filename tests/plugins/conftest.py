"""CRMs with plugins, on the stores that need no server, and entry points that nobody installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.crms import LOCAL, local

from crmkit.crm import CRM
from crmkit.patience import Pace
from crmkit.plugins.discovery import Candidate
from crmkit.testing import FixedClock, FixedIds

Opening = Callable[..., AbstractContextManager[CRM]]


@pytest.fixture(params=LOCAL)
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Opens a fresh CRM with these plugins, and whatever else is given."""

    @contextmanager
    def opened(*plugins: object, **how: Any) -> Iterator[CRM]:
        pace = Pace(sleep=lambda _: None, listening=how.pop("listening", 5.0))
        given = {"clock": FixedClock(), "ids": FixedIds(), "discover": False, "pace": pace, **how}
        with CRM.open(local(request.param, tmp_path), plugins=plugins, **given) as crm:
            yield crm

    return opened


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets plugins be found by name as if packages had brought them; a function is called to load its plugin."""

    def installed(*named: tuple[str, object]) -> None:
        found = [
            Candidate(name=name, origin="an entry point", load=it if callable(it) else lambda it=it: it)  # type: ignore[misc]
            for name, it in named
        ]
        monkeypatch.setattr("crmkit.plugins.loading.installed", lambda: iter(found))

    return installed
