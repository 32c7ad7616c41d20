"""Whose turn it is to write to a file: one session at a time, among the threads of a process and among processes.

The busy handler of SQLite tries again and again, and whoever comes in between wins; here nobody is overtaken for long.
Threads of one process queue up. The first of the queue meets the other processes at two lock files: who holds `next`
waits alone for `turn`, so that a process with many threads can not take it twice while another one waits.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, sleep
from typing import Final

if sys.platform != "win32":
    import fcntl

#: Seconds between two looks at a lock file: the first pause, and the one that it comes to little by little. Among those
#: who want to be next, who has waited for long looks most often; who is next looks alone.
TO_BE_NEXT: Final = (0.001, 0.000_2)
NEXT: Final = (0.000_1, 0.001)
SLOWLY: Final = 0.8  #: how much of a pause's distance to its last value is left at each look


class LateError(Exception):
    """The turn did not come in time; never leaves the store."""


class Turns:
    """The turns at one file.

    Where there are no such locks (Windows), only the threads of this process queue up here; among processes SQLite's
    busy handler decides, less fairly.
    """

    def __init__(self, file: str, patience: float) -> None:
        self._next = f"{file}.turn-next"
        self._turn = f"{file}.turn"
        self._patience: Final = patience
        self._mutex = Lock()
        self._taken = False
        self._queue: deque[Lock] = deque()

    def take(self, patience: float | None = None) -> Turn:
        """The turn, as soon as those who came before have had theirs.

        :raises LateError: that took more seconds than `patience`
        :raises OSError: the lock files cannot be opened
        """
        deadline = monotonic() + (self._patience if patience is None else patience)
        self._enter(deadline)
        try:
            return Turn(self, self._lock(deadline))
        except BaseException:
            self.leave()
            raise

    @contextmanager
    def taken(self, patience: float | None = None) -> Iterator[None]:
        """Inside, it is ours; raises like `take`."""
        turn = self.take(patience)
        try:
            yield
        finally:
            turn.end()

    def _enter(self, deadline: float) -> None:
        mine = Lock()
        mine.acquire()
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            self._queue.append(mine)
        try:
            called = mine.acquire(timeout=max(0, deadline - monotonic()))
        except BaseException:  # an interrupt, say: whoever is called up then would not be there
            if not self._withdrawn(mine):
                self.leave()
            raise
        if not called and self._withdrawn(mine):
            raise LateError

    def _withdrawn(self, mine: Lock) -> bool:
        """It waits no more; unless it was called up at the last moment."""
        with self._mutex:
            waits = mine in self._queue
            if waits:
                self._queue.remove(mine)
            return waits

    def leave(self) -> None:
        """Call up the next of this process."""
        with self._mutex:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    def _lock(self, deadline: float) -> int:
        """The descriptor that holds the turn."""
        following = _locked(self._next, deadline, *TO_BE_NEXT)
        try:
            return _locked(self._turn, deadline, *NEXT)
        finally:
            unlock(following)


class Turn:
    """A turn that was taken; it ends once, however often that is said."""

    def __init__(self, turns: Turns, descriptor: int) -> None:
        self._turns: Turns | None = turns
        self._descriptor = descriptor

    def end(self) -> None:
        """Let the next one have it."""
        turns, self._turns = self._turns, None
        if turns is not None:
            unlock(self._descriptor)
            turns.leave()


if sys.platform == "win32":

    def _locked(file: str, deadline: float, pause: float, last: float) -> int:  # noqa: ARG001 - as elsewhere
        return -1

    def unlock(descriptor: int) -> None:
        """Nothing was locked."""

else:

    def _locked(file: str, deadline: float, pause: float, last: float) -> int:
        """An open file, locked for this descriptor alone: other threads that open it wait like other processes."""
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            while not _tried(descriptor):
                _wait(pause, deadline)
                pause = last + SLOWLY * (pause - last)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _wait(pause: float, deadline: float) -> None:
        if monotonic() > deadline:
            raise LateError
        sleep(pause)

    def _tried(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Also for a child that was forked meanwhile and has a copy of the descriptor."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
