"""How long a program takes that does nothing but import."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

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
    """Modules are compiled the first time, as an installation leaves them, also where this Python writes no files."""
    compiled = TemporaryDirectory(prefix="crmkit-bench-")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def start() -> int:
        kept = {**environment, "PYTHONPYCACHEPREFIX": compiled.name}
        for _ in range(3):
            subprocess.run([sys.executable, "-c", statement], check=True, env=kept)
        return 3

    return start
