"""The SQL of counters and of reserved keys: whatever decides stands in the condition of what writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.storage.tables import Tables


@frozen
class Registers:
    """The two tables, on a connection in a transaction."""

    tables: Tables
    connection: sa.Connection

    def value(self, key: str) -> int | None:
        """What the counter says; None where nobody has counted yet."""
        table = self.tables.counters.table
        found: int | None = self.connection.scalar(sa.select(table.c.value).where(table.c.key == key))
        return found

    def count(self, key: str, by: int, least: int, most: int) -> int | None:
        """What the counter says once `by` is added, if that is in the bounds.

        Where nothing was changed the counter is either out of bounds, as it is read then, or new to this transaction:
        then it is added, or locked if somebody else has added it meanwhile, and asked again.
        """
        table = self.tables.counters.table
        low, high = max(least - by, -LARGEST_INTEGER), min(most - by, LARGEST_INTEGER)
        step = table.update().where(table.c.key == key, table.c.value.between(low, high))
        step = step.values(value=table.c.value + by)
        if not self.connection.execute(step).rowcount:
            if not low <= (self.value(key) or 0) <= high:
                return None
            self.connection.execute(self.tables.dialect.added(table, [{"key": key, "value": 0}]))
            if not self.connection.execute(step).rowcount:
                return None
        return self.value(key)

    def holders(self, space: str, keys: Sequence[str]) -> dict[str, Id[Any]]:
        """Who holds these keys, of those that are held."""
        table = self.tables.reserved.table
        found = self.connection.execute(sa.select(table.c.key, table.c.holder).where(self._these(space, keys)))
        return {key: self.tables.read(Scalar.ID, holder) for key, holder in found}

    def take(self, space: str, keys: Sequence[str], holder: Id[Any]) -> None:
        """Give the keys that are free to this holder, and lock the others: all of them in their order."""
        if keys:
            given = self.tables.stored(Scalar.ID, holder)
            rows = [{"space": space, "key": key, "holder": given} for key in sorted(set(keys))]
            self.connection.execute(self.tables.dialect.added(self.tables.reserved.table, rows))

    def hand_over(self, space: str, keys: Sequence[str], before: Id[Any], after: Id[Any] | None) -> None:
        """Give those of the keys that one holder has to another one, or to nobody; locked in their order."""
        table, stored = self.tables.reserved.table, self.tables.stored
        theirs = self._these(space, keys) & (table.c.holder == stored(Scalar.ID, before))
        locked = sa.select(table.c.key).where(theirs).order_by(table.c.key).with_for_update()
        self.connection.execute(locked.with_hint(table, "FORCE INDEX (PRIMARY)", "mariadb")).all()
        if after is None:
            self.connection.execute(table.delete().where(theirs))
        else:
            self.connection.execute(table.update().where(theirs).values(holder=stored(Scalar.ID, after)))

    def keys(self, holder: Id[Any]) -> list[tuple[str, str]]:
        """Space and key of all that this holder has."""
        table = self.tables.reserved.table
        held = table.c.holder == self.tables.stored(Scalar.ID, holder)
        found = self.connection.execute(sa.select(table.c.space, table.c.key).where(held))
        return sorted((space, key) for space, key in found)

    def _these(self, space: str, keys: Sequence[str]) -> sa.ColumnElement[bool]:
        table = self.tables.reserved.table
        return sa.and_(table.c.space == space, table.c.key.in_(sorted(set(keys))))
