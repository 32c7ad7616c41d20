"""`crmkit migrate`: what it prints and does, and the classes that it is told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmkit.cli import main
from crmkit.cli.classes import classes
from crmkit.core.kernel.errors import Invalid
from crmkit.crm import CRM

MODEL = """
from __future__ import annotations
from attrs import frozen
from crmkit.core.kernel.entity import Entity, entity, extends
from crmkit.core.kernel.ids import Id
from crmkit.core.sales.lead import Lead

@entity("visit")
@frozen(kw_only=True)
class Visit(Entity):
    id: Id[Visit]

@extends(Lead, prefix="acme")
@frozen(kw_only=True)
class AcmeLead:
    level: int = 1

NUMBER = 1
BOTH = [Visit, AcmeLead]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current directory with a database, and with the module of a host."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRMKIT_STORE", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "model_of_a_host.py").write_text(MODEL)
    CRM.open("sqlite:crm.db").close()


@pytest.mark.parametrize(
    "names", [["model_of_a_host:Visit,AcmeLead"], ["model_of_a_host:Visit", "model_of_a_host:BOTH"]]
)
def test_what_is_missing_is_printed_and_added(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run prints the same, and adds nothing."""
    command = ["migrate", "--entities", *names]

    assert main([*command, "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert "CREATE TABLE crm_visit" in planned
    assert "ALTER TABLE crm_lead ADD COLUMN acme_level BIGINT DEFAULT 1 NOT NULL;" in planned
    assert main(["doctor", "--entities", *names]) == 1
    assert "crmkit migrate adds what is missing" in capsys.readouterr().out

    assert main(command) == 0
    assert capsys.readouterr().out == f"{planned}3 statements executed; nothing is missing any more\n"
    assert main(command) == 0
    assert capsys.readouterr().out == "nothing is missing\n"
    assert main(["doctor", "--entities", *names]) == 0


def test_what_cannot_be_added_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With the code of the error, and exit code 1."""
    assert main(["migrate", "--entities", "model_of_a_host:Visit"]) == 0
    capsys.readouterr()

    assert main(["migrate"]) == 1

    assert capsys.readouterr().err.startswith("schema_outdated: the tables crm_* are newer than this program")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelled path is no new database."""
    assert main(["migrate", "--store", "sqlite:other.db"]) == 1

    assert "there is no file other.db" in capsys.readouterr().err
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    "name",
    [
        "model_of_a_host",
        "model_of_a_host:",
        ":Visit",
        "nowhere:Visit",
        "model_of_a_host:Other",
        "model_of_a_host:NUMBER",
    ],
)
def test_what_names_no_class_is_refused(name: str) -> None:
    """With what would be accepted."""
    with pytest.raises(Invalid, match="MODULE:NAME"):
        classes([name])
