"""The tables that a model amounts to, and the way of rows into them and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from attrs import field, frozen
from sqlalchemy.schema import CreateTable

from crmkit.core.kernel.columns import Column, from_json
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.model import EntityModel, Model
from crmkit.core.kernel.text import fold
from crmkit.storage.converters import Convert, decoder, encoder
from crmkit.storage.dialect import Dialect, in_order

#: What the journal keeps of an event.
EVENT: Final = (
    Column(path="sequence", scalar=Scalar.INTEGER),
    Column(path="at", scalar=Scalar.MOMENT),
    Column(path="occurred", scalar=Scalar.MOMENT),
    Column(path="by", scalar=Scalar.ID),
    Column(path="operation", scalar=Scalar.ID),
    Column(path="cause", scalar=Scalar.TEXT),
    Column(path="kind", scalar=Scalar.CODE),
    Column(path="record", scalar=Scalar.ID),
    Column(path="version", scalar=Scalar.INTEGER),
    Column(path="name", scalar=Scalar.CODE),
    Column(path="changes", scalar=Scalar.TEXT),  #: JSON
    Column(path="details", scalar=Scalar.TEXT),  #: JSON
)

#: What is kept of an operation.
OPERATION: Final = (
    Column(path="id", scalar=Scalar.ID),
    Column(path="actor", scalar=Scalar.ID),
    Column(path="at", scalar=Scalar.MOMENT),
    Column(path="cause", scalar=Scalar.TEXT),
    Column(path="commands", scalar=Scalar.TEXT),  #: JSON: name, digest and outcome of each
    Column(path="position", scalar=Scalar.INTEGER, nullable=True),  #: in the feed, once it has one
)

COUNTER: Final = (Column(path="key", scalar=Scalar.CODE), Column(path="value", scalar=Scalar.INTEGER))

#: Who holds which key of a space.
RESERVED: Final = (
    Column(path="space", scalar=Scalar.CODE),
    Column(path="key", scalar=Scalar.CODE),
    Column(path="holder", scalar=Scalar.ID),
)

KEPT_BESIDE: Final = {
    "journal": "events are",
    "operation": "operations are",
    "counter": "counters are",
    "reserved": "the holders of keys are",
    "schema": "what tables were made as is",
}


_SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # where only an INTEGER is given by itself


_PREFIX: Final = re.compile(r"(?!sqlite_)[a-z][a-z0-9_]{0,30}")


@frozen(eq=False)
class Rows:
    """A table, the columns of its rows in their order, and the two ways between them."""

    table: sa.Table
    columns: tuple[Column, ...]
    dialect: Dialect
    encode: Convert = field(init=False)
    decode: Convert = field(init=False)

    @encode.default
    def _to_cells(self) -> Convert:
        return encoder(self.columns, self.dialect.kept)

    @decode.default
    def _from_cells(self) -> Convert:
        decode = decoder(self.columns, self.dialect.kept)
        return lambda found: decode(self.dialect.unpacked(found))

    def select(self) -> sa.Select[Any]:
        """What `decode` reads, of all rows: folds are there to be compared only."""
        return sa.select(*self.dialect.packed([self.table.c[column.name] for column in self.columns]))

    def stored(self, column: Column) -> tuple[str, ...]:
        """The table's columns in which a column of the row stands."""
        return (column.name, compared(column)) if column.scalar is Scalar.NAME else (column.name,)


@frozen(eq=False)
class Tables:
    """All tables of one CRM, in one kind of database."""

    dialect: Dialect
    metadata: sa.MetaData
    kinds: Mapping[str, Rows]
    journal: Rows
    operations: Rows
    counters: Rows
    reserved: Rows
    made: sa.Table  #: of each table, what it was made as

    def stored(self, scalar: Scalar, value: Any) -> Any:
        """A single value as its column keeps it."""
        encode = self.dialect.kept[scalar].encode
        return value if encode is None else encode(value)

    def read(self, scalar: Scalar, stored: Any) -> Any:
        """The value that a column keeps so."""
        decode = self.dialect.kept[scalar].decode
        return stored if decode is None else decode(stored)

    def ddl(self, dialect: sa.Dialect) -> tuple[str, ...]:
        """The statements that create them, parents first."""
        return tuple(each.strip() for each in self._creations(dialect))

    def _creations(self, dialect: sa.Dialect) -> Iterator[str]:
        for table in self.metadata.tables.values():
            yield from self.creation(table, dialect)

    def creation(self, table: sa.Table, dialect: sa.Dialect) -> Iterator[str]:
        """The statements that create one of them, and its indexes."""
        yield str(CreateTable(table).compile(dialect=dialect))
        yield from self.dialect.indexes(in_order(table), dialect)


def checked_prefix(prefix: object) -> str:
    """The prefix itself.

    :raises Invalid: no table's name can begin with it
    """
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise Invalid("prefix", f"got {shape(prefix)}", accepts="up to 31 lower-case letters, digits and underscores")
    return prefix


def compared(column: Column) -> str:
    """The name of the table's column by which values compare: for a NAME, the one with their folds."""
    return f"{column.name}_fold" if column.scalar is Scalar.NAME else column.name


