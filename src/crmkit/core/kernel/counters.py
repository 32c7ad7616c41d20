"""Counters: a limit is a row that is written under its guard, never a number that was read before.

counted = tx.counters.add(f"held:{user.id}", most=100)
counted.require("claiming")             # raises Refused, which says how many there are and how many there may be
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.kernel.command import command
from crmkit.core.kernel.errors import Invalid, Refusal, Refused
from crmkit.core.kernel.text import named
from crmkit.core.kernel.whole import LARGEST_INTEGER, whole

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work


@frozen(kw_only=True)
class Counted:
    """What became of adding to a counter: all of it was added, or nothing."""

    key: str
    by: int
    done: bool
    value: int  #: what the counter says now; where nothing was added, what it said a moment after
    least: int
    most: int | None  #: None: there is no limit

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing was added: `over_limit` or `under_limit`, with `key`, `value`, `by` and `limit` as facts."""
        if self.done:
            return None
        over = self.by > 0 and self.most is not None
        limit = self.most if over else self.least
        return Refusal(
            code="over_limit" if over else "under_limit",
            says=f"{self.value} of {limit} are taken" if over else f"of {self.value} at least {limit} have to stay",
            facts={"key": self.key, "value": self.value, "by": self.by, "limit": limit},
        )

    def require(self, what: str) -> int:
        """What the counter says.

        :raises Refused: nothing was added; `what` is refused
        """
        if self.refusal is not None:
            raise Refused(what, [self.refusal])
        return self.value


@frozen(eq=False)
class Counters:
    """The counters of a CRM, by keys that their users agree on; each begins at 0.

    They are kept with the transaction and undone with it. A counter is no record: it has no events, and the journal
    does not rebuild it. Transactions that add to several do so in the same order, lest two wait for each other.
    """

    work: Work

    @command
    def add(self, key: str, by: int = 1, *, most: int | None = None, least: int = 0) -> Counted:
        """Add to a counter, or take from it with `by` below 0, unless it were then over `most` or under `least`.

        However many do so at once, it is never beyond the bounds of the one who added last. Others who add to the same
        counter wait until this transaction ends.

        :raises Invalid: a key that is blank or too long, a number of more than 63 bits, or `by` 0
        """
        key, by, least = named(key, "key"), whole(by, "by"), whole(least, "least")
        top = LARGEST_INTEGER if most is None else whole(most, "most")
        if by == 0:
            raise Invalid("by", "is 0", accepts="how many more or, below 0, how many fewer")
        value = self.work.trying().count(key, by, least=least, most=top)
        if value is None:
            return Counted(key=key, by=by, done=False, value=self.value(key), least=least, most=most)
        self.work.wrote = True
        return Counted(key=key, by=by, done=True, value=value, least=least, most=most)

    def value(self, key: str) -> int:
        """What a counter says, to be shown: whoever decides by it decides by what may have changed.

        :raises Invalid: a key that is blank or too long
        """
        return self.work.session.count(named(key, "key")) or 0
