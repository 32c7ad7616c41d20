"""What one database has of its own: how it keeps values, and the expressions that no two databases share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Context, Decimal
from typing import Any, Final, Protocol

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Executable, FromClause, Index, Select, Table
from sqlalchemy.types import TypeEngine, UserDefinedType

from crmkit.core.kernel.criteria import Calendar
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.money import DECIMALS

MILLIARD: Final = 10**9

_EXACT: Final = Context(prec=60)  # room for any sum of amounts, whatever precision the host works with


def in_units(amount: Decimal) -> int:
    """The amount in units of the last decimal that there may be."""
    return int(_EXACT.scaleb(amount, DECIMALS))


def amount_of(units: int) -> Decimal:
    """The amount of this many units."""
    return _EXACT.scaleb(units, -DECIMALS)


class Bare(UserDefinedType[Any]):
    """A column type by its name, whose values the driver takes and gives as they are."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        """The name, as it stands in CREATE TABLE."""
        return self.name


@frozen
class Kept:
    """How the values of one scalar stand in their columns: as they are, where there is no function."""

    type: TypeEngine[Any]
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None


def in_order(table: Table) -> list[Index]:
    """The indexes of a table by their names."""
    return sorted(table.indexes, key=lambda index: str(index.name))


class Dialect(Protocol):
    """One kind of database; whatever else this package says, every one of them reads alike.

    Expressions are made of values as they are kept; of a missing value they are missing or false.
    """

    @property
    def kept(self) -> Mapping[Scalar, Kept]:
        """How values stand in columns, by their scalar."""
        ...

    @property
    def forgiving(self) -> bool:
        """A statement that a key refuses is as if it had never been said; otherwise the transaction is lost with it."""
        ...

    @property
    def folded(self) -> TypeEngine[Any]:
        """The type of the columns with the folds of names."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """What SQLAlchemy is to say of every table."""
        ...

    @property
    def room(self) -> Mapping[str, Any]:
        """What it is to say besides of tables whose rows are changed again and again."""
        ...

    @property
    def takes_turns(self) -> bool:
        """Whether who writes does so alone, so that the order of writing is that of the commits."""
        ...

    def packed(self, cells: Sequence[ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
        """What to select for these cells of each row: the cells, or what brings them all."""
        ...

    def unpacked(self, found: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """The cells of rows that were selected so, for `Kept.decode`."""
        ...

    def contains(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        """The needle, which is not empty, is somewhere in the text, by code point."""
        ...

    def tagged(self, tags: ColumnElement[Any], tag: ColumnElement[Any]) -> ColumnElement[bool]:
        """The tag is one of these tags."""
        ...

    def among(self, id: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
        """The id is one of these, in an UPDATE: it asks for the ids once, then for the row of each."""
        ...

    def part(self, day: ColumnElement[Any], part: Calendar) -> ColumnElement[int]:
        """The year, month or day of a date."""
        ...

    def month(self, time: ColumnElement[Any]) -> ColumnElement[str]:
        """Year and month of a date, or of a moment in UTC: 2025-03."""
        ...

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """From some instant, always the same, to this moment."""
        ...

    def units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """An amount as a whole number, see `in_units`."""
        ...

    def total(self, number: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Milliards and the rest of the exact sum, of any number of whole numbers."""
        ...

    def json(self, cell: ColumnElement[Any], scalar: Scalar) -> ColumnElement[str]:
        """The canonical JSON of a value of this scalar, as a text that reads back as what `to_json` gives.

        Ids in small letters with hyphens, amounts as texts with four digits behind the point, moments as
        2025-03-01T09:30:00.000000Z, dates 2025-03-01, flags true and false, tags as a sorted array, whole numbers bare.
        Of a missing value it may be anything: nobody asks.
        """
        ...

    def custom(self, values: ColumnElement[Any], key: str, scalar: Scalar) -> ColumnElement[Any]:
        """The value under a key of a JSON object, as a column of this scalar keeps it; the key is a parameter."""
        ...

    def table(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """Rows that come with the statement, however many; quick to be joined by the first column, a text."""
        ...

    def indexes(self, indexes: Sequence[Index], driver: sa.Dialect) -> Sequence[str]:
        """The statements that make indexes of one table, however wide their columns are."""
        ...

    def deletion(self, table: Table, ids: Sequence[Any]) -> Sequence[Executable]:
        """The statements that delete these rows, some of which may lead to others of them."""
        ...

    def added(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Executable:
        """The statement that adds those of these rows whose primary key is free, and locks those that have it.

        It waits for whoever is about to add or to delete the same. Two rows of one key are not among them.
        """
        ...

    def alone(self, connection: Connection, what: str) -> AbstractContextManager[object]:
        """While it lasts, everybody else who wants to be alone with this waits."""
        ...

    def columns(self, connection: Connection, table: str) -> dict[str, str]:
        """The columns that a table in the database has: name and type, with NOT NULL where it is so."""
        ...
