"""Whether a database has the tables of a model: made where there are none, compared where there are."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from crmkit.core.kernel.errors import SchemaOutdated
from crmkit.storage.tables import Tables


def create(connection: sa.Connection, tables: Tables, prefix: str) -> None:
    """Make all tables, unless there are some whose names begin with the prefix.

    :raises SchemaOutdated: those are not what the model needs; names the differences
    """
    with tables.dialect.alone(connection, prefix):
        _create(connection, tables, prefix)


def found(connection: sa.Connection, prefix: str) -> set[str]:
    """The tables whose names begin with the prefix."""
    return {name for name in sa.inspect(connection).get_table_names() if name.lower().startswith(prefix)}


def _create(connection: sa.Connection, tables: Tables, prefix: str) -> None:
    there = found(connection, prefix)
    if not there:
        for statement in tables.ddl(connection.dialect):
            connection.exec_driver_sql(statement)
        return
    differences = list(_differences(connection, tables, there))
    if differences:
        raise SchemaOutdated(
            f"the tables {prefix}* were made for other fields: {'; '.join(differences)}",
            hint="open the database with the entities and extensions that it was made for, or begin a new one",
            facts={"differences": differences},
        )


def _differences(connection: sa.Connection, tables: Tables, there: set[str]) -> Iterator[str]:
    """What is missing, what is too much, and what is otherwise, table by table."""
    for name, table in tables.metadata.tables.items():
        if name not in there:
            yield f"there is no table {name}"
            continue
        kept = tables.dialect.columns(connection, name)
        meant = {column.name: _declared(column, connection.dialect) for column in table.columns}
        yield from (f"{name} has no column {column}" for column in meant if column not in kept)
        yield from (f"{name} has a column {column} too many" for column in kept if column not in meant)
        for column, declared in meant.items():
            if kept.get(column, declared).lower() != declared.lower():
                yield f"{name}.{column} is {kept[column]}, not {declared}"
        indexes = {index["name"] for index in sa.inspect(connection).get_indexes(name)}
        named = map(connection.dialect.identifier_preparer.format_index, table.indexes)
        missing = sorted(str(index) for index in named if index not in indexes)
        yield from (f"{name} has no index {index}" for index in missing)
    yield from (f"there is a table {name} too many" for name in sorted(there - set(tables.metadata.tables)))


def _declared(column: sa.Column[object], dialect: sa.Dialect) -> str:
    return f"{column.type.compile(dialect=dialect)}{'' if column.nullable else ' NOT NULL'}"
