"""Turns at one file: one at a time, in order, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from crmkit.storage import turns as module
from crmkit.storage.turns import LateError, Turn, Turns


def turns(folder: Path) -> Turns:
    """The turns at a file, as another process sees them: locks of its own descriptors."""
    return Turns(str(folder / "crm.db"), patience=10)


@pytest.mark.parametrize("other", [True, False], ids=["another process", "another thread"])
def test_a_turn_is_taken_once(tmp_path: Path, *, other: bool) -> None:
    """Whoever comes while it is taken is told when the patience ends, and has it when it is free."""
    mine = turns(tmp_path)
    theirs = turns(tmp_path) if other else mine
    turn = mine.take()
    for _ in range(2):
        with pytest.raises(LateError):
            theirs.take(patience=0.02)
    turn.end()

    theirs.take(patience=0).end()


def test_a_turn_ends_once(tmp_path: Path) -> None:
    """Ending it again does not end the turn of the next one."""
    mine = turns(tmp_path)
    first = mine.take()
    first.end()
    second = mine.take()
    first.end()

    with pytest.raises(LateError):
        turns(tmp_path).take(patience=0.02)
    second.end()


def test_a_turn_ends_with_an_exception(tmp_path: Path) -> None:
    """Nobody waits for somebody who failed."""
    mine = turns(tmp_path)
    with pytest.raises(LookupError), mine.taken():
        raise LookupError

    mine.take(patience=0).end()


class Interrupted:
    """A lock on which nobody waits to the end."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.meanwhile = meanwhile
        self.release = lambda: None

    def acquire(self, timeout: float | None = None) -> None:
        """Fails where it would wait, after something has happened."""
        if timeout is not None:
            self.meanwhile()
            raise KeyboardInterrupt


@pytest.mark.parametrize("called_up", [False, True], ids=["still waiting", "called up already"])
def test_who_is_interrupted_while_waiting_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, called_up: bool
) -> None:
    """Nobody would take the turn that is left to them, and nobody would get it after them."""
    mine = turns(tmp_path)
    first: Turn = mine.take()
    monkeypatch.setattr(module, "Lock", lambda: Interrupted(first.end if called_up else Lock))
    with pytest.raises(KeyboardInterrupt):
        mine.take()
    monkeypatch.undo()
    first.end()

    mine.take(patience=0).end()


def test_threads_have_their_turns_in_the_order_of_coming(tmp_path: Path) -> None:
    """First come, first served; one who gave up is left out."""
    mine = turns(tmp_path)
    order: list[int] = []
    waiting: list[Thread] = []

    def write(number: int, came: Event) -> None:
        came.set()
        with mine.taken():
            order.append(number)

    first = mine.take()
    for number in range(6):
        came = Event()
        waiting.append(Thread(target=write, args=(number, came)))
        waiting[-1].start()
        came.wait()
        while len(mine._queue) <= number:
            pass
        with pytest.raises(LateError):
            mine.take(patience=0)
    first.end()
    for thread in waiting:
        thread.join()

    assert order == list(range(6))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """And the turn is not taken by it."""
    mine = Turns(str(tmp_path / "nowhere" / "crm.db"), patience=10)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            mine.take()
