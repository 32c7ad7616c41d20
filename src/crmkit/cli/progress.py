"""A bar for work that takes long, where somebody is watching and the library rich is installed (extra `cli`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from rich.progress import Progress


@frozen
class Bar:
    """Told how many lines are done by now, it shows them; where nobody watches it does nothing."""

    _shown: Progress | None = None

    def __call__(self, done: int) -> None:
        """So many, of the present file."""
        if self._shown is not None:
            self._shown.start()
            self._shown.update(self._shown.task_ids[0], completed=done)

    def say(self, text: str) -> None:
        """Print a text where the bar was; it comes back with the next lines."""
        if self._shown is not None:
            self._shown.stop()
        print(text)


@contextmanager
def watched(what: str) -> Iterator[Bar]:
    """A bar on the standard error that is gone when the block is left."""
    shown = _bar(what) if sys.stderr.isatty() else None
    try:
        yield Bar(shown)
    finally:
        if shown is not None:
            shown.stop()


def _bar(what: str) -> Progress | None:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        return None
    columns = TextColumn(what), BarColumn(), TextColumn("{task.completed:,} lines"), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)
    bar.add_task(what, total=None)
    return bar
