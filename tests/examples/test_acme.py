"""The example plugin: a package of its own, installed by pip, found by its entry point, and true to its own tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.packages import crmkit, install, own_tests

from crmkit.plugins.gate import HOOKS

ACME = Path(__file__).parents[2] / "examples" / "crmkit-acme"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it, for what is built and cached is no part of the example."""
    return Path(shutil.copytree(ACME, tmp_path_factory.mktemp("acme") / "crmkit-acme"))


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment that has it."""
    return install(package, tmp_path_factory.mktemp("site"))


def test_it_is_found_with_all_that_it_implements(installed: dict[str, str], tmp_path: Path) -> None:
    """By its entry point, in whatever program opens a CRM; it uses every hook there is."""
    told = json.loads(crmkit(installed, tmp_path, "plugins", "--json"))
    (acme,) = (plugin for plugin in told if plugin["name"] == "acme")

    assert (acme["state"], acme["problem"]) == ("loaded", "")
    assert {each.partition(":")[0] for each in acme["provides"]} == set(HOOKS)


def test_its_own_tests_pass(installed: dict[str, str], package: Path) -> None:
    """The contract on its store, the life of its visits, and what it holds of leads."""
    assert " passed" in own_tests(installed, package)


def test_its_store_is_small() -> None:
    """The port can be implemented in under 300 lines."""
    modules = [ACME / "src" / "crmkit_acme" / name for name in ("store.py", "log.py", "said.py")]

    assert sum(len(module.read_text(encoding="utf-8").splitlines()) for module in modules) < 300
