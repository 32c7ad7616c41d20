"""A file that only grows: one line for each commit, whole or not there at all."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

from crmkit.core.kernel.errors import Ambiguous, StoreError


class Log:
    """Lines of JSON, each behind its checksum, in a file that one process has open at a time (by a lock of POSIX).

    :raises StoreError: it is open already, or cannot be opened
    """

    def __init__(self, path: Path) -> None:
        self._path, self._broken = path, False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = path.with_suffix(".lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = path.open("ab")
            folder = os.open(path.parent, os.O_RDONLY)  # that a file is there is written in its folder
            os.fsync(folder)
            os.close(folder)
        except BlockingIOError:
            self._lock.close()
            raise StoreError(f"{path} is open already", hint="one process at a time writes to it") from None
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from error

    def lines(self) -> Iterator[Any]:
        """What every line says; a torn one at the end, of which nobody was told that it is there, is cut off.

        :raises StoreError: a line before the end is damaged
        """
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n") and line[:9] == b"%08x " % crc32(line[9:-1]):
                    yield json.loads(line[9:])
                    whole += len(line)
                elif next(file, None) is None:
                    os.truncate(self._path, whole)
                else:
                    raise StoreError(f"line {number} of {self._path} is damaged", hint="restore it from a copy")

    def append(self, words: Any) -> None:
        """One more line, on the disk when this returns.

        :raises Ambiguous: it may be on the disk or not
        :raises StoreError: that happened before; opened again, the file says what is in it
        """
        if self._broken:
            raise StoreError(f"{self._path} could not be written to", hint="open it again")
        text = json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            self._file.write(b"%08x %b\n" % (crc32(text), text))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._broken = True
            raise Ambiguous(f"{self._path} could not be written to: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the file; then another process may open it."""
        self._file.close()
        self._lock.close()
