"""Erasing a person reaches the files of rejected lines, on every store; the lines of others stay as they are."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.crms import opened, plugged

from crmkit import ALWAYS, CRM, NEVER
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.particulars import Particulars
from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.errors import Invalid, NotFound
from crmkit.core.kernel.values import Email
from crmkit.core.sales.lead import Lead
from crmkit.exchange import rewriting
from crmkit.exchange.erasing import Cleaned, Forgotten, cleaned, erase_person
from crmkit.exchange.importer import import_csv

HEADER = "key,topic,person,email,phone,note\n"
#: Each line has a cell more than the header, which is what it is rejected for.
OTHERS = 'L5,,"Bo, Berg",bo@example.com,,"two\nlines",\nL6,,Ann,joann@example.com,917654321,,\n'
REJECTED = (
    "L2,,Ann Smith,,,,\n"
    "L3,,,,,ask ANN@example.com,\n"
    "L4,,,,0034 917 654 321,,\n"
    'L7,,"Smith, Ann",broken(at)example.com,,,\n'
    "L8,,,ann.older@example.com,,,\n"
)


def captured(crm: CRM) -> Lead:
    """Ann, who had another address before."""
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(
            topic="Oil", person="Ann Smith", email="ann.older@example.com", phone="+34 917 654 321", key="L1"
        )
    with crm.transaction() as tx:
        tx.revise(evolve(lead, email=Email.of("ann@example.com")))
    return lead


def rejects(crm: CRM, path: Path, lines: str) -> bytes:
    """A file of these lines, which were all rejected."""
    import_csv(crm, StringIO(HEADER + lines), kind="lead", rejected=path)
    return path.read_bytes()


def forgotten(crm: CRM, lead: Lead) -> Forgotten:
    """What erasing did."""
    return crm.run(None, lambda tx: erase_person(tx, tx.of(Lead).get(lead.id)))


def test_lines_about_the_person_are_gone_and_others_as_they_were(crm: CRM, tmp_path: Path) -> None:
    """In all files that imports have written and that are there, also of runs that were taken back or broke off."""
    lead, one, two, three = captured(crm), *(tmp_path / f"{name}.csv" for name in ("one", "two", "three"))
    right = rejects(crm, one, OTHERS)
    rejects(crm, one, REJECTED + OTHERS)
    rejects(crm, two, REJECTED)
    rejects(crm, three, OTHERS)
    three.unlink()
    with crm.transaction() as tx:
        tx.sales.qualify(lead.id)
        for run in tx.of(ImportRun).find():
            tx.imports.undo(run.id)

    told = forgotten(crm, lead)

    assert told.files == (Cleaned(path=one, lines=5), Cleaned(path=two, lines=5))
    assert told.erased.records == 2
    kept = one.read_bytes()
    lines = [line.split(b",", 1)[1] for line in right.splitlines()[1:]]
    assert [line.split(b",", 1)[1] for line in kept.splitlines()[1:]] == lines
    assert two.read_text().count("\n") == 1
    assert crm.replay()
    with crm.read() as view:
        assert view.privacy.particulars(view.of(Lead).get(lead.id)) == Particulars()


def test_what_is_left_can_be_imported_again(crm: CRM, tmp_path: Path) -> None:
    """A cleaned file is a file of rejects, and an import that goes on appends to it."""
    lead, path = captured(crm), tmp_path / "rejected.csv"

    def erase(read: int) -> None:
        if read == 2:
            assert forgotten(crm, lead).files == (Cleaned(path=path, lines=1),)

    text = f"{HEADER}L2,,Ann Smith,,,,\nL3,,Bo Berg,,,,\nL4,,Cy Cole,,,,\n"
    import_csv(crm, StringIO(text), kind="lead", batch=2, rejected=path, progress=erase)

    assert [line.partition(",L")[2] for line in path.read_text().splitlines()[1:]] == [
        "3,,Bo Berg,,,,",
        "4,,Cy Cole,,,,",
    ]
    mended = StringIO(path.read_text().replace(",,,,", ",,,"))
    assert import_csv(crm, mended, kind="lead", rejected=path).created == 2
    assert not path.exists()


def test_an_import_that_goes_on_loses_no_line(tmp_path: Path) -> None:
    """The file is replaced in the middle of a batch; what comes is written to the one that stands there then."""
    path, heard = tmp_path / "rejected.csv", list[int]()
    about = Particulars(emails=frozenset({"bo@example.com"}))
    lines = ["L0,,,bo@example.com,,", *(f"L{number},,,c{number}@example.com,," for number in range(1, 400))]

    def listen(_: object) -> None:
        heard.append(1)
        if len(heard) == 300:
            assert cleaned(path, about) == Cleaned(path=path, lines=1)

    with opened("memory", tmp_path) as crm:
        source = StringIO(HEADER + "\n".join(lines))
        done = import_csv(crm, source, kind="lead", rejected=path, listen=listen, batch=200)

    assert done.rejected == 400
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == [str(at) for at in range(3, 402)]


def test_a_file_that_cannot_be_cleaned_is_told(crm: CRM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is erased all the same, and the file is as it was."""
    lead, paths = captured(crm), [tmp_path / f"{name}.csv" for name in ("a", "b", "c")]
    for path in paths:
        rejects(crm, path, REJECTED)
    paths[0].write_text("something of somebody else, Ann Smith\n")
    paths[1].unlink()
    paths[1].mkdir()

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(rewriting, "NamedTemporaryFile", refuse)
    before = paths[2].read_bytes()
    told = forgotten(crm, lead)

    assert [(file.path, file.lines) for file in told.files] == [(path, 0) for path in paths]
    assert [file.problem for file in told.files] == [
        f"{paths[0]} holds something else",
        "Is a directory",
        "Permission denied",
    ]
    assert (paths[0].read_text(), paths[2].read_bytes()) == ("something of somebody else, Ann Smith\n", before)
    with crm.read() as view:
        assert view.of(Lead).get(lead.id).person is None


def test_who_may_not_erase_changes_no_file(tmp_path: Path) -> None:
    """Nor does an erasure that is refused; one that is allowed reaches files of runs that the actor does not see."""

    def rule(actor: Any, cls: type[Any]) -> Any:
        return NEVER if cls is ImportRun or (cls is Contact and actor.name == "Bo") else ALWAYS

    path = tmp_path / "rejected.csv"
    with plugged("memory", tmp_path, access={"acme": rule}) as crm:
        lead, before = captured(crm), rejects(crm, path, REJECTED)
        with crm.transaction() as tx:
            tx.sales.qualify(lead.id)
            bo, kim = tx.people.add_user(name="Bo"), tx.people.add_user(name="Kim")
        with pytest.raises(NotFound), crm.transaction(bo) as tx:
            erase_person(tx, lead)
        with pytest.raises(Invalid, match="cause"), crm.transaction(cause="Ann Smith asked") as tx:
            erase_person(tx, lead)
        assert path.read_bytes() == before

        with crm.transaction(kim) as tx:
            assert erase_person(tx, lead).files == (Cleaned(path=path, lines=5),)


def test_a_store_without_imports_has_no_files(tmp_path: Path) -> None:
    """Erasing is what it is without them."""
    with opened("memory", tmp_path) as crm:
        lead = captured(crm)
        import_csv(crm, StringIO(HEADER + REJECTED), kind="lead")
        assert forgotten(crm, lead).files == ()
