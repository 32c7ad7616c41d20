"""The lines that were not taken, as a file of the same columns that can be put right and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from attrs import define, field

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.csv_file import REJECTED_BECAUSE, REJECTED_LINE, Line
from crmkit.exchange.note import Note


@define
class Rejects:
    """Written as they come, UTF-8 with commas; where nothing is rejected there is no file."""

    path: Path | None
    columns: Sequence[str]
    _stream: TextIO | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        """Remove what an import before this one left there.

        :raises Invalid: a place that cannot be written
        """
        if self.path is not None:
            with _writable(self.path):
                self.path.unlink(missing_ok=True)

    def add(self, line: Line, why: Note) -> None:
        """One line, with the columns that say where it stood and why it was not taken in front."""
        if self.path is None:
            return
        if self._stream is None:
            with _writable(self.path):
                self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self._write([REJECTED_LINE, REJECTED_BECAUSE, *self.columns])
        value = f" ({why.value})" if why.value else ""
        self._write([str(line.number), f"{why.field}: {why.reason}{value}", *line.written])

    def _write(self, cells: Sequence[str]) -> None:
        if self._stream is not None:
            csv.writer(self._stream, lineterminator="\n").writerow(cells)

    def close(self) -> None:
        """The file is whole."""
        if self._stream is not None:
            self._stream.close()


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid("rejected", f"{path} cannot be written: {error.strerror}", accepts="another place") from None
