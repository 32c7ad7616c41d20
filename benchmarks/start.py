"""How long a program takes that does nothing but import."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.race import CRMKIT, Race


def race() -> Race:
    """A new Python for each; the rate to reach is one in 0.35 seconds."""
    contenders = {
        "Python alone": _starting("pass"),
        "import sqlalchemy": _starting("import sqlalchemy"),
        CRMKIT: _starting("import crmkit"),
    }
    return Race(what="start Python and import crmkit", things="starts", contenders=contenders, rate=1 / 0.35)


def _starting(statement: str) -> Callable[[], int]:
    def start() -> int:
        for _ in range(3):
            subprocess.run([sys.executable, "-c", statement], check=True)
        return 3

    return start
