"""One at a time at a file: who writes at its end, and who puts another in its place."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl


@contextmanager
def alone(path: Path, *, new: bool = False) -> Iterator[None]:
    """Nobody else who asks for it is at the file that stands at a path, made first if it may be `new`.

    On Windows nothing is to be done for that: what somebody has open cannot be replaced there.

    :raises OSError: it cannot be opened for writing
    """
    if sys.platform == "win32":
        yield
        return
    while True:
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if new else 0), 0o666)
        try:
            with suppress(OSError):  # some network file systems have no locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _stands(descriptor, path):  # it may have been replaced while we waited
                yield
                return
        finally:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for a child that was forked meanwhile
            os.close(descriptor)


def _stands(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
