"""The command line: what it prints, where, and what it answers to the shell."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import zoneinfo
from argparse import ArgumentParser, _SubParsersAction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from crmkit.cli import main
from crmkit.cli.diagram import FLOWS
from crmkit.cli.doctor import resets_the_wal
from crmkit.cli.entry import parser
from crmkit.cli.options import file_of
from crmkit.cli.progress import Bar, watched
from crmkit.cli.report import REPORTS
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.tally import Bucket, Per
from crmkit.core.kernel.values import Phone
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.exchange.kinds import KINDS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"

LEADS = """\
id,firm,origin,when,mail
1,㈜한빛상사,web,2025-03-01 09:30,a@example.com
2,Acme,WEB,2025-03-02,nowhere
3,,,,
4,Beta,phone,2025-06-30 23:30,
"""
COLUMNS = "--map id=key --map firm=company --map origin=source --map when=created --map mail=email".split()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with a file of leads, and no store in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRMKIT_STORE", raising=False)
    (tmp_path / "leads.csv").write_text(LEADS, encoding="utf-8")
    return tmp_path


@pytest.fixture
def imported(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed while the leads were imported into crm.db."""
    assert main(["import", "leads.csv", "--as", "lead", *COLUMNS, "--value", "source:WEB=web"]) == 1
    return capsys.readouterr().out


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The standard output of a command that succeeds and has nothing else to say."""
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def failed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 1) -> str:
    """The standard error of a command that fails and prints no results."""
    assert main(words) == code
    said = capsys.readouterr()
    assert (said.out, "Traceback" in said.err) == ("", False)
    return said.err


def test_no_words_are_a_request_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    """As `--help` is."""
    help_ = printed(capsys, "--help")

    assert printed(capsys) == help_
    assert all(re.search(rf"^    {command}\s", help_, re.MULTILINE) for command in commands())


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """One place knows it."""
    assert printed(capsys, "--version") == f"crmkit {version('crmkit')}\n"


@pytest.mark.parametrize(
    "words",
    ["nonsense", "report", "report nonsense", "diagram account", "import leads.csv", "import --as lead", "doctor x"],
)
def test_a_command_line_without_sense_is_answered_with_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert failed(capsys, *words.split(), code=2).startswith("usage: crmkit")


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--map source", "argument --map: is not of the form COLUMN=FIELD"),
        ("--map =source", "argument --map: is not of the form COLUMN=FIELD"),
        ("--map a=key --map b=key", "argument --map: key is given twice"),
        ("--set source", "argument --set: is not of the form FIELD=VALUE"),
        ("--value source=web", "argument --value: is not of the form FIELD:FROM=TO"),
        ("--value source:web", "argument --value: is not of the form FIELD:FROM=TO"),
        ("--value source:a=b --value source:a=c", "argument --value: source:a is given twice"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_a_matter_of_usage(
    option: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option is named, and nothing is opened."""
    assert says in failed(capsys, "import", "leads.csv", "--as", "lead", *option.split(), code=2)
    assert not Path("crm.db").exists()


def test_an_error_is_one_line_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs read the code, people the rest."""
    assert failed(capsys, "report", "funnel", "--store", "postgres:x") == (
        "invalid: url: got the text 'postgres:' and something behind it (accepted: memory:, sqlite:PATH, "
        "postgresql://USER:PASSWORD@HOST/DATABASE or mariadb://USER:PASSWORD@HOST/DATABASE, or what a plugin opens)\n"
    )


# import


def test_an_import_says_what_became_of_the_lines(imported: str) -> None:
    """How many did what, each reason with its lines, and how the rejected ones can be had."""
    assert imported.startswith("leads.csv: 4 read, 3 created, 1 rejected\n\nlines  were ")
    assert re.search(r"^ +1  rejected  topic: .* 4$", imported, re.MULTILINE)
    assert re.search(r"^ +1  noted     email: .* 3$", imported, re.MULTILINE)
    assert re.search(r"^ +1  mapped    source: «WEB»$", imported, re.MULTILINE)
    assert imported.endswith("can be written to a file with --rejected; put right, they can be imported again.\n")


def test_nothing_rejected_is_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and no word about rejected lines."""
    Path("good.csv").write_text("key,topic\n1,Oil\n2,Gas\n")

    assert printed(capsys, "import", "good.csv", "--as", "lead") == "good.csv: 2 read, 2 created\n"
    assert printed(capsys, "import", "good.csv", "--as", "lead") == "good.csv: 2 read, 2 unchanged\n"


