"""The lines that were not taken, as a file of the same columns that can be put right and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, TextIO

from attrs import define, field

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.csv_file import REJECTED_BECAUSE, REJECTED_LINE, Line
from crmkit.exchange.note import Note

_BEGINS: Final = f"{REJECTED_LINE},{REJECTED_BECAUSE}".encode()  # by which a file of rejects is known


@define
class Rejects:
    """Written as they come, UTF-8 with commas; where nothing is rejected there is no file."""

    path: Path | None
    columns: Sequence[str]
    _begun: bool = field(default=False, init=False)
    _stream: TextIO | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        """What an import before this one left there stays, until there is something to write or nothing is left.

        :raises Invalid: a place that cannot be written, or that holds something else
        """
        if self.path is not None:
            require_place(self.path)

    def add(self, line: Line, why: Note) -> None:
        """One line, with the columns that say where it stood and why it was not taken in front."""
        if self.path is None:
            return
        if self._stream is None:
            mode: Literal["a", "w"] = "a" if self._begun and self.path.exists() else "w"
            with _writable(self.path):
                self._stream = self.path.open(mode, encoding="utf-8", errors="backslashreplace", newline="")
            self._begun = True
            if mode == "w":
                self._write([REJECTED_LINE, REJECTED_BECAUSE, *self.columns])
        value = f" ({why.value})" if why.value else ""
        self._write([str(line.number), f"{why.field}: {why.reason}{value}", *line.written])

    def _write(self, cells: Sequence[str]) -> None:
        if self._stream is not None:
            csv.writer(self._stream, lineterminator="\n").writerow(cells)

    def finish(self) -> None:
        """All lines were read; where none was rejected, the rejects of an import before this one are gone."""
        if self.path is not None and not self._begun and self.path.is_file():
            with _writable(self.path):
                self.path.unlink()

    def close(self) -> None:
        """What came is in the file; more of it goes behind what the file has by then."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def require_place(path: Path) -> None:
    """Nothing, if a file of rejects can be written there without the loss of anything else.

    :raises Invalid: it cannot be written, or holds what is no file of rejects
    """
    with _writable(path):
        if path.is_file():
            require_rejects(path)
        new = not path.exists()
        path.open("a", encoding="utf-8").close()
        if new:
            path.unlink()


def require_rejects(path: Path) -> None:
    """Nothing, if a file is one of rejects, or empty.

    :raises Invalid: it is another one
    :raises OSError: it cannot be read
    """
    with path.open("rb") as stream:
        begins = stream.read(len(_BEGINS))
    if begins not in (b"", _BEGINS):
        raise Invalid("rejected", f"{path} holds something else", accepts="a new file, or one of rejects")


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid("rejected", f"{path} cannot be written: {error.strerror}", accepts="another place") from None
