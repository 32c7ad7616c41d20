"""SQLite's own ways: numbers that stay exact, times as texts that sort, tags as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    FromClause,
    Index,
    Integer,
    Select,
    String,
    Table,
    Text,
    case,
    cast,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.criteria import Calendar
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id, id_of
from crmkit.core.kernel.money import DECIMALS
from crmkit.storage import customs, tags
from crmkit.storage.dialect import MILLIARD, Bare, Kept, amount_of, in_units

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_UNITS: Final = 10**DECIMALS
_UUID: Final = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))  #: where the groups of its digits begin, and their lengths
_PARTS: Final = {Calendar.YEAR: (1, 4), Calendar.MONTH: (6, 2), Calendar.DAY: (9, 2)}


def _bytes(id: Id[Any]) -> bytes:
    return id.int.to_bytes(16, "big")


def _id(kept: bytes) -> Id[Any]:
    return id_of(int.from_bytes(kept)) if len(kept) == 16 else Id(bytes=kept)


def _written(moment: datetime) -> str:
    return moment.isoformat(" ", "microseconds")[:26]  # `strftime` writes the year 1 as 1


def _moment(kept: str) -> datetime:
    return datetime.fromisoformat(f"{kept}Z")


class SQLiteDialect:
    """SQLite with texts in UTF-8: there the order of bytes is that of code points, and no text has a length to keep."""

    kept: Final[Mapping[Scalar, Kept]] = {
        Scalar.ID: Kept(Bare("BLOB(16)"), _bytes, _id),
        Scalar.CODE: Kept(Text()),
        Scalar.NAME: Kept(Text()),
        Scalar.TEXT: Kept(Text()),
        Scalar.CHOICE: Kept(Text()),
        Scalar.INTEGER: Kept(BigInteger()),
        Scalar.FLAG: Kept(Bare("BOOLEAN"), int, bool),
        Scalar.AMOUNT: Kept(BigInteger(), in_units, amount_of),
        Scalar.DATE: Kept(Text(), date.isoformat, date.fromisoformat),
        Scalar.MOMENT: Kept(Text(), _written, _moment),
        Scalar.TAGS: Kept(Text(), tags.written, tags.read),
        Scalar.CUSTOM: Kept(Text(), customs.written, customs.read),
    }
    takes_turns: Final = True
    forgiving: Final = True
    folded: Final[TypeEngine[Any]] = Text()
    options: Final[Mapping[str, Any]] = {}
    room: Final[Mapping[str, Any]] = {}

    def packed(self, cells: Sequence[ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
        """As they are: the driver is quick."""
        return cells

    def unpacked(self, found: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """As they are."""
        return found

    def contains(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        """As `instr` finds it; LIKE would fold letters and know wildcards."""
        return func.instr(text, needle, type_=Integer()) > 0

    def tagged(self, tags: ColumnElement[Any], tag: ColumnElement[Any]) -> ColumnElement[bool]:
        """As JSON reads it."""
        return exists().where(func.json_each(tags).table_valued("value").c.value == tag)

    def among(self, id: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
        """As it is."""
        return id.in_(ids)

    def part(self, day: ColumnElement[Any], part: Calendar) -> ColumnElement[int]:
        """A number, out of the text."""
        return cast(func.substr(day, *_PARTS[part]), Integer)

    def month(self, time: ColumnElement[Any]) -> ColumnElement[str]:
        """The beginning of the text."""
        return func.substr(time, 1, 7, type_=String())

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """From 1970 on: whole seconds, and the digits behind the point, which SQLite itself would round."""
        seconds = cast(func.strftime("%s", func.substr(moment, 1, 19)), BigInteger)
        return seconds * 1_000_000 + cast(func.substr(moment, 21, 6), BigInteger)

    def units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """As it is kept."""
        return amount

    def total(self, number: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Each summed by itself: SUM itself ends at 64 bits."""
        return func.sum(number // MILLIARD), func.sum(number % MILLIARD)

    def json(self, cell: ColumnElement[Any], scalar: Scalar) -> ColumnElement[str]:
        """Texts as SQLite quotes them, tags as they are kept."""
        match scalar:
            case Scalar.TAGS:
                return cell
            case Scalar.INTEGER:
                return cast(cell, Text)
            case Scalar.FLAG:
                return case((cell == 1, "true"), (cell == 0, "false"))
            case Scalar.AMOUNT:
                size, sign = func.abs(cell), case((cell < 0, "-"), else_="")
                return func.printf('"%s%d.%04d"', sign, size // _UNITS, size % _UNITS, type_=Text())
            case Scalar.ID:
                digits = func.lower(func.hex(cell))
                parts = [func.substr(digits, start, length) for start, length in _UUID]
                return func.printf('"%s-%s-%s-%s-%s"', *parts, type_=Text())
            case Scalar.MOMENT:
                return func.printf('"%sT%sZ"', func.substr(cell, 1, 10), func.substr(cell, 12), type_=Text())
            case _:
                return func.json_quote(cell, type_=Text())

    def custom(self, values: ColumnElement[Any], key: str, scalar: Scalar) -> ColumnElement[Any]:
        """As JSON reads it: a number, a flag or a text; what is kept in other forms, out of its text."""
        value = func.json_extract(values, literal(f'$."{key}"', Text()), type_=self.kept[scalar].type)
        match scalar:
            case Scalar.AMOUNT:
                return cast(func.replace(value, ".", ""), BigInteger)
            case Scalar.MOMENT:
                return func.replace(func.substr(value, 1, 26), "T", " ", type_=Text())
            case _:
                return value

    def table(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """One JSON text, in it the rows by their first cell.

        DISTINCT makes SQLite read it once, not once per row that is joined to it. Of two levels it expects enough rows
        to index them by the first cell; of one level it expects 25, and goes through all of them again and again.
        """
        first, *others = columns
        by_first: dict[str, list[Sequence[Any]]] = {}
        for row in rows:
            by_first.setdefault(row[0], []).append(row[1:])
        groups = func.json_each(literal(_JSON(by_first), Text())).table_valued("key", "value")
        cells = func.json_each(groups.c.value).table_valued("value", joins_implicitly=True).c.value
        values = [
            func.json_extract(cells, f"$[{place}]", type_=columns[name]).label(name)
            for place, name in enumerate(others)
        ]
        return select(groups.c.key.label(first), *values).distinct().subquery()

    def indexes(self, indexes: Sequence[Index], driver: Dialect) -> Sequence[str]:
        """One statement each."""
        return tuple(str(CreateIndex(index).compile(dialect=driver)) for index in indexes)

    def deletion(self, table: Table, ids: Sequence[Any]) -> Sequence[Executable]:
        """One statement, after which keys are looked at."""
        return (table.delete().where(table.c.id.in_(ids)),)

    def added(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Executable:
        """Those that are there are given what they have."""
        same = {column.name: column for column in table.columns if not column.primary_key}
        return insert(table).values(list(rows)).on_conflict_do_update(index_elements=table.primary_key, set_=same)

    def alone(self, connection: Connection, what: str) -> AbstractContextManager[object]:  # noqa: ARG002
        """As every transaction is."""
        return nullcontext()

    def columns(self, connection: Connection, table: str) -> dict[str, str]:
        """As SQLite keeps them: in the words of CREATE TABLE."""
        found = connection.exec_driver_sql('SELECT name, type, "notnull" FROM pragma_table_info(?)', (table,))
        return {name: f"{type} NOT NULL" if needed else type for name, type, needed in found}
