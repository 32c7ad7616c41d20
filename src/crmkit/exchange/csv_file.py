"""Reading a CSV file record by record, in memory that does not grow with it; whatever is wrong has a place in it."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from attrs import define, field, frozen

from crmkit.core.kernel.errors import Invalid, shape

if TYPE_CHECKING:
    from _csv import Reader

REJECTED_LINE: Final = "rejected_line"  #: column of a file of rejected rows: where the row stood
REJECTED_BECAUSE: Final = "rejected_because"  #: column of a file of rejected rows: why it was not taken
OF_REJECTS: Final = frozenset({REJECTED_LINE, REJECTED_BECAUSE})  #: they are there for people; reading skips them

LONGEST_RECORD: Final = 1_000  #: lines of the file; behind a quote that nobody closed there would be no end

_ENCODINGS = "the encoding that the file has, such as utf-8, cp949, gb18030, cp1252 or utf-16"
_UNDECODED = re.compile("[\udc80-\udcff]")  # what errors="surrogateescape" makes of a byte that is not in the encoding
_NO_DELIMITERS: Final = frozenset('"\r\n')  # they have a meaning of their own, which not every csv module insists on
_NO_CELLS: Mapping[str, str | None] = {}


@frozen
class Line:
    """One record; over several lines of the file if a quoted cell has line breaks in it."""

    number: int  #: of the line of the file in which it begins; the header is line 1
    cells: Mapping[str, str | None]  #: by column, less the blanks around them; None where nothing is left
    written: tuple[str, ...] = ()  #: the cells as they stand in the file, in the order of its columns; a broken line
    #: is cut at every delimiter, so that nothing of it is lost
    problem: Invalid | None = None  #: why there are no cells: nobody can say which belongs to which column


@frozen
class CsvFile:
    """The columns of an open file, and its records, which can be read once."""

    name: str
    columns: tuple[str, ...]
    lines: Iterator[Line] = field(repr=False)


@contextmanager
def reading(source: Path | str | TextIO, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> Iterator[CsvFile]:
    """Open the file at a path, or read on in a stream of text that stays open.

    A file is decoded once from end to end before its first record is given, so that nothing is done with one whose
    encoding is another. A record that is not well formed is a `Line` with a `problem`: its first line alone. The next
    record begins in the line behind that, so a quote that nobody closed costs one line.

    :raises Invalid: no such file, an unknown encoding or another one, no header, a column twice, NUL in the header
    """
    if isinstance(source, str | Path):
        path = Path(source)
        with _opened(path, encoding) as stream:
            if stream.seekable():  # a pipe is not: that is decoded as it comes
                for _ in _texts(stream, path.name, encoding):
                    pass
                stream.seek(0)
            yield _parsed(path.name, _texts(stream, path.name, encoding), delimiter)
    else:
        name = Path(str(getattr(source, "name", "the stream"))).name
        yield _parsed(name, _texts(source, name, str(source.encoding or encoding)), delimiter)


@contextmanager
def _opened(path: Path, encoding: str) -> Iterator[TextIO]:
    try:
        stream = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except LookupError:
        raise Invalid("encoding", f"got {shape(encoding)}", accepts=_ENCODINGS) from None
    except OSError as error:
        raise Invalid("file", f"{path} cannot be read: {error.strerror}", accepts="the path of a CSV file") from None
    with stream:
        yield stream


def _texts(stream: TextIO, name: str, encoding: str) -> Iterator[str]:
    number = 0
    try:
        for number, text in enumerate(stream, start=1):
            if not text.isascii() and (found := _UNDECODED.search(text)):
                raise _undecodable(name, number, encoding, f"byte 0x{ord(found[0]) - 0xDC00:02x}")
            yield text
    except UnicodeError as error:
        raise _undecodable(name, number + 1, encoding, str(getattr(error, "reason", error))) from None


def _undecodable(name: str, number: int, encoding: str, what: str) -> Invalid:
    return Invalid("encoding", f"{name} is not {encoding} in or after line {number}: {what}", accepts=_ENCODINGS)


def _parsed(name: str, texts: Iterator[str], delimiter: str) -> CsvFile:
    feed, reader = _read_by(texts, delimiter)
    try:
        header = tuple(cell.strip() for cell in next(reader, []))
    except csv.Error as error:
        raise Invalid("file", f"{name} has a header that is not CSV: {error}", accepts=_HEADER) from None
    _check_header(name, header)
    columns = tuple(column for column in header if column not in OF_REJECTS)
    return CsvFile(name, columns, _lines(feed, reader, header, delimiter))


def _read_by(texts: Iterator[str], delimiter: str) -> tuple[_Feed, Reader]:
    try:
        if delimiter in _NO_DELIMITERS:
            raise ValueError(delimiter)  # noqa: TRY301 - what the csv module says of the others
        return (feed := _Feed(texts)), csv.reader(feed, delimiter=delimiter, strict=True)
    except (TypeError, ValueError):
        raise Invalid("delimiter", f"got {shape(delimiter)}", accepts="one character such as , or ;") from None


_HEADER = "a first line with the name of every column, each once"


def _check_header(name: str, header: tuple[str, ...]) -> None:
    if not any(header):
        raise Invalid("file", f"{name} is empty", accepts=_HEADER)
    if any("\0" in column for column in header):
        raise Invalid("file", f"{name} has NUL in its first line", accepts="a text file, with its encoding")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise Invalid("file", f"{name} has the column «{'», «'.join(twice)}» twice", accepts=_HEADER)


@define
class _Feed:
    """The lines of the file on their way to the reader; all but the first of a broken record go there again."""

    _texts: Iterator[str]
    _before: int = field(default=0, init=False)  # lines before the present record
    _record: list[str] = field(factory=list, init=False)
    _again: deque[str] = field(factory=deque, init=False)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._record) == LONGEST_RECORD:
            raise StopIteration  # inside quotes, where a strict reader takes the end for an error
        self._record.append(self._again.popleft() if self._again else next(self._texts))
        return self._record[-1]

    def begin(self) -> int:
        """A new record, and the number of the line in which it begins."""
        self._before += len(self._record)
        self._record.clear()
        return self._before + 1

    def break_off(self) -> str:
        """The first line of the present record; the others are to be read again."""
        self._again.extendleft(reversed(self._record[1:]))
        del self._record[1:]
        return self._record[0].rstrip("\r\n")


def _lines(feed: _Feed, reader: Reader, header: tuple[str, ...], delimiter: str) -> Iterator[Line]:
    keep = [place for place, column in enumerate(header) if column not in OF_REJECTS]
    while True:
        number = feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            written = _written(feed.break_off().split(delimiter), len(header), keep)
            yield Line(number, _NO_CELLS, written, _malformed(error, number))
            continue
        if any(cell and not cell.isspace() for cell in cells):
            yield _line(number, header, cells, keep)


def _line(number: int, header: tuple[str, ...], cells: list[str], keep: list[int]) -> Line:
    written = _written(cells, len(header), keep)
    if len(cells) != len(header):
        problem = Invalid("line", f"has {len(cells)} cells", accepts=f"{len(header)}, as many as the header")
        return Line(number, _NO_CELLS, written, problem)
    if tuple(cell.strip() for cell in cells) == header:
        return Line(number, _NO_CELLS, written, Invalid("line", "the header again", accepts="the header once"))
    return Line(number, {column: cell.strip() or None for column, cell in zip(header, cells, strict=True)}, written)


def _written(cells: list[str], columns: int, keep: list[int]) -> tuple[str, ...]:
    return tuple(cells[place] for place in keep if place < len(cells)) + tuple(cells[columns:])


def _malformed(error: csv.Error, number: int) -> Invalid:
    limit = f"well-formed CSV, every quote closed and no cell over {csv.field_size_limit():,} characters"
    return Invalid("line", f"got line {number}: {error}", accepts=limit)
