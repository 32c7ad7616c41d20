"""What a file is before anybody knows what it is about: columns, records, and the places where it is broken."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.csv_file import LONGEST_RECORD, Line, reading


def read(source: Path | StringIO, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[Line]:
    """All records."""
    with reading(source, encoding=encoding, delimiter=delimiter) as file:
        return list(file.lines)


def cells(text: str) -> list[dict[str, str | None]]:
    """The cells of all records of a text."""
    return [dict(line.cells) for line in read(StringIO(text, newline=""))]


def problem(text: str) -> Invalid:
    """What is wrong with the only record of a text."""
    (line,) = read(StringIO(text, newline=""))
    assert line.problem is not None
    return line.problem


def test_blanks_around_a_value_are_no_part_of_it() -> None:
    """Spaces, tabs and ideographic spaces go; a cell of them alone is an empty one."""
    assert cells("a,b,c\n 1 ,\t\u3000,\u30002\t\n") == [{"a": "1", "b": None, "c": "2"}]


def test_a_line_is_numbered_as_an_editor_shows_it() -> None:
    """A quoted line break and an empty line count, so that everybody finds the record."""
    lines = read(StringIO('a,b\n"1\n2",x\n\n,\n3,y\n', newline=""))

    assert [(line.number, line.cells["a"]) for line in lines] == [(2, "1\n2"), (6, "3")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end: str) -> None:
    """Files of all systems are read alike."""
    assert cells(end.join(["a,b", "1,2", ""])) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949", "gb18030"])
def test_a_file_in_its_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    """Named, any encoding will do; UTF-8 with or without a mark needs no name."""
    path = tmp_path / "leads.csv"
    path.write_text("이름\n한빛상사\n", encoding=encoding)

    assert read(path, encoding="utf-8-sig" if "utf-8" in encoding else encoding)[0].cells == {"이름": "한빛상사"}


def test_a_file_in_another_encoding_is_refused_before_its_first_record(tmp_path: Path) -> None:
    """The error names file, line and byte and what would be accepted, and nobody has done anything by then."""
    path = tmp_path / "leads.csv"
    path.write_bytes(b"a\n1\n2\n" + "한".encode("cp949"))

    says = r"leads.csv is not utf-8-sig in or after line 4: byte 0xc7"
    with pytest.raises(Invalid, match=says) as refused, reading(path) as file:
        pytest.fail(f"{file.name} was opened")
    assert refused.value.field == "encoding"
    assert "cp949" in refused.value.accepts


def test_utf_16_that_is_not_named_is_refused(tmp_path: Path) -> None:
    """What spreadsheets call Unicode text is no UTF-8, with its mark or without."""
    for encoding in ("utf-16", "utf-16-le"):
        path = tmp_path / f"{encoding}.csv"
        path.write_text("a,b\n1,2\n", encoding=encoding)

        with pytest.raises(Invalid, match=r"encoding|NUL in its first line"):
            read(path)


def test_a_truncated_utf_16_file_is_refused(tmp_path: Path) -> None:
    """Also where the bytes cannot even be counted off."""
    path = tmp_path / "leads.csv"
    path.write_bytes("a\n1\n".encode("utf-16") + b"\x31")

    with pytest.raises(Invalid, match="leads.csv is not utf-16"):
        read(path, encoding="utf-16")


def test_a_stream_in_another_encoding_is_refused_where_it_breaks(tmp_path: Path) -> None:
    """A stream is read once; what was decoded before is given."""
    path = tmp_path / "leads.csv"
    path.write_bytes(b"a\n" + b"1\n" * 10_000 + b"\xff\n")

    with path.open(encoding="utf-8") as stream, reading(stream) as file, pytest.raises(Invalid, match="is not utf-8"):
        list(file.lines)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the stream is empty"),
        ("\n1,2\n", "the stream is empty"),
        (",,\n1,2,3\n", "the stream is empty"),
        ("a,b,a\n1,2,3\n", "has the column «a» twice"),
        ("a, a \n1,2\n", "has the column «a» twice"),
        ("a\0,b\n1,2\n", "NUL in its first line"),
        ('a,"b\n1,2\n', "has a header that is not CSV"),
    ],
)
def test_a_header_that_names_no_columns_is_refused(text: str, says: str) -> None:
    """Without names, each once, nobody can say what is what."""
    with pytest.raises(Invalid, match=says) as refused:
        read(StringIO(text, newline=""))

    assert refused.value.accepts


def test_columns_without_a_name_are_let_be() -> None:
    """Two separators at the end of every line are common, and nobody maps them."""
    assert cells("a,,\n1,,\n")[0]["a"] == "1"


def test_a_ragged_record_is_one_problem_and_not_the_end() -> None:
    """Too many or too few cells say how many there are and should be; those around it are read."""
    few, good, many = read(StringIO("a,b\n1\n2,3\n4,5,6\n"))

    assert few.problem is not None and few.problem.problem == "has 1 cells" and "2" in few.problem.accepts
    assert good.cells == {"a": "2", "b": "3"}
    assert many.problem is not None and many.written == ("4", "5", "6")


def test_a_header_that_comes_again_is_no_record() -> None:
    """Files that were put together have one in the middle; it is said, and those around it are read."""
    first, again, last = read(StringIO("a,b\n1,2\n a,b\na,x\n"))

    assert again.problem is not None and again.problem.problem == "the header again" and again.written == (" a", "b")
    assert (first.problem, last.problem) == (None, None)


def test_a_cell_of_ten_megabytes_is_one_problem_and_not_the_end() -> None:
    """What no field could hold is no reason to give up the file."""
    huge, good = read(StringIO(f"a,b\n{'x' * 10_000_000},1\n2,3\n"))

    assert huge.problem is not None and f"{csv.field_size_limit():,}" in huge.problem.accepts
    assert good.number == 3 and good.cells == {"a": "2", "b": "3"}


@pytest.mark.parametrize("text", ['a\n"1\n', 'a\n"1"2\n'])
def test_a_quote_out_of_place_is_a_problem(text: str) -> None:
    """A guess at what was meant would put lines together in silence."""
    assert "every quote closed" in problem(text).accepts


@pytest.mark.parametrize("behind", [1, 5, LONGEST_RECORD - 1, LONGEST_RECORD, 2 * LONGEST_RECORD + 1])
def test_a_quote_that_nobody_closes_costs_one_line(behind: int) -> None:
    """That line is a problem with its own text; all behind it are read, under their own numbers."""
    rows = "".join(f"{number},x\n" for number in range(3, 3 + behind))
    broken, *good = read(StringIO(f'a,b\n2,"unclosed\n{rows}', newline=""))

    assert broken.number == 2 and broken.problem is not None and broken.written == ("2", '"unclosed')
    assert [line.cells["a"] for line in good] == [str(number) for number in range(3, 3 + behind)]
    assert [line.number for line in good] == list(range(3, 3 + behind))


def test_behind_a_quote_that_nobody_closes_no_more_is_read_than_the_longest_record() -> None:
    """However long the file is, that much of it is in memory."""
    stream = StringIO('a\n"unclosed\n' + "x\n" * 3 * LONGEST_RECORD, newline="")
    with reading(stream) as file:
        assert next(file.lines).problem is not None
        assert stream.read() == "x\n" * (2 * LONGEST_RECORD + 1)


def test_a_quote_that_the_next_quoted_cell_breaks_costs_one_line() -> None:
    """The lines that were taken for a part of the cell are read again, quoted line breaks and all."""
    first, second, third, fourth = read(StringIO('a,b\n1,"x\n2,y\n3,"z\nz"\n4,"w\n', newline=""))

    assert first.problem is not None and fourth.problem is not None
    assert (second.number, second.cells) == (3, {"a": "2", "b": "y"})
    assert (third.number, third.cells) == (4, {"a": "3", "b": "z\nz"})
    assert (fourth.number, fourth.written) == (6, ("4", '"w'))


def test_the_columns_of_a_file_of_rejects_are_not_there() -> None:
    """Such a file is read like the one that it came of."""
    with reading(StringIO("rejected_line,rejected_because,a,b\n7,no,1,2\n")) as file:
        (line,) = file.lines

    assert file.columns == ("a", "b")
    assert line.written == ("1", "2")


def test_another_delimiter_has_to_be_named() -> None:
    """One character, and no other."""
    assert read(StringIO("a;b\n1;2,5\n"), delimiter=";")[0].cells == {"a": "1", "b": "2,5"}
    for none in ("::", "", '"', "\n", "\r"):
        with pytest.raises(Invalid, match="delimiter"):
            read(StringIO("a\n1\n"), delimiter=none)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The same goes for a folder, and for an encoding that nobody knows."""
    for path in (tmp_path / "leads.csv", tmp_path):
        with pytest.raises(Invalid, match=f"{path} cannot be read"):
            read(path)
    (tmp_path / "leads.csv").write_text("a\n1\n")
    with pytest.raises(Invalid, match="encoding"):
        read(tmp_path / "leads.csv", encoding="latin-99")


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=3, max_size=3)))
def test_what_a_writer_quotes_is_read_back(rows: list[list[str]]) -> None:
    """Whatever stands in the cells, a well-formed record loses nothing but the blanks around its values."""
    stream = StringIO(newline="")
    csv.writer(stream).writerows([["a", "b", "c"], *rows])
    stream.seek(0)

    assume(["a", "b", "c"] not in [[cell.strip() for cell in row] for row in rows])
    meant = [[cell.strip() or None for cell in row] for row in rows if any(cell.strip() for cell in row)]
    assert [list(line.cells.values()) for line in read(stream)] == meant
