"""What is said to a database, seen where SQLAlchemy and the driver are about to say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from crmkit.storage.line import Line


@contextmanager
def said() -> Iterator[list[str]]:
    """The statements of all connections, in their order; one that is said with many parameters is one."""
    statements: list[str] = []

    def by_sqlalchemy(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    kept = {name: getattr(Line, name) for name in ("say", "rows", "portions", "changed")}

    def by_the_driver(name: str) -> Any:
        def told(line: Line, sql: str, *parameters: Any) -> Any:
            statements.append(sql)
            return kept[name](line, sql, *parameters)

        return told

    sa.event.listen(sa.Engine, "before_cursor_execute", by_sqlalchemy)
    for name in kept:
        setattr(Line, name, by_the_driver(name))
    try:
        yield statements
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", by_sqlalchemy)
        for name, method in kept.items():
            setattr(Line, name, method)
