"""The store in a folder: the contract of crmkit, and what is its own: it comes back as it was, whatever happened."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve, frozen

from crmkit import CRM
from crmkit.core.kernel.entity import extends
from crmkit.core.kernel.errors import OutcomeUnknown, SchemaOutdated, StoreError
from crmkit.core.sales.lead import Lead
from crmkit.testing import FixedClock, FixedIds
from crmkit.testing.contract import MODEL, StoreContract
from crmkit.testing.machines import CRMContract
from crmkit.testing.machines.crm import Opens, checked_rows
from crmkit_acme.store import JsonLinesStore


class TestStore(StoreContract):
    """Every promise of the port; and whatever a test commits is in the log."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[JsonLinesStore]:
        """A store in a folder."""
        store = JsonLinesStore(tmp_path, MODEL)
        store.create()
        yield store
        store.close()
        again = JsonLinesStore(tmp_path, MODEL)
        again.create()
        again.close()
        assert again._memory._world == store._memory._world


class TestCRM(CRMContract):
    """A whole CRM in a folder."""

    @pytest.fixture
    def opens(self) -> Opens:
        """A CRM in a folder that is empty."""
        return Opened


class Opened:
    """A CRM in a folder of its own, gone with it."""

    def __init__(self, clock: FixedClock, ids: FixedIds) -> None:
        self._folder = TemporaryDirectory()
        self._crm = CRM.open(f"jsonl:{self._folder.name}", clock=clock, ids=ids)

    def __enter__(self) -> CRM:
        return self._crm

    def __exit__(self, *raised: object) -> None:
        self._crm.close()
        self._folder.cleanup()


def opened(folder: Path, **how: Any) -> CRM:
    """The CRM in a folder."""
    return CRM.open(f"jsonl:{folder}", plugins=["acme"], discover=False, **how)


def capture(crm: CRM, topic: str) -> Lead:
    """A lead comes."""
    with crm.transaction() as tx:
        return tx.sales.capture_lead(topic=topic)


def topics(crm: CRM) -> list[str]:
    """Of all leads."""
    with crm.read() as view:
        return [lead.topic for lead in view.of(Lead).find(order=("created_at",))]


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    """Rows, journal, operations, to the last id."""
    with opened(tmp_path, clock=FixedClock(), ids=FixedIds()) as crm:
        capture(crm, "Oil")
        capture(crm, "한빛")
        before = checked_rows(crm)
    with opened(tmp_path, clock=FixedClock()) as crm:
        assert checked_rows(crm) == before


def test_a_line_that_was_being_written_is_not_there(tmp_path: Path) -> None:
    """Wherever it was cut: nobody was told of it; what was told before is there, and goes on."""
    with opened(tmp_path) as crm:
        capture(crm, "Oil")
    log = tmp_path / "crm_log.jsonl"
    whole = log.read_bytes()
    with opened(tmp_path) as crm:
        capture(crm, "Olives")
    line = log.read_bytes()[len(whole) :]
    for cut in {1, 8, 9, 10, len(line) // 2, len(line) - 1}:
        log.write_bytes(whole + line[:cut])
        with opened(tmp_path) as crm:
            assert topics(crm) == ["Oil"]
            capture(crm, "Vinegar")
            assert topics(crm) == ["Oil", "Vinegar"]


def test_damage_in_the_middle_is_named(tmp_path: Path) -> None:
    """Nothing is cut off, and nothing is read around it."""
    with opened(tmp_path) as crm:
        capture(crm, "Oil")
        capture(crm, "Olives")
    log = tmp_path / "crm_log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    damaged = [*lines[:-2], lines[-2].replace(b"Oil", b"Oak"), lines[-1]]
    log.write_bytes(b"".join(damaged))

    with pytest.raises(StoreError, match=f"line {len(lines) - 1} of .* is damaged"):
        opened(tmp_path)
    assert log.read_bytes() == b"".join(damaged)


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    """Neither another one nor this one again; once it is closed, whoever comes."""
    program = "import sys\nfrom crmkit import CRM\nCRM.open(sys.argv[1], plugins=['acme'], discover=False).close()"
    command = [sys.executable, "-c", program, f"jsonl:{tmp_path}"]
    with opened(tmp_path):
        with pytest.raises(StoreError, match="is open already"):
            opened(tmp_path)
        other = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "is open already" in other.stderr

    subprocess.run(command, check=True)


def test_a_disk_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be on the disk or not, and nothing goes on until the file is opened again, which tells."""

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    with opened(tmp_path) as crm:
        capture(crm, "Oil")
        monkeypatch.setattr(os, "fsync", fails)
        with pytest.raises(OutcomeUnknown):
            capture(crm, "Olives")
        monkeypatch.undo()
        with pytest.raises(StoreError, match="open it again"):
            capture(crm, "Vinegar")
        assert topics(crm) == ["Oil"]
    with opened(tmp_path) as crm:
        assert topics(crm) in (["Oil"], ["Oil", "Olives"])


def test_a_killed_process_leaves_what_it_was_told(tmp_path: Path) -> None:
    """Every commit that returned is there, and none in part."""
    program = """
import sys
from crmkit import CRM
crm = CRM.open(sys.argv[1], plugins=["acme"], discover=False)
for number in range(10_000):
    with crm.transaction() as tx:
        tx.sales.capture_lead(topic=str(number))
        tx.customers.add_account(name=str(number))
    print(number, flush=True)
"""
    command = [sys.executable, "-c", program, f"jsonl:{tmp_path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(next(writer.stdout)) for _ in range(30)]
        writer.kill()
        said += map(int, writer.stdout)

    with opened(tmp_path) as crm:
        there = sorted(map(int, topics(crm)))
        assert there == list(range(len(there)))
        assert len(said) <= len(there) <= len(said) + 1
        assert len(checked_rows(crm)["account"]) == len(there)


def test_fields_may_come_and_not_go(tmp_path: Path) -> None:
    """Rows that are there have the defaults of new fields; a log that has more than the program does is refused."""
    with opened(tmp_path) as crm:
        lead = capture(crm, "Oil")

    @extends(Lead, prefix="later")
    @frozen(kw_only=True)
    class Later:
        stars: int = 3

    with opened(tmp_path, extensions=[Later]) as crm, crm.transaction() as tx:
        found = tx.of(Lead).get(lead.id)
        assert found.ext[Later].stars == 3
        tx.revise(evolve(found, ext=found.ext.having(Later(stars=5))))

    with pytest.raises(SchemaOutdated, match="the log has lead.later.stars"):
        opened(tmp_path)
