"""PostgreSQL's own ways: types that keep every value as it is, texts by code point, tags as jsonb."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

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
    cast,
    column,
    extract,
    func,
    literal,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, insert
from sqlalchemy.schema import CreateIndex
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.criteria import Calendar
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id, id_of
from crmkit.core.kernel.money import DECIMALS
from crmkit.core.kernel.text import LONGEST_CODE, LONGEST_FOLD, LONGEST_NAME
from crmkit.storage import customs, tags
from crmkit.storage.dialect import MILLIARD, Bare, Kept

FULL: Final = 85  #: per cent of a page; in the rest a row is changed without a word in each of its indexes

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_COLUMNS: Final = """
SELECT a.attname,
       format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || quote_ident(c.collname) ELSE '' END
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation c ON c.oid = a.attcollation
WHERE a.attrelid = to_regclass(quote_ident(%s)) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""


def _id(kept: UUID) -> Id[Any]:
    return id_of(kept.int)


def _moment(kept: datetime) -> datetime:
    return kept if kept.tzinfo is UTC else kept.astimezone(UTC)  # unless somebody gave the session another zone


def _by_code_point(name: str) -> Bare:
    return Bare(f'{name} COLLATE "C"')


class PostgresDialect:
    """PostgreSQL with texts in UTF-8; types are called as `format_type` calls them."""

    kept: Final[Mapping[Scalar, Kept]] = {
        Scalar.ID: Kept(Bare("uuid"), None, _id),
        Scalar.CODE: Kept(_by_code_point(f"character varying({LONGEST_CODE})")),
        Scalar.NAME: Kept(_by_code_point(f"character varying({LONGEST_NAME})")),
        Scalar.TEXT: Kept(_by_code_point("text")),
        Scalar.CHOICE: Kept(_by_code_point("character varying(40)")),
        Scalar.INTEGER: Kept(BigInteger()),
        Scalar.FLAG: Kept(Bare("boolean")),
        Scalar.AMOUNT: Kept(Bare(f"numeric(18,{DECIMALS})")),
        Scalar.DATE: Kept(Bare("date")),
        Scalar.MOMENT: Kept(Bare("timestamp with time zone"), None, _moment),
        Scalar.TAGS: Kept(Bare("jsonb"), tags.written, tags.read),
        Scalar.CUSTOM: Kept(Bare("jsonb"), customs.written, customs.read),
    }
    takes_turns: Final = False
    forgiving: Final = False
    folded: Final[TypeEngine[Any]] = _by_code_point(f"character varying({LONGEST_FOLD})")
    options: Final[Mapping[str, Any]] = {}
    room: Final[Mapping[str, Any]] = {"postgresql_with": {"fillfactor": FULL}}

    def packed(self, cells: Sequence[ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
        """As they are: the driver is quick."""
        return cells

    def unpacked(self, found: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        """As they are."""
        return found

    def contains(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        """As `strpos` finds it; LIKE knows wildcards."""
        return func.strpos(text, needle, type_=Integer()) > 0

    def tagged(self, tags: ColumnElement[Any], tag: ColumnElement[Any]) -> ColumnElement[bool]:
        """As jsonb contains it."""
        return tags.op("@>", is_comparison=True)(func.to_jsonb(cast(tag, Text), type_=JSONB()))

    def among(self, id: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
        """Out of an array, of which it expects few: joined itself, it is gone through for each row at times."""
        return id == func.unnest(func.array(ids.scalar_subquery())).table_valued("id").render_derived().c.id

    def part(self, day: ColumnElement[Any], part: Calendar) -> ColumnElement[int]:
        """A number, out of the date."""
        return cast(extract(part.value, day), Integer)

    def month(self, time: ColumnElement[Any]) -> ColumnElement[str]:
        """As the session's zone, which is UTC, writes it."""
        return func.to_char(time, "YYYY-MM", type_=String())

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """From 1970 on; the seconds are numeric, so nothing is rounded."""
        return cast(extract("epoch", moment) * 1_000_000, BigInteger)

    def units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """Without its point; 18 digits are no more than 64 bits."""
        return cast(amount.op("*", return_type=BigInteger())(10**DECIMALS), BigInteger)

    def total(self, number: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Both of the sum, which is numeric and has no end."""
        total = func.sum(number)
        return cast(func.div(total, MILLIARD), BigInteger), cast(func.mod(total, MILLIARD), BigInteger)

    def json(self, cell: ColumnElement[Any], scalar: Scalar) -> ColumnElement[str]:
        """As jsonb and to_json write it, or between quotes; the session's zone is UTC."""
        match scalar:
            case Scalar.TAGS | Scalar.INTEGER | Scalar.FLAG:
                return cast(cell, Text)
            case Scalar.ID | Scalar.AMOUNT:
                return func.concat('"', cast(cell, Text), '"', type_=Text())
            case Scalar.DATE:
                return func.to_char(cell, '"\\""YYYY-MM-DD"\\""', type_=Text())
            case Scalar.MOMENT:
                return func.to_char(cell, '"\\""YYYY-MM-DD"T"HH24:MI:SS.US"Z\\""', type_=Text())
            case _:
                return cast(func.to_json(cast(cell, Text)), Text)

    def custom(self, values: ColumnElement[Any], key: str, scalar: Scalar) -> ColumnElement[Any]:
        """As jsonb has it, cast from its text."""
        named, type = cast(literal(key, Text()), Text), self.kept[scalar].type
        if scalar is Scalar.TAGS:
            return values.op("->", precedence=15, return_type=type)(named).self_group()
        value = values.op("->>", precedence=15, return_type=Text())(named).self_group()
        if scalar in (Scalar.CODE, Scalar.NAME, Scalar.TEXT, Scalar.CHOICE):
            return value.collate("C")
        return cast(value, type)

    def table(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """One JSON text."""
        records = _JSON([dict(zip(columns, row, strict=True)) for row in rows])
        named = [column(name, type) for name, type in columns.items()]
        given = func.json_to_recordset(cast(literal(records, Text()), JSON))
        return given.table_valued(*named).render_derived(with_types=True)

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

    def alone(self, connection: Connection, what: str) -> AbstractContextManager[object]:
        """By an advisory lock, which ends with the transaction."""
        return _alone(connection, int.from_bytes(sha256(f"crmkit {what}".encode()).digest()[:8], signed=True))

    def columns(self, connection: Connection, table: str) -> dict[str, str]:
        """As the catalogue has them."""
        return {name: type for name, type in connection.exec_driver_sql(_COLUMNS, (table,))}  # noqa: C416 -- rows


@contextmanager
def _alone(connection: Connection, key: int) -> Iterator[None]:
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (key,))
    yield
