"""How the feed of one CRM is read, and how what it brings is delivered to consumers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.errors import CrmError, Invalid, Retryable, Unavailable, shape
from crmkit.core.kernel.feed import Feed, Place, Stretch, cursor, place
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.store import Store
from crmkit.patience import PATIENCE
from crmkit.transaction import Transactions

MOST: Final = 10_000  #: events that are given at once


@frozen(kw_only=True, eq=False)
class Consuming:
    """The feed of one CRM and those who read it."""

    store: Callable[[], Store]  #: raises StoreError once the CRM is closed
    transactions: Transactions

    def feed(self, after: str | None, about: UUID | str | None, limit: int) -> Feed:
        """As `CRM.feed`."""
        kind = id = None
        if isinstance(about, str):
            kind = self.transactions.registry.model.kind(about).kind
        elif about is not None:
            id = Id.of(about, "about")
        found = self._stretch(place(after), kind, id, counted(limit))
        return Feed(tuple(fed.event for fed in found.events), cursor(found.end))

    def _stretch(self, after: Place, kind: str | None, id: Id[object] | None, limit: int) -> Stretch:
        failed: CrmError | None = None
        for _ in self.transactions.pace.attempts(PATIENCE):
            try:
                return self.store().feed(after=after, kind=kind, id=id, limit=limit)
            except Retryable as error:
                failed = error
        raise Unavailable(f"the feed was not read: {failed}", hint="try again later") from failed


def counted(limit: object) -> int:
    """The number of events itself.

    :raises Invalid: it is none from 1 to `MOST`
    """
    if type(limit) is not int or not 1 <= limit <= MOST:
        raise Invalid("limit", f"got {shape(limit)}", accepts=f"a whole number from 1 to {MOST:,}")
    return limit
