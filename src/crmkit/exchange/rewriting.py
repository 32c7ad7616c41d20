"""A CSV file without some of its records: replaced as a whole or not at all, what stays byte for byte."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from errno import EAGAIN
from pathlib import Path
from shutil import copymode
from tempfile import NamedTemporaryFile
from typing import Final

from crmkit.exchange.alone import alone

_TRIES: Final = 10  # to replace a file that is written to at the same time


def without(path: Path, goes: Callable[[list[str]], bool]) -> int:
    """Take the records out of a UTF-8 file of which `goes` says so; how many those were. The header stays.

    Somebody may go on writing at its end: who asks to be alone there waits, and of others what came meanwhile is asked
    for, too.

    :raises OSError: it cannot be read, written or replaced, or changes all the time
    :raises csv.Error: a cell is longer than the csv module reads
    """
    with alone(path):
        return _without(path, goes)


def _without(path: Path, goes: Callable[[list[str]], bool]) -> int:
    for _ in range(_TRIES):
        before = _state(path)
        going = {place for place, (_, cells) in enumerate(_records(path)) if place and goes(cells)}
        if not going:
            return 0
        beside = _beside(path, (raw for place, (raw, _) in enumerate(_records(path)) if place not in going))
        try:
            if _state(path) == before:
                beside.replace(path)
                _settle(path.parent)
                return len(going)
        finally:
            beside.unlink(missing_ok=True)
    raise BlockingIOError(EAGAIN, "it changes while it is read")


def _state(path: Path) -> tuple[int, int, int]:
    """What is another as soon as a file was written to."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _records(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Every record as it stands in the file, line ends and broken bytes included, and its cells."""
    taken = list[str]()

    def lines() -> Iterator[str]:
        for line in stream:
            taken.append(line)
            yield line

    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        for cells in csv.reader(lines()):
            yield "".join(taken), cells
            taken.clear()


def _beside(path: Path, texts: Iterable[str]) -> Path:
    """A file with these texts in the same folder, safe on the disk, that may be read by whom the other may."""
    with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        beside = Path(stream.name)
        try:
            copymode(path, beside)
            stream.writelines(text.encode("utf-8", "surrogateescape") for text in texts)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            beside.unlink()
            raise
    return beside


def _settle(folder: Path) -> None:
    """Let a loss of power not bring back what was replaced, where a folder can be asked for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
