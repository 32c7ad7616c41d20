"""Trying a transaction again: how often, how long to wait, and what is known when that was of no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import random
from time import monotonic, sleep
from typing import Any, Final

from attrs import define, frozen

from crmkit.core.kernel.errors import Conflict, CrmError, Invalid, OutcomeUnknown, Unavailable, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.told import NOTHING, Told

ATTEMPTS: Final = 10
PATIENCE: Final = timedelta(seconds=30)
FIRST_WAIT, LONGEST_WAIT = 0.002, 0.25  #: seconds; the wait doubles with each attempt


@frozen(kw_only=True)
class Pace:
    """The machine's time and chance, as far as waiting needs them."""

    sleep: Callable[[float], object] = sleep  #: seconds
    chance: Callable[[], float] = random  #: from 0 to 1: attempts that collided once shall not do so again
    monotonic: Callable[[], float] = monotonic  #: seconds
    listening: float = 5.0  #: seconds that a plugin which is told of a commit may keep whoever committed

    def attempts(self, deadline: timedelta) -> Iterator[int]:
        """Numbers of attempts, a wait between each and the next; at least one, none begun after the deadline.

        :raises Invalid: the deadline is no timedelta
        """
        if not isinstance(deadline, timedelta):
            raise Invalid("deadline", f"got {shape(deadline)}", accepts="a timedelta")
        until = self.monotonic() + deadline.total_seconds()
        for number in range(ATTEMPTS):
            if number:
                wait = self.chance() * min(LONGEST_WAIT, FIRST_WAIT * 2**number)
                if self.monotonic() + wait > until:
                    return
                self.sleep(wait)
            yield number


AT_EASE: Final = Pace()


@define(kw_only=True)
class Attempt:
    """One operation on its way through any number of transactions."""

    id: Id[Any]
    by: Id[Any]
    cause: str
    checked: bool  #: the actor was named, and must be active
    asked: bool  #: the id is the caller's: it is kept even if nothing changed
    look: bool  #: it may be there already
    in_doubt: bool = False  #: something was given to a COMMIT of which nobody knows
    unsure: Operation | None = None  #: as this operation, if it is kept as one
    unsure_told: Told = NOTHING  #: and what plugins are told if it is done
    answer: Any = None  #: of the last time that it was done
    unsure_answer: Any = None

    def doubt(self, done: Operation | None, told: Told) -> None:
        """Nobody knows whether this is committed; the answer is that of the last time."""
        self.in_doubt = True
        self.unsure, self.unsure_answer, self.unsure_told = done, self.answer, told

    def settled_by(self, known: Operation | None) -> bool:
        """What was in doubt is there: it was done, and its answer holds."""
        return self.unsure is not None and known == self.unsure

    def given_up(self, last: CrmError | None) -> CrmError:
        """What to tell the caller after the last attempt failed."""
        if self.in_doubt:
            return OutcomeUnknown(self.id)
        if last is None:
            return Unavailable("nothing was done: there was no time", hint="try again later")
        stale = isinstance(last, Conflict)
        return Unavailable(
            f"nothing was done: {last.message}",
            hint="read it within what is run, where it is read anew each time" if stale else "try again later",
            facts={**last.facts, "because": last.code},
        )
