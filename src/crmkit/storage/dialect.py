"""What one database has of its own: how it keeps values, and the expressions that no two databases share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, FromClause
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.criteria import Calendar
from crmkit.core.kernel.fields import Scalar

MILLIARD: Final = 10**9


@frozen
class Kept:
    """How the values of one scalar stand in their columns: as they are, where there is no function."""

    type: TypeEngine[Any]
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None


class Dialect(Protocol):
    """One kind of database; whatever else this package says, every one of them reads alike.

    Expressions are made of values as they are kept; of a missing value they are missing or false.
    """

    @property
    def kept(self) -> Mapping[Scalar, Kept]:
        """How values stand in columns, by their scalar."""
        ...

    def contains(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        """The needle, which is not empty, is somewhere in the text, by code point."""
        ...

    def tagged(self, tags: ColumnElement[Any], tag: ColumnElement[Any]) -> ColumnElement[bool]:
        """The tag is one of these tags."""
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

    def total(self, number: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Milliards and the rest of the exact sum, of any number of numbers."""
        ...

    def json(self, cell: ColumnElement[Any], scalar: Scalar) -> ColumnElement[str]:
        """The canonical JSON of a value of this scalar, as a text that reads back as what `to_json` gives.

        Ids in small letters with hyphens, amounts as texts with four digits behind the point, moments as
        2025-03-01T09:30:00.000000Z, dates 2025-03-01, flags true and false, tags as a sorted array, whole numbers bare.
        Of a missing value it may be anything: nobody asks.
        """
        ...

    def table(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """Rows that come with the statement, however many; quick to be joined by the value of one column."""
        ...

    def columns(self, connection: Connection, table: str) -> dict[str, str]:
        """The columns that a table in the database has: name and type, with NOT NULL where it is so."""
        ...