def test_a_column_that_nothing_reads_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """With the field that it is nearest to, if there is one; one without a name is no column."""
    Path("good.csv").write_text("Key,topic,emial,shoe size,\n1,Oil,a@b.kr,43,\n")

    assert printed(capsys, "import", "good.csv", "--as", "lead").splitlines() == [
        "good.csv: 1 read, 1 created",
        "column «Key» is not read; did you mean key?",
        "column «emial» is not read; did you mean email?",
        "column «shoe size» is not read",
    ]


def test_rejected_lines_are_put_right_and_imported_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The file of rejected lines has the columns of the first one."""
    words = ["--as", "lead", *COLUMNS, "--value", "source:WEB=web", "--rejected", "again.csv"]
    assert main(["import", "leads.csv", *words]) == 1
    assert "The rejected lines are in again.csv;" in capsys.readouterr().out

    text = Path("again.csv").read_text(encoding="utf-8")
    Path("right.csv").write_text(text.replace(",3,,,,", ",3,Gamma,,,"), encoding="utf-8")

    assert printed(capsys, "import", "right.csv", *words).startswith("right.csv: 1 read, 1 created\n")


def test_columns_words_constants_zone_and_dates_reach_the_records(capsys: pytest.CaptureFixture[str]) -> None:
    """Every option of reading does something."""
    Path("odd.csv").write_text("a=b;when;origin\nOil;31/03/2025 09:00;x=y\n", encoding="utf-16")

    words = "--map a=b=topic --map when=created --map origin=source --value source:x=y=web --set country=KR".split()
    words += ["--zone", "Asia/Seoul", "--date", "%d/%m/%Y %H:%M", "--encoding", "utf-16", "--delimiter", ";"]
    printed(capsys, "import", "odd.csv", "--as", "lead", *words)

    with CRM.open("sqlite:crm.db") as crm, crm.transaction() as tx:
        lead = tx.of(Lead).find()[0]
        assert (lead.topic, lead.source, lead.created_at.isoformat()) == ("Oil", "web", "2025-03-31T00:00:00+00:00")
        assert lead.address is not None
        assert lead.address.country == "KR"


@pytest.mark.parametrize(
    ("content", "words", "says"),
    [
        ("key,topic\n1,올리브\n".encode("cp949"), "", "encoding: odd.csv is not utf-8-sig"),
        (b"key,topic\n1,Oil\n", "--encoding klingon", "encoding: got the text 'klingon'"),
        (b"key,topic,topic\n1,Oil,Gas\n", "", "file: odd.csv has the column «topic» twice"),
        (b"", "", "file: odd.csv is empty"),
        (b"key,topic\n1,Oil\n", "--map subject=topic", "columns.topic: the file has no column «subject»"),
        (b"key,topic\n1,Oil\n", "--map topic=topik", "columns: there is no field «topik»"),
        (b"key,topic\n1,Oil\n", "--zone Asia/Soul", "zone: "),
    ],
)
def test_a_file_that_cannot_be_imported_leaves_no_database(
    content: bytes, words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Encoding, header and mapping are looked at before there is a store."""
    Path("odd.csv").write_bytes(content)

    assert failed(capsys, "import", "odd.csv", "--as", "lead", *words.split()).startswith(f"invalid: {says}")
    assert not Path("crm.db").exists()


