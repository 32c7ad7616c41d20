"""What every test may rely on: the `support` package with strategies and naive models, and database servers."""

from __future__ import annotations

import atexit
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

from support.servers import ADMIN, RUN, Servers, there

settings.register_profile("test", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("properties", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("test")

SERVERS = Servers()
if RUN not in os.environ:  # the first process finds or starts them, before tests ask which there are
    atexit.register(SERVERS.stop)
    SERVERS.start()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say on which stores tests ran, in which version; and which did not run."""
    ran = [report.nodeid.lower() for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    versions = {"memory": "", "sqlite": f"SQLite {sqlite3.sqlite_version}", **SERVERS.says}
    terminalreporter.section("stores")
    for store, version in versions.items():
        many = sum(f"::test{store}::" in node or f"[{store}" in node or f"-{store}" in node for node in ran)
        says = f"{many} tests" if many and (store not in ADMIN or store in there()) else "did not run"
        terminalreporter.write_line(f"{store:<9} {says}{f' ({version})' if version else ''}")
