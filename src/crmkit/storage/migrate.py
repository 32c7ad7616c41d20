"""From the tables that there are to those that a model needs, by adding only; Alembic says it in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from attrs import field, frozen
from sqlalchemy.exc import IntegrityError

from crmkit.core.kernel.errors import MissingExtra, SchemaOutdated
from crmkit.storage.difference import Difference, Widened
from crmkit.storage.schema import differences, found, note, outdated
from crmkit.storage.tables import Tables


def migrate(connection: sa.Connection, tables: Tables, prefix: str, *, dry: bool) -> tuple[str, ...]:
    """Add what is missing; returns the statements that did, or with `dry` would do, so.

    Where a database cannot undo them (MariaDB), it may be killed between two of them: the next call does the rest.

    :raises SchemaOutdated: something is otherwise, or two records agree on a new unique key; nothing is done
    :raises MissingExtra: Alembic is not installed
    """
    with tables.dialect.alone(connection, prefix):
        there = found(connection, tables)
        needed = list(differences(connection, tables, there))
        if any(each.adds is None for each in needed):
            raise outdated(prefix, needed)
        statements = tuple(_statements(connection.dialect, tables, needed))
        _refuse_duplicates(connection, needed)
        if not dry:
            _do(connection, statements)
            note(connection, tables)
        return statements


def _do(connection: sa.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        try:
            connection.exec_driver_sql(statement)
        except IntegrityError as error:  # somebody was quicker than the look at what there is
            raise SchemaOutdated("the records there are contradict what is to be added", hint=statement) from error


def _statements(driver: sa.Dialect, tables: Tables, needed: Sequence[Difference]) -> Iterator[str]:
    """Tables first, for columns lead to them; indexes of one table together, behind its columns."""
    additions = [each.adds for each in needed]
    new = [each for each in additions if isinstance(each, sa.Table)]
    for table in tables.metadata.tables.values():
        if table in new:
            yield from (each.strip() for each in tables.creation(table, driver))
    changed = [each for each in additions if isinstance(each, sa.Column | Widened)]
    if changed:
        yield from _changed(driver, changed)
    indexes = [each for each in additions if isinstance(each, sa.Index)]
    for table in tables.metadata.tables.values():
        yield from tables.dialect.indexes([each for each in indexes if each.table is table], driver)


@frozen
class _Said:
    """What Alembic writes its statements to."""

    statements: list[str] = field(factory=list)

    def write(self, text: str) -> None:
        self.statements.append(text.strip().removesuffix(";"))

    def flush(self) -> None:
        """Everything is said already."""


def _changed(driver: sa.Dialect, changed: Sequence[sa.Column[object] | Widened]) -> list[str]:
    try:
        from alembic.migration import MigrationContext
        from alembic.operations import Operations
    except ImportError:
        raise MissingExtra("migrations") from None
    said = _Said()
    context = MigrationContext.configure(dialect=driver, opts={"as_sql": True, "output_buffer": said})
    operations = Operations(context)
    for each in changed:
        if isinstance(each, Widened):
            column = each.column
            operations.alter_column(
                column.table.name,
                column.name,
                type_=column.type,
                existing_nullable=column.nullable,
                existing_server_default=column.server_default,
            )
        else:
            operations.add_column(each.table.name, _alone(each), inline_references=True)
    return said.statements


def _alone(column: sa.Column[object]) -> sa.Column[object]:
    """The column outside of its table; where it leads is said with it."""
    keys = [sa.ForeignKey(f"{key.column.table.name}.{key.column.name}") for key in column.foreign_keys]
    return sa.Column(column.name, column.type, *keys, nullable=column.nullable, server_default=column.server_default)


def _refuse_duplicates(connection: sa.Connection, needed: Sequence[Difference]) -> None:
    """Look, before anything is done, whether the records there are allow each unique key."""
    missing = {each.adds for each in needed if isinstance(each.adds, sa.Column | sa.Table)}
    for index in (each.adds for each in needed if isinstance(each.adds, sa.Index)):
        table = index.table
        if table is None or not index.unique or table in missing:
            continue
        if any(column in missing and column.server_default is None for column in index.columns):
            continue  # missing in every record, and so held by none of them
        there = [column for column in index.columns if column not in missing]
        held = sa.select(sa.func.count().label("many")).where(*(column.is_not(None) for column in there))
        most = held.select_from(table).group_by(*there).order_by(sa.desc("many")).limit(1)
        if (connection.scalar(most) or 0) > 1:
            paths = ", ".join(column.name for column in index.columns)
            raise SchemaOutdated(
                f"{table.name} has records that agree on {paths}, which are to be unique",
                hint="tell them apart, then migrate again",
                facts={"table": table.name, "columns": [column.name for column in index.columns]},
            )