def test_a_file_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named."""
    assert failed(capsys, "import", "none.csv", "--as", "lead").startswith("invalid: file: none.csv cannot be read")
    words = ("import", "leads.csv", "--as", "lead", "--rejected", "none/x.csv")
    assert failed(capsys, *words).startswith("invalid: rejected: none/x.csv cannot be written")
    assert not Path("crm.db").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_one_line() -> None:
    """Code and cause, and nothing behind it at exit."""
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-c", "import sys; from crmkit.cli import main; sys.exit(main(['diagram', 'lead']))"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "os_error: [Errno 28] No space left on device\n")


# imports, and taking them back


def runs(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What is told of the imports there were."""
    told: list[dict[str, Any]] = json.loads(printed(capsys, "imports", "--json"))
    return told


def test_imports_are_listed(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table and as JSON, the latest last."""
    Path("good.csv").write_text("key,topic\n1,Oil\n9,Gas\n")
    printed(capsys, "import", "good.csv", "--as", "lead", "--rejected", "again.csv")

    first, second = runs(capsys)
    assert (first["file"], first["kind"], first["status"], first["rejects"]) == ("leads.csv", "lead", "ended", None)
    assert [first[effect] for effect in ("created", "revised", "unchanged", "rejected")] == [3, 0, 0, 1]
    assert [second[effect] for effect in ("created", "revised", "unchanged", "rejected")] == [1, 1, 0, 0]
    assert second["rejects"] == str(Path("again.csv").resolve())
    lines = printed(capsys, "imports").splitlines()
    assert lines[0].split() == list(first)
    assert [line.split()[:2] for line in lines[2:]] == [[each["id"], each["file"]] for each in (first, second)]


def test_no_imports_are_said_to_be_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A store without them is nothing wrong, one that is not there is."""
    assert failed(capsys, "imports").startswith("store_error: there is no file crm.db")
    CRM.open("sqlite:crm.db").close()
    assert printed(capsys, "imports") == "nothing was imported\n"
    assert runs(capsys) == []


def test_an_import_is_taken_back_once(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, and what becomes of its records is said."""
    (run,) = runs(capsys)
    assert printed(capsys, "undo", run["id"]) == "leads.csv: taken back, 3 removed\n"

    assert runs(capsys)[0]["status"] == "undone"
    with CRM.open("sqlite:crm.db") as crm, crm.read() as view:
        assert view.of(Lead).count() == 0
    assert failed(capsys, "undo", run["id"]).startswith("illegal_move: an undone import_run cannot be taken back")
    assert failed(capsys, "undo", "leads.csv").startswith("invalid: run: got the text 'leads.csv'")
    assert failed(capsys, "undo", run["id"][:-4] + "0000").startswith("not_found: ")


# export and erase


@pytest.fixture
def people(capsys: pytest.CaptureFixture[str]) -> Path:
    """Two leads in crm.db, and the file of lines that were rejected beside them."""
    Path("people.csv").write_text(
        "key,topic,person,email\nL1,Oil,Ann Smith,ann@example.com\nL2,Gas,Bo Berg,bo@example.com\n"
        "L3,,Ann Smith,,\nL4,,Bo Berg,,\n"
    )
    assert main(["import", "people.csv", "--as", "lead", "--rejected", "again.csv"]) == 1
    capsys.readouterr()
    return Path("again.csv")


@pytest.mark.usefixtures("people")
def test_an_export_is_that_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    """By id or by key, printed or written to a file."""
    with CRM.open("sqlite:crm.db") as crm, crm.read() as view:
        lead = view.of(Lead).find(order=("key",))[0]
        told = view.privacy.export(lead)
    told["at"] = None

    for word in (str(lead.id), "lead:L1"):
        assert {**json.loads(printed(capsys, "export", word)), "at": None} == told
    assert printed(capsys, "export", "lead:L1", "--out", "ann.json") == ""
    assert {**json.loads(Path("ann.json").read_text(encoding="utf-8")), "at": None} == told


def test_an_erasure_reaches_store_and_files(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If it is meant; a file that cannot be cleaned makes the exit code 1."""
    before = people.read_bytes()
    assert failed(capsys, "erase", "lead:L1") == (
        "refused: erasing lead:L1 is refused: it cannot be undone; --yes says that it is meant\n"
    )
    assert (people.read_bytes(), "ann@example.com" in printed(capsys, "export", "lead:L1")) == (before, True)

    assert printed(capsys, "erase", "lead:L1", "--yes").splitlines() == [
        "erased: 1 records, 1 events, 0 keys",
        f"{people.resolve()}: 1 lines erased",
    ]
    assert "Ann" not in people.read_text()
    assert "L4,,Bo Berg,," in people.read_text()
    assert "ann@example.com" not in printed(capsys, "export", "lead:L1")

    people.write_text("something else\n")
    assert main(["erase", "lead:L2", "--yes"]) == 1
    assert f"{people.resolve()} holds something else" in capsys.readouterr().out


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("command", [["export"], ["erase", "--yes"]])
def test_who_is_not_there_is_said(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """And what a person can be called."""
    nobody = "01a213b8-fe9b-77a0-9d44-c12a270232db"
    assert failed(capsys, *command, nobody) == f"not_found: there is no lead or contact {nobody}\n"
    assert failed(capsys, *command, "contact:L1") == "not_found: there is no contact with the key «L1»\n"
    assert failed(capsys, *command, "Ann").startswith("invalid: record: got the text 'Ann'")
    assert "accepted: a UUID, or lead:KEY or contact:KEY" in failed(capsys, *command, "account:L1")
    assert failed(capsys, *command, nobody, "--store", "sqlite:none.db").startswith("store_error: there is no file")


# report


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_prints_what_the_library_does(name: str, imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, and as JSON."""
    with CRM.open("sqlite:crm.db") as crm, crm.transaction() as tx:
        figures: Figures = getattr(tx.insights, name)()

    assert printed(capsys, "report", name) == f"{figures}\n"
    assert json.loads(printed(capsys, "report", name, "--json")) == figures.to_json()


def test_a_report_is_grouped_by_a_path_or_by_time(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Days begin where `--zone` says."""
    by_source = json.loads(printed(capsys, "report", "funnel", "--by", "source", "--json"))
    months = json.loads(printed(capsys, "report", "funnel", "--by", "created_at:month", "--json"))
    in_seoul = printed(capsys, "report", "funnel", "--by", "created_at:month", "--zone", "Asia/Seoul", "--json")

    assert [row[:2] for row in by_source["rows"]] == [["phone", 1], ["web", 2]]
    assert [row[:2] for row in months["rows"]] == [["2025-03-01", 2], ["2025-06-01", 1]]
    assert [row[:2] for row in json.loads(in_seoul)["rows"]] == [["2025-03-01", 2], ["2025-07-01", 1]]


def test_an_unknown_bucket_is_a_matter_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The widths there are stand in the message."""
    said = failed(capsys, "report", "funnel", "--by", "created_at:decade", code=2)

    assert "got 'decade' for the width of a bucket, accepted: day, week, month, quarter, year" in said


def test_an_unknown_path_is_an_error(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the nearest one there is."""
    assert "criteria_error: lead has no «sorce» (did you mean source?)" in failed(
        capsys, "report", "funnel", "--by", "sorce"
    )


def test_an_unknown_zone_is_an_error(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is counted in the wrong days."""
    assert failed(capsys, "report", "funnel", "--zone", "Asia/Soul").startswith("invalid: zone:")


def test_a_report_makes_no_database(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped path is an error, not an empty CRM."""
    said = failed(capsys, "report", "funnel", "--store", "sqlite:cmr.db")

    assert said.startswith("store_error: there is no file cmr.db")
    assert not Path("cmr.db").exists()


def test_the_environment_names_the_store(
    imported: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option goes before it."""
    count = "[\n      3,"
    Path("crm.db").rename("other.db")
    monkeypatch.setenv("CRMKIT_STORE", "sqlite:other.db")

    assert count in printed(capsys, "report", "funnel", "--json")
    assert count not in printed(capsys, "report", "funnel", "--json", "--store", "memory:")


# diagram


@pytest.mark.parametrize("kind", FLOWS)
def test_a_diagram_is_that_of_the_flow(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Mermaid, or Markdown."""
    assert printed(capsys, "diagram", kind) == f"{FLOWS[kind].mermaid()}\n"
    assert printed(capsys, "diagram", kind, "--table") == f"{FLOWS[kind].table()}\n"
    assert "stateDiagram-v2" in FLOWS[kind].mermaid()


# doctor


def findings(text: str) -> dict[str, str]:
    """What the doctor found, by what."""
    return {line[:16].strip(): line[17:] for line in text.splitlines()}


def test_the_doctor_names_versions_extras_and_stores(capsys: pytest.CaptureFixture[str]) -> None:
    """What a report of a bug should have in it."""
    found = findings(printed(capsys, "doctor", "--store", "memory:"))

    assert list(found) == [
        *("crmkit", "Python", "SQLAlchemy", "attrs", "SQLite", "time zones"),
        *("extra cli", "extra phone", "extra migrations", "extra testing", "extra postgres", "extra mariadb"),
        *("plugins", "stores", "store"),
    ]
    assert found["crmkit"] == version("crmkit")
    assert found["SQLAlchemy"] == version("SQLAlchemy")
    assert found["SQLite"].startswith(sqlite3.sqlite_version)
    assert ("warning" in found["SQLite"]) == resets_the_wal(sqlite3.sqlite_version_info)
    assert found["store"] == "memory: opens"


@pytest.mark.usefixtures("imported")
def test_the_doctor_warns_of_phone_numbers_that_two_rules_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A machine with an extra and one without do not disagree in silence."""
    with CRM.open("sqlite:crm.db") as crm, crm.transaction() as tx:
        tx.customers.add_account(name="Hanbit", phone="010-1234-5678")
    assert findings(printed(capsys, "doctor"))["store"] == "sqlite:crm.db opens"

    with CRM.open("sqlite:crm.db") as crm, crm.transaction() as tx:
        tx.customers.add_contact(name="Kim", phone=Phone(written="010", number="+821012345678", rule="acme/1"))
    said = findings(printed(capsys, "doctor"))["store"]
    assert said.startswith("sqlite:crm.db opens (warning: phone numbers are kept as acme/1 and digits/1 read them")


def test_the_doctor_opens_a_database(imported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0."""
    assert findings(printed(capsys, "doctor"))["store"] == "sqlite:crm.db opens"


def test_the_doctor_makes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a file, nor tables in a file that has others."""
    sqlite3.connect("host.db").execute("CREATE TABLE crm_notes (id)").connection.close()
    for path in ("new.db", "host.db"):
        found = findings(printed(capsys, "doctor", "--store", f"sqlite:{path}"))

        assert found["store"] == f"sqlite:{path} has no CRM yet; what is written first makes one"
    assert not Path("new.db").exists()
    database = sqlite3.connect("host.db")
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("crm_notes",)]
    database.close()


@pytest.mark.parametrize(
    ("store", "finding"),
    [
        ("sqlite:leads.csv", "sqlite:leads.csv does not open: store_error: "),
        ("sqlite:no/folder/crm.db", "sqlite:no/folder/crm.db cannot be made: there is no folder no/folder"),
        ("sqlite::memory:", "sqlite::memory: does not open: invalid: "),
        ("oracle:x", "oracle:x does not open: invalid: "),
    ],
)
def test_a_store_that_does_not_open_is_a_finding(store: str, finding: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, with everything else the doctor has to say."""
    before = sorted(Path().iterdir())

    assert main(["doctor", "--store", store]) == 1
    assert findings(capsys.readouterr().out)["store"].startswith(finding)
    assert sorted(Path().iterdir()) == before


def test_the_doctor_knows_which_sqlite_may_do_damage() -> None:
    """Both sides of every boundary."""
    harmless = [(3, 6, 23), (3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 52, 0)]
    harmful = [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 45, 0), (3, 50, 6), (3, 51, 2)]

    assert [release for release in harmless + harmful if resets_the_wal(release)] == harmful


def test_the_doctor_knows_where_time_zones_come_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The package where the machine has none; the machine's with or without its version."""
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    assert findings(printed(capsys, "doctor", "--store", "memory:"))["time zones"] == (
        f"{version('tzdata')}, from the package tzdata"
    )

    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path / "none"), str(tmp_path)))
    (tmp_path / "UTC").touch()
    assert findings(printed(capsys, "doctor", "--store", "memory:"))["time zones"] == (
        f"of an unknown version, from {tmp_path}"
    )
    (tmp_path / "tzdata.zi").write_text("# version 2025b\n")
    assert findings(printed(capsys, "doctor", "--store", "memory:"))["time zones"] == f"2025b, from {tmp_path}"


def test_the_doctor_says_how_a_missing_extra_is_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line can be pasted."""
    monkeypatch.setattr("crmkit.cli.doctor.EXTRAS", {"cli": "no-such-package"})

    found = findings(printed(capsys, "doctor", "--store", "memory:"))

    assert found["extra cli"] == "not installed: pip install 'crmkit[cli]'"


# progress


class Terminal:
    """A standard error that somebody watches."""

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return True


def test_somebody_who_watches_sees_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On the standard error, out of the way of what is said, and gone in the end."""
    pytest.importorskip("rich")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with watched("Importing") as bar:
        bar(1500)
        bar.say("half")
        bar(3000)

    assert capsys.readouterr().out == "half\n"
    assert "Importing" in terminal.written
    assert "3,000 lines" in terminal.written
    assert terminal.written.endswith(("\x1b[2K", "\x1b[?25h"))


def test_without_rich_there_is_no_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else is as it was."""
    terminal = Terminal()
    for name in ("rich", "rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "stderr", terminal)
    with watched("Importing") as bar:
        bar(1)
        bar.say("half")

    assert (capsys.readouterr().out, terminal.written) == ("half\n", "")
    assert main(["import", "leads.csv", "--as", "lead", *COLUMNS]) == 1
    assert terminal.written == ""


def test_nobody_watching_means_no_bar() -> None:
    """Log files stay clean."""
    with watched("Importing") as bar:
        assert bar == Bar()


# the process


def process(*words: str, **environment: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    program = f"import sys; from crmkit.cli import main; sys.exit(main({list(words)!r}))"
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


def test_a_reader_that_leaves_is_no_error() -> None:
    """`crmkit ... | head` says nothing but what head lets through."""
    with process("diagram", "lead") as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_a_name_without_letters_in_the_terminal_is_escaped(imported: str) -> None:
    """A report for an ASCII terminal is a report."""
    with process("report", "funnel", "--by", "company", PYTHONIOENCODING="ascii") as running:
        out, err = running.communicate()

    assert (running.returncode, err) == (0, b"")
    assert "㈜한빛상사".encode("ascii", "backslashreplace") in out


def test_an_interruption_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C, as shells count signals."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crmkit.cli.import_file.import_csv", interrupted)

    assert failed(capsys, "import", "leads.csv", "--as", "lead", code=130) == ""


def test_help_needs_neither_database_nor_rich() -> None:
    """What takes long to load is loaded by the commands that need it."""
    heavy = ("sqlalchemy", "rich", "phonenumbers", "crmkit.cli.demo", "crmkit.storage")
    loaded = f"print([name for name in {heavy} if name in sys.modules])"
    program = f"import sys; from crmkit.cli import main; main(['--help']); {loaded}"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said.endswith("\n[]\n")


# demo


def test_the_demo_gets_a_fresh_database_in_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of an earlier demo is replaced, with what SQLite keeps beside it; all else stays."""
    given: dict[str, Any] = {}
    monkeypatch.setattr("crmkit.cli.demo.run", lambda **options: given.update(options))
    Path("out").mkdir()
    for name in ("demo.db", "demo.db-wal", "demo.db-shm", "mine.db", "demo.db.copy"):
        (Path("out") / name).touch()

    assert main(["demo"]) == 0
    assert (given["data"], given["store"], given["out"]) == (None, "sqlite:out/demo.db", Path("out"))
    assert sorted(path.name for path in Path("out").iterdir()) == ["demo.db.copy", "mine.db"]


def test_the_demo_takes_a_folder_a_store_and_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is named is used as it is."""
    given: dict[str, Any] = {}
    monkeypatch.setattr("crmkit.cli.demo.run", lambda **options: given.update(options))
    Path("demo.db").touch()

    assert main("demo --data x --store sqlite:demo.db --out .".split()) == 0
    assert (given["data"], given["store"], given["out"]) == (Path("x"), "sqlite:demo.db", Path())
    assert Path("demo.db").exists()


def test_a_place_where_the_demo_cannot_write_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, and so is the option."""
    said = failed(capsys, "demo", "--out", "leads.csv/out")

    assert said.startswith("store_error: leads.csv/out/demo.db cannot be made")
    assert "--out" in said


# the reference page


def commands() -> dict[str, ArgumentParser]:
    """The parser of each command."""
    found = next(action for action in parser()._actions if isinstance(action, _SubParsersAction))
    return dict(found.choices)


def sections() -> dict[str, str]:
    """The page, by its headings."""
    found = re.split(r"^## (.+)$", REFERENCE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def test_the_reference_has_every_command() -> None:
    """And none that there is not."""
    assert [title for title in sections() if title.startswith("crmkit ")] == [f"crmkit {name}" for name in commands()]


@pytest.mark.parametrize("command", commands())
def test_the_reference_has_every_option(command: str) -> None:
    """In the first column of its table, with the word for its value, and no other."""
    actions = [action for action in commands()[command]._actions if action.dest != "help"]
    words = {"kind": "KIND", "figures": "FIGURES"}
    meant = {
        " ".join([*action.option_strings, *([str(action.metavar or words[action.dest])] if action.nargs != 0 else [])])
        for action in actions
    }

    assert set(re.findall(r"^\| `([^`]+)` \|", sections()[f"crmkit {command}"], re.MULTILINE)) == meant


@pytest.mark.parametrize(("section", "values"), [("import", KINDS), ("report", REPORTS), ("diagram", FLOWS)])
def test_the_reference_has_every_choice(section: str, values: dict[str, object]) -> None:
    """What can be imported, reported and drawn."""
    assert all(f"`{value}`" in sections()[f"crmkit {section}"] for value in values)


def test_files_are_told_from_urls() -> None:
    """As `open_store` reads them."""
    for url in ("sqlite:a/b.db", "sqlite:///a/b.db"):
        assert file_of(url) == Path("a/b.db")
    assert file_of("sqlite:////a/b.db") == Path("/a/b.db") == file_of("sqlite:/a/b.db")
    assert file_of("memory:") is None


def test_buckets_have_the_widths_of_the_library() -> None:
    """Every one of them can be asked for."""
    for per in Per:
        asked = parser().parse_args(["report", "funnel", "--by", f"created_at:{per}"])
        assert asked.by == Bucket("created_at", per)
