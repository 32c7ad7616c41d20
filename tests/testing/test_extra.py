"""What crmkit.testing needs, and what it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest


def said(program: str, missing: str) -> str:
    """What a program prints where a library is not installed."""
    script = f"import sys\nsys.modules[{missing!r}] = None\n{program}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
@pytest.mark.parametrize("module", ["contract", "machines", "world.records", "machines.drawn"])
def test_tests_by_machine_name_the_extra_that_they_need(module: str, missing: str) -> None:
    """Whichever of the two is missing, and wherever one begins."""
    told = said(f"import crmkit.testing.{module}", missing)

    assert "this needs the extra «testing»: pip install 'crmkit[testing]'" in told


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
def test_clock_ids_and_records_need_nothing(missing: str) -> None:
    """A host has them with crmkit itself."""
    program = """
from crmkit import CRM
from crmkit.testing import Factory, FixedClock, FixedIds
from crmkit.testing.seeds import seed
with CRM.open("memory:", clock=FixedClock(), ids=FixedIds()) as crm:
    seed(crm)
    with crm.transaction() as tx:
        print(Factory().keep(tx, Factory().lead()).topic)
"""
    assert said(program, missing) == "Lead 1\n"
