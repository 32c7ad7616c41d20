"""The SQL of redaction: what events and operations say is written anew, which they are stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.operation import Operation
from crmkit.storage.events import row_of as row_of_event
from crmkit.storage.operations import row_of as row_of_operation
from crmkit.storage.tables import Rows, Tables


def redacted(
    connection: sa.Connection, tables: Tables, events: Sequence[Event], operations: Sequence[Operation]
) -> bool:
    """Whether all of these were there; they say now what they say here."""
    told = list(_rewritings(tables.journal, "sequence", [row_of_event(event) for event in events], _OF_EVENTS))
    told += _rewritings(tables.operations, "id", [row_of_operation(each) for each in operations], _OF_OPERATIONS)
    return all(connection.execute(each).rowcount for each in told)


_OF_EVENTS = ("cause", "changes", "details")
_OF_OPERATIONS = ("cause", "commands")


def _rewritings(rows: Rows, key: str, written: Sequence[Row], names: Sequence[str]) -> Iterator[sa.Update]:
    columns: Any = rows.table.c
    for values in rows.encode(written):
        by_name = dict(zip([column.name for column in rows.table.columns], values, strict=True))
        yield rows.table.update().where(columns[key] == by_name[key]).values({name: by_name[name] for name in names})
