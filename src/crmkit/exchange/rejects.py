"""The lines that were not taken, as a file of the same columns that can be put right and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from attrs import define, field

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.alone import alone
from crmkit.exchange.csv_file import REJECTED_BECAUSE, REJECTED_LINE, Line
from crmkit.exchange.note import Note

_BEGINS: Final = f"{REJECTED_LINE},{REJECTED_BECAUSE}".encode()  # by which a file of rejects is known


@define
class Rejects:
    """Written batch by batch, UTF-8 with commas; where nothing is rejected there is no file."""

    path: Path | None
    columns: Sequence[str]
    _begun: bool = field(default=False, init=False)
    _rows: list[Sequence[str]] = field(factory=list, init=False)  #: that are not written yet

    def __attrs_post_init__(self) -> None:
        """What an import before this one left there stays, until there is something to write or nothing is left.

        :raises Invalid: a place that cannot be written, or that holds something else
        """
        if self.path is not None:
            require_place(self.path)

    def add(self, line: Line, why: Note) -> None:
        """One line, with the columns that say where it stood and why it was not taken in front."""
        if self.path is not None:
            value = f" ({why.value})" if why.value else ""
            self._rows.append([str(line.number), f"{why.field}: {why.reason}{value}", *line.written])

    def finish(self) -> None:
        """All lines were read; where none was rejected, the rejects of an import before this one are gone."""
        self.close()
        if self.path is not None and not self._begun and self.path.is_file():
            with _writable(self.path):
                self.path.unlink()

    def close(self) -> None:
        """What came is in the file that stands there by now, behind what it has; more may come.

        :raises Invalid: it cannot be written any more
        """
        rows, self._rows = self._rows, []
        if self.path is None or not rows:
            return
        goes_on = self._begun and self.path.exists()
        if not goes_on:
            rows.insert(0, [REJECTED_LINE, REJECTED_BECAUSE, *self.columns])
        with _writable(self.path), alone(self.path, new=True):
            mode: Literal["a", "w"] = "a" if goes_on else "w"
            with self.path.open(mode, encoding="utf-8", errors="backslashreplace", newline="") as stream:
                self._begun = True
                csv.writer(stream, lineterminator="\n").writerows(rows)


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
