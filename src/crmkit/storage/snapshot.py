"""What is committed at one moment, read from a database that speaks SQL."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.feed import Place, Stretch
from crmkit.core.kernel.ids import Id
from crmkit.storage import feed
from crmkit.storage.refusals import only_reads
from crmkit.storage.sql import SQLSession


class SQLSnapshot(SQLSession):
    """One transaction that only reads."""

    def stretch(self, *, after: Place, kind: str | None, id: Id[Any] | None, limit: int) -> Stretch:
        """Some of the feed, see `Store.feed`; with it the transaction ends."""
        try:
            tables = self._prepared.tables
            return feed.stretch(self._opened(), tables, after=after, kind=kind, id=id, limit=limit)
        finally:
            self.rollback()

    def rollback(self) -> None:
        """It ends; that the connection was lost meanwhile takes nothing away."""
        connection, self._connection = self._opened(), None
        with suppress(StoreError), connection:
            connection.rollback()

    def _writable(self) -> None:
        self._opened()
        raise only_reads()
