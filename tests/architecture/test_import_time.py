"""What `import crmkit` loads: none of what only some programs need. It is a matter of modules, not of seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIBRARIES = {"argparse", "csv", "hypothesis", "phonenumbers", "pluggy", "pytest", "rich", "sqlalchemy", "sqlite3"}
PARTS = {"cli", "exchange", "extras", "plugins", "present", "storage", "testing"}


def loaded(statement: str) -> set[str]:
    """The libraries and parts, out of those above, that a fresh Python has loaded after `statement`."""
    script = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = [module.split(".") for module in done.stdout.split()]
    parts = {name[1] for name in names if name[0] == "crmkit" and len(name) > 1}
    return parts & PARTS | {name[0] for name in names} & LIBRARIES


def test_importing_crmkit_loads_no_store_and_no_extra() -> None:
    """A program pays for what it uses."""
    assert loaded("import crmkit") == set()


def test_a_crm_in_memory_needs_no_database() -> None:
    """Opening `memory:` loads the door, which reads the metadata of packages, the memory store, and no SQL at all."""
    assert loaded("from crmkit import CRM\nCRM.open('memory:').close()") == {"csv", "pluggy", "plugins", "storage"}


@pytest.mark.parametrize("library", ["csv", "phonenumbers", "rich", "sqlalchemy"])
def test_a_library_that_is_loaded_is_seen(library: str) -> None:
    """The look into a fresh Python finds what it looks for: these are installed here, and yet not loaded above."""
    assert library in loaded(f"import {library}")


def test_a_part_that_is_loaded_is_seen() -> None:
    """As the libraries, the parts of crmkit."""
    assert loaded("import crmkit.testing") >= {"testing"}
