"""Whether a database has the tables of a model: made where there are none, compared where there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from crmkit.core.kernel.errors import SchemaOutdated
from crmkit.storage.blueprint import Blueprint, declared, drawn, read
from crmkit.storage.difference import Difference, Widened, wider
from crmkit.storage.tables import Tables

_OTHERS: Final = "open the database with the entities and extensions that it was made for"


def as_made(connection: sa.Connection, tables: Tables) -> bool:
    """Whether the tables were made as the model needs them, by the fingerprints that are kept beside them.

    :raises StoreError: there is nothing of the kind
    """
    return _fingerprints(connection, tables) == {
        name: blueprint.fingerprint for name, blueprint in _drawn(connection, tables).items()
    }


def create(connection: sa.Connection, tables: Tables, prefix: str) -> None:
    """Make all tables, unless there are some of this CRM: those are compared, one by one.

    :raises SchemaOutdated: those are not what the model needs; names the differences
    """
    with tables.dialect.alone(connection, prefix):
        there = found(connection, tables)
        if not there:
            for statement in tables.ddl(connection.dialect):
                connection.exec_driver_sql(statement)
        missing = list(differences(connection, tables, there)) if there else []
        if missing:
            raise outdated(prefix, missing)
        note(connection, tables)


def found(connection: sa.Connection, tables: Tables) -> set[str]:
    """The tables of this CRM: those of its model, and those that it was made of before.

    Others are the host's, or those of another CRM, also if their names begin with the prefix.
    """
    there = set(sa.inspect(connection).get_table_names())
    return there & (tables.metadata.tables.keys() | _blueprints(connection, tables, there).keys())


def note(connection: sa.Connection, tables: Tables) -> None:
    """Keep beside the tables what they are made as, if that is not there yet."""
    meant = _drawn(connection, tables)
    if _fingerprints(connection, tables) != {name: each.fingerprint for name, each in meant.items()}:
        connection.execute(tables.made.delete())
        for name, each in meant.items():
            values = {"name": name, "fingerprint": each.fingerprint, "blueprint": each.text}
            connection.execute(tables.made.insert(), values)


def outdated(prefix: str, differences: Sequence[Difference]) -> SchemaOutdated:
    """What to raise for a database that is otherwise, in words that say which of the two is older."""
    says = [each.says for each in differences]
    listed, facts = "; ".join(says), {"differences": says}
    if all(each.surplus for each in differences):
        newer = f"the tables {prefix}* are newer than this program, or made for more than it was given: {listed}"
        return SchemaOutdated(newer, hint=f"{_OTHERS}, or with the program that they were made by", facts=facts)
    older = f"the tables {prefix}* were made for other fields: {listed}"
    if all(each.adds is not None for each in differences):
        return SchemaOutdated(older, hint="crmkit migrate adds what is missing", facts=facts)
    undone = [each.says for each in differences if each.adds is None]
    return SchemaOutdated(older, hint=f"{_OTHERS}: crmkit migrate only adds", facts={**facts, "not_by_migrate": undone})


def differences(connection: sa.Connection, tables: Tables, there: Collection[str]) -> Iterator[Difference]:
    """What is missing, what is too much, and what is otherwise, table by table, as the database itself has it."""
    kept = _blueprints(connection, tables, there)
    for name, meant in _drawn(connection, tables).items():
        table = tables.metadata.tables[name]
        if name not in there:
            yield Difference(f"there is no table {name}", adds=table)
            continue
        yield from _columns(connection, tables, table)
        yield from _references(connection, tables, table)
        yield from _indexes(connection, table)
        yield from _otherwise(table, meant, kept.get(name))
    surplus = sorted(set(there) - set(tables.metadata.tables))
    yield from (Difference(f"there is a table {name} too many", surplus=True) for name in surplus)


def _columns(connection: sa.Connection, tables: Tables, table: sa.Table) -> Iterator[Difference]:
    kept = tables.dialect.columns(connection, table.name)
    for column in table.columns:
        meant = declared(column, connection.dialect)
        if column.name not in kept:
            without = f"{table.name} has no column {column.name}"
            if column.nullable or column.server_default is not None:
                yield Difference(without, adds=column)
            else:
                yield Difference(f"{without}, and the rows there are have no value for it")
        elif kept[column.name].lower() != meant.lower():
            differs = f"{table.name}.{column.name} is {kept[column.name]}, not {meant}"
            yield Difference(differs, adds=Widened(column) if wider(kept[column.name], meant) else None)
    surplus = [name for name in kept if name not in table.columns]
    yield from (Difference(f"{table.name} has a column {name} too many", surplus=True) for name in surplus)


def _references(connection: sa.Connection, tables: Tables, table: sa.Table) -> Iterator[Difference]:
    """Of columns that are there."""
    there, keys = tables.dialect.columns(connection, table.name), sa.inspect(connection).get_foreign_keys(table.name)
    kept = {key["constrained_columns"][0]: key["referred_table"] for key in keys}
    meant = {key.parent.name: key.column.table.name for key in table.foreign_keys if key.parent.name in there}
    for column in sorted(kept.keys() | meant.keys()):
        if column in table.columns and kept.get(column) != meant.get(column):
            yield Difference(f"{table.name}.{column} leads to {kept.get(column)}, not to {meant.get(column)}")


def _indexes(connection: sa.Connection, table: sa.Table) -> Iterator[Difference]:
    kept = {index["name"] for index in sa.inspect(connection).get_indexes(table.name)}
    named = {connection.dialect.identifier_preparer.format_index(index): index for index in table.indexes}
    for name in sorted(named.keys() - kept):
        yield Difference(f"{table.name} has no index {name}", adds=named[name])


def _otherwise(table: sa.Table, meant: Blueprint, kept: Blueprint | None) -> Iterator[Difference]:
    """What no catalogue tells in words that can be compared, of what was there when the table was made."""
    if kept is None:
        return
    for column in sorted(kept.columns.keys() & meant.columns.keys()):
        before, after = kept.defaults.get(column), meant.defaults.get(column)
        if before != after:
            yield Difference(f"{table.name}.{column} was {before or 'nothing'} unless it was said, not {after}")
    for index in sorted(kept.indexes.keys() & meant.indexes.keys()):
        if kept.indexes[index] != meant.indexes[index]:
            yield Difference(f"{table.name} has another index {index}")


def _drawn(connection: sa.Connection, tables: Tables) -> Mapping[str, Blueprint]:
    driver = connection.dialect
    return {name: drawn(table, tables.dialect, driver) for name, table in tables.metadata.tables.items()}


def _fingerprints(connection: sa.Connection, tables: Tables) -> dict[str, str]:
    kept = connection.execute(sa.select(tables.made.c.name, tables.made.c.fingerprint))
    return {row.name: row.fingerprint for row in kept}


def _blueprints(connection: sa.Connection, tables: Tables, there: Collection[str]) -> Mapping[str, Blueprint]:
    if tables.made.name not in there:
        return {}
    kept = connection.execute(sa.select(tables.made.c.name, tables.made.c.blueprint))
    return {row.name: read(row.blueprint) for row in kept}
