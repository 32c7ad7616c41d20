"""A CSV file without some records: what stays is byte for byte what it was, and a failure leaves all of it."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.csv_file import Line
from crmkit.exchange.note import refused
from crmkit.exchange.rejects import Rejects
from crmkit.exchange.rewriting import without

CELLS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
RECORDS = st.lists(st.tuples(st.booleans(), st.lists(CELLS, min_size=1, max_size=3)), max_size=8)


def gone(cells: list[str]) -> bool:
    """What these files say of the records that are to go."""
    return cells[:1] == ["x"]


@given(records=RECORDS, ends=st.sampled_from(["\n", "\r\n", "\r"]), last=st.sampled_from(["ended", "open"]))
def test_what_stays_is_byte_for_byte(records: list[tuple[bool, list[str]]], ends: str, last: str) -> None:
    """Quotes, line breaks in cells, blank lines and a last line without an end."""

    def written(cells: list[str]) -> bytes:
        return (",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + ends).encode()

    header, parts = written(["x", "a"]), [(goes, written([("x" if goes else "y"), *cells])) for goes, cells in records]
    whole = header + b"".join(part for _, part in parts)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(whole if last == "ended" else whole[: -len(ends)])
        assert without(path, gone) == sum(goes for goes, _ in parts)

        right = header + b"".join(part for goes, part in parts if not goes)
        cut = last == "open" and not (parts and parts[-1][0])
        assert path.read_bytes() == (right[: -len(ends)] if cut else right)
        assert [each.name for each in Path(folder).iterdir()] == ["rows.csv"]


def test_bytes_that_are_no_text_stay(tmp_path: Path) -> None:
    """And so do the rights of the file."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\ny,\xff\xfe\nx,1\n\ny\0,2")
    path.chmod(0o640)

    assert without(path, gone) == 1
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"a,b\ny,\xff\xfe\n\ny\0,2", 0o640)


def test_where_nothing_goes_nothing_is_written(tmp_path: Path) -> None:
    """The file is the same one."""
    path = tmp_path / "rows.csv"
    path.write_text("x\ny\n")
    before = path.stat()

    assert without(path, gone) == 0
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_came_meanwhile_is_looked_at_too(tmp_path: Path) -> None:
    """An import that goes on writing loses no line, and none about the person stays."""
    path = tmp_path / "rows.csv"
    path.write_text("a\nx\ny\n")
    coming = ["z\nx\n"]

    def asked(cells: list[str]) -> bool:
        if coming:
            with path.open("a") as stream:
                stream.write(coming.pop())
        return gone(cells)

    assert without(path, asked) == 2
    assert path.read_text() == "a\ny\nz\n"


@pytest.mark.skipif(sys.platform == "win32", reason="what somebody has open cannot be replaced there")
def test_who_writes_while_it_is_replaced_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And then writes to the new one; not to the old one, which nobody finds any more."""
    path, replace = tmp_path / "rows.csv", Path.replace
    rejects = Rejects(path, ["key"])
    rejects.add(Line(2, {}, ("x",)), refused(2, Invalid("key", "is odd")))
    rejects.close()
    rejects.add(Line(3, {}, ("y",)), refused(3, Invalid("key", "is odd")))
    writing = Thread(target=rejects.close)

    def replaced(self: Path, target: Path) -> Path:
        writing.start()
        writing.join(0.2)  # enough for who does not wait
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    assert without(path, lambda cells: cells[-1] == "x") == 1
    writing.join()
    assert path.read_text() == "rejected_line,rejected_because,key\n3,key: is odd,y\n"


def test_a_file_that_never_rests_is_left_alone(tmp_path: Path) -> None:
    """It is said, after some tries."""
    path = tmp_path / "rows.csv"
    path.write_text("a\nx\n")

    def asked(cells: list[str]) -> bool:
        if gone(cells):
            with path.open("a") as stream:
                stream.write("y\n")
        return gone(cells)

    with pytest.raises(BlockingIOError, match="changes"):
        without(path, asked)
    assert path.read_text().startswith("a\nx\ny\n")
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_file_and_nothing_else(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails on the way."""
    path = tmp_path / "rows.csv"
    path.write_text("a\nx\ny\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if failing == "fsync" else Path, failing, full)
    with pytest.raises(OSError, match="No space"):
        without(path, gone)
    assert path.read_text() == "a\nx\ny\n"
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]


def test_a_cell_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    """The file stays."""
    path = tmp_path / "rows.csv"
    path.write_text(f"a\nx\n{'y' * (csv.field_size_limit() + 1)}\n")

    with pytest.raises(csv.Error):
        without(path, gone)
    assert path.read_text().startswith("a\nx\n")


def test_a_folder_that_cannot_be_asked_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems open no folders."""
    opened: Callable[..., int] = os.open

    def refused(path: object, *rest: int, **more: int) -> int:
        if path == tmp_path:
            raise PermissionError
        return opened(path, *rest, **more)

    monkeypatch.setattr(os, "open", refused)
    path = tmp_path / "rows.csv"
    path.write_text("a\nx\n")
    assert without(path, gone) == 1
