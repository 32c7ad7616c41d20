"""`crmkit plugins`: what it prints, and how a plugin is kept out on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmkit.cli import main
from crmkit.plugins.discovery import Candidate


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package whose plugin is broken, and a current directory of its own."""

    def load() -> object:
        raise ImportError("no module named pandas")

    broken = Candidate(name="broken", origin="broken:plugin of broken", version="2.0", load=load)
    monkeypatch.setattr("crmkit.plugins.loading.installed", lambda: iter((broken,)))
    monkeypatch.delenv("CRMKIT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_plugin_that_failed_is_printed_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside those of crmkit; the exit code says that something is wrong."""
    assert main(["plugins"]) == 1

    printed = capsys.readouterr().out
    assert "crmkit.records" in printed
    assert "failed: cannot be imported: ImportError: no module named pandas" in printed


def test_plugins_are_printed_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that are disabled."""
    assert main(["plugins", "--json", "--disable", "broken"]) == 0

    states = {each["name"]: each["state"] for each in json.loads(capsys.readouterr().out)}
    assert states == {"crmkit.records": "loaded", "crmkit.stores": "loaded", "broken": "disabled"}


def test_the_doctor_names_a_plugin_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    """It says where the reason is to be had; a broken plugin is no broken store."""
    assert main(["doctor", "--store", "memory:"]) == 0
    assert "2 loaded, failed: broken (crmkit plugins says why)" in capsys.readouterr().out

    assert main(["doctor", "--store", "memory:", "--disable", "broken"]) == 0
    assert "broken" not in capsys.readouterr().out