def tables(model: Model, dialect: Dialect, prefix: str) -> Tables:
    """The tables of a model, their names beginning with `prefix`.

    :raises DefinitionError: two of them, or two columns of one, would have the same name
    """
    metadata = sa.MetaData(naming_convention=_NAMES)
    kinds = {kind: _kind(metadata, each, dialect, prefix) for kind, each in model.entities.items()}
    for name in KEPT_BESIDE.keys() & kinds.keys():
        raise DefinitionError(f"a kind cannot be named «{name}»", hint=f"that is where {KEPT_BESIDE[name]} kept")
    beside = partial(_beside, metadata, dialect)
    return Tables(
        dialect,
        metadata,
        kinds,
        _journal(metadata, dialect, prefix),
        beside(f"{prefix}operation", OPERATION, sa.Index(None, "position", unique=True)),
        beside(f"{prefix}counter", COUNTER),
        beside(f"{prefix}reserved", RESERVED, sa.Index(None, "holder"), key=2),
        _made(metadata, dialect, prefix),
    )


def _kind(metadata: sa.MetaData, model: EntityModel, dialect: Dialect, prefix: str) -> Rows:
    columns = [built for column in model.columns for built in _columns(column, dialect)]
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(f"two fields of {model.kind} need the column {name}", hint="names have a second one")
    references = [
        sa.ForeignKeyConstraint([column.name], [f"{prefix}{column.target}.id"])
        for column in model.columns
        if column.target
    ]
    indexes = [sa.Index(None, *paths, unique=unique) for paths, unique in _indexes(model).items()]
    table = sa.Table(
        f"{prefix}{model.kind}",
        metadata,
        *columns,
        *references,
        *indexes,
        **dialect.options,
        **dialect.room,
    )
    return Rows(table, model.columns, dialect)


def _columns(column: Column, dialect: Dialect) -> Iterator[sa.Column[Any]]:
    """The column, and behind a name that of its folds."""
    how = dialect.kept[column.scalar]
    value = from_json(column.scalar, column.default)
    yield sa.Column(
        column.name,
        how.type,
        nullable=column.nullable,
        primary_key=column.path == "id",
        server_default=_default(how.encode(value) if how.encode and value is not None else value),
    )
    if column.scalar is Scalar.NAME:
        folded = None if value is None else fold(value)
        yield sa.Column(compared(column), dialect.folded, nullable=column.nullable, server_default=_default(folded))


def _default(value: Any) -> Any:
    return sa.literal(value) if value is not None else None


def _indexes(model: EntityModel) -> dict[tuple[str, ...], bool]:
    """The columns that are indexed together, and whether they are unique; references are always to be found."""
    found: dict[tuple[str, ...], bool] = {}
    for index in model.indexes:
        names = tuple(compared(model.by_path[path]) for path in index.paths)
        found[names] = index.unique or found.get(names, False)
    first = {names[0] for names in found}
    return found | {(column.name,): False for column in model.columns if column.target and column.name not in first}


def _journal(metadata: sa.MetaData, dialect: Dialect, prefix: str) -> Rows:
    kept = dialect.kept
    table = sa.Table(
        f"{prefix}journal",
        metadata,
        sa.Column("sequence", _SEQUENCE, sa.Identity(always=True), primary_key=True),
        *(sa.Column(column.name, kept[column.scalar].type, nullable=False) for column in EVENT[1:]),
        sa.Index(None, "operation", "sequence"),
        sa.Index(None, "record", "kind", "version", unique=True),  # the record first, as some ask for it alone
        **dialect.options,
    )
    return Rows(table, EVENT, dialect)


def by_operation(journal: sa.Table) -> str:
    """The name of the index by which the events of an operation are found."""
    return next(str(index.name) for index in journal.indexes if "operation" in index.columns)


def _beside(
    metadata: sa.MetaData, dialect: Dialect, name: str, columns: tuple[Column, ...], *indexes: sa.Index, key: int = 1
) -> Rows:
    """A table of what is no record; of its columns the first are the `key`."""
    kept = dialect.kept
    made = [
        sa.Column(
            column.name,
            kept[column.scalar].type,
            primary_key=place < key,
            nullable=column.nullable,
            autoincrement=False,
        )
        for place, column in enumerate(columns)
    ]
    table = sa.Table(name, metadata, *made, *indexes, **dialect.options)
    return Rows(table, columns, dialect)


def _made(metadata: sa.MetaData, dialect: Dialect, prefix: str) -> sa.Table:
    code, text = dialect.kept[Scalar.CODE].type, dialect.kept[Scalar.TEXT].type
    return sa.Table(
        f"{prefix}schema",
        metadata,
        sa.Column("name", code, primary_key=True),
        sa.Column("fingerprint", code, nullable=False),
        sa.Column("blueprint", text, nullable=False),
        **dialect.options,
    )


def _named(of: sa.ForeignKeyConstraint | sa.Index, table: sa.Table) -> str:
    """Two underscores keep apart what names have one of: (a_b, c) is not (a, b_c)."""
    return "__".join([table.name, *(column.name for column in of.columns)])


def _index(of: sa.Index, table: sa.Table) -> str:
    return f"{'uq' if of.unique else 'ix'}_{_named(of, table)}"


_NAMES: Final[Mapping[str, Any]] = {"named": _named, "index": _index, "fk": "fk_%(named)s", "ix": "%(index)s"}
