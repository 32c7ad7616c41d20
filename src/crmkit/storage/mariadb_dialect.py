"""MariaDB's own ways: texts by code point, whatever is wide indexed in part, tags as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Dialect,
    Executable,
    FromClause,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    Table,
    Text,
    bindparam,
    case,
    cast,
    column,
    exists,
    extract,
    func,
    literal,
    literal_column,
    text,
)
from sqlalchemy.dialects.mysql import DATETIME, insert
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect as _Driver
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.criteria import Calendar
from crmkit.core.kernel.errors import Retryable, StoreError
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id, id_of
from crmkit.core.kernel.money import DECIMALS
from crmkit.core.kernel.text import LONGEST_CODE, LONGEST_FOLD
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.storage import customs, tags
from crmkit.storage.dialect import MILLIARD, Bare, Kept
from crmkit.storage.server import PATIENCE

_BY_CODE_POINT: Final = "COLLATE utf8mb4_nopad_bin"
_WIDEST: Final = 3072  #: bytes of one index of InnoDB
_ENOUGH: Final = 191  #: characters that tell most texts apart: of these an index takes four
_TAG: Final[ColumnElement[Any]] = literal_column(f"'$[*]' COLUMNS (tag longtext {_BY_CODE_POINT} PATH '$')")
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_CELLS: Final = json.JSONDecoder(parse_float=Decimal).raw_decode  #: of amounts each has a point
_COLUMNS: Final = """
SELECT column_name, column_type, collation_name, is_nullable
FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = %s AND generation_expression IS NULL
ORDER BY ordinal_position
"""


class _Varchar(Bare):
    """A text of at most this many characters, each of up to four bytes."""

    cache_ok = True

    def __init__(self, longest: int) -> None:
        super().__init__(f"varchar({longest}) {_BY_CODE_POINT}")
        self.longest = longest


def _moment(kept: str) -> datetime:
    return datetime.fromisoformat(f"{kept}Z")


def _bare_moment(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _id(kept: str) -> Id[Any]:
    return id_of(int(kept.replace("-", ""), 16))


class MariaDBDialect:
    """MariaDB with texts in utf8mb4; types are called as `information_schema` calls them.

    Names themselves are `text`, for they are only compared by their folds, and 65,535 bytes of a row are soon full.
    """

    kept: Final[Mapping[Scalar, Kept]] = {
        Scalar.ID: Kept(Bare("uuid"), str, _id),
        Scalar.CODE: Kept(_Varchar(LONGEST_CODE)),
        Scalar.NAME: Kept(Bare(f"text {_BY_CODE_POINT}")),
        Scalar.TEXT: Kept(Bare(f"longtext {_BY_CODE_POINT}")),
        Scalar.CHOICE: Kept(_Varchar(40)),
        Scalar.INTEGER: Kept(BigInteger()),
        Scalar.FLAG: Kept(Bare("tinyint(1)"), int, bool),
        Scalar.AMOUNT: Kept(Bare(f"decimal(18,{DECIMALS})")),
        Scalar.DATE: Kept(Bare("date"), None, date.fromisoformat),
        Scalar.MOMENT: Kept(Bare("datetime(6)"), _bare_moment, _moment),
        Scalar.TAGS: Kept(Bare(f"longtext {_BY_CODE_POINT}"), tags.written, tags.read),
        Scalar.CUSTOM: Kept(Bare(f"longtext {_BY_CODE_POINT}"), customs.written, customs.read),
    }
    takes_turns: Final = False
    forgiving: Final = True
    folded: Final[TypeEngine[Any]] = _Varchar(LONGEST_FOLD)
    options: Final[Mapping[str, Any]] = {"mariadb_engine": "InnoDB", "mariadb_row_format": "DYNAMIC"}
    room: Final[Mapping[str, Any]] = {}

    def packed(self, cells: Sequence[ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
        """One text of JSON: PyMySQL, written in Python, takes longer for each cell than for a row and its reading."""
        return [func.json_array(*cells)]

    def unpacked(self, found: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """As they stand in the texts; the server gives none that is longer than what it sends at once.

        :raises StoreError: such a row
        """
        for (cells,) in found:
            if cells is None:
                raise StoreError("a record is too large for the server to send", hint="a larger max_allowed_packet")
            yield _CELLS(cells)[0]

    def contains(self, text: ColumnElement[Any], needle: ColumnElement[Any]) -> ColumnElement[bool]:
        """As `instr` finds it, by the collation of the column; LIKE knows wildcards."""
        return func.instr(text, needle, type_=Integer()) > 0

    def tagged(self, tags: ColumnElement[Any], tag: ColumnElement[Any]) -> ColumnElement[bool]:
        """As a table of them has it; JSON_CONTAINS knows a control character only as it is escaped."""
        return exists().where(func.json_table(tags, _TAG).table_valued("tag").c.tag == tag)

    def among(self, id: ColumnElement[Any], ids: Select[Any]) -> ColumnElement[bool]:
        """Joined with them; without a limit what gives them would be joined as well, and asked for row by row."""
        return id == ids.limit(LARGEST_INTEGER).subquery().c[0]

    def part(self, day: ColumnElement[Any], part: Calendar) -> ColumnElement[int]:
        """A number, out of the date."""
        return extract(part.value, day)

    def month(self, time: ColumnElement[Any]) -> ColumnElement[str]:
        """The beginning of the text."""
        return func.substr(cast(time, String(26)), 1, 7, type_=String())

    def microseconds(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """From 1970 on, as they are kept."""
        return func.timestampdiff(text("MICROSECOND"), "1970-01-01", moment, type_=BigInteger())

    def units(self, amount: ColumnElement[Any]) -> ColumnElement[int]:
        """Without its point; 18 digits are no more than 64 bits."""
        return cast(amount.op("*", return_type=BigInteger())(10**DECIMALS), BigInteger)

    def total(self, number: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Both of the sum, which is a DECIMAL of 41 digits."""
        total = func.sum(number)
        milliards = total.op("DIV", return_type=BigInteger())(MILLIARD)
        return cast(milliards, BigInteger), cast(func.mod(total, MILLIARD), BigInteger)

    def json(self, cell: ColumnElement[Any], scalar: Scalar) -> ColumnElement[str]:
        """Texts as JSON_QUOTE writes them, tags as they are kept."""
        match scalar:
            case Scalar.TAGS:
                return cell
            case Scalar.INTEGER:
                return cast(cell, String(20))
            case Scalar.FLAG:
                return case((cell == 1, "true"), else_="false")
            case Scalar.ID | Scalar.AMOUNT:
                return func.concat('"', cast(cell, String(36)), '"', type_=Text())
            case Scalar.DATE:
                return func.date_format(cell, '"%Y-%m-%d"', type_=Text())
            case Scalar.MOMENT:
                return func.date_format(cell, '"%Y-%m-%dT%H:%i:%s.%fZ"', type_=Text())
            case _:
                return func.json_quote(cell, type_=Text())

    def custom(self, values: ColumnElement[Any], key: str, scalar: Scalar) -> ColumnElement[Any]:
        """As JSON_VALUE reads it, cast from its text; tags as the array that they are."""
        path = literal(f'$."{key}"', Text())
        if scalar is Scalar.TAGS:
            return func.json_extract(values, path, type_=self.kept[scalar].type)
        value = func.json_value(values, path, type_=Text())
        match scalar:
            case Scalar.INTEGER | Scalar.FLAG:
                return cast(value, BigInteger)
            case Scalar.AMOUNT:
                return cast(value, Numeric(18, DECIMALS))
            case Scalar.DATE:
                return cast(value, Date)
            case Scalar.MOMENT:
                return cast(func.replace(func.substr(value, 1, 26), "T", " "), DATETIME(fsp=6))
            case _:
                return value.collate("utf8mb4_nopad_bin")

    def table(self, columns: Mapping[str, TypeEngine[Any]], rows: Sequence[Sequence[Any]]) -> FromClause:
        """One JSON text."""
        types = {name: type.compile(dialect=_Driver()) for name, type in columns.items()}
        paths = ", ".join(f"`{name}` {type} PATH '$[{place}]'" for place, (name, type) in enumerate(types.items()))
        given = text(f"SELECT * FROM JSON_TABLE(:rows, '$[*]' COLUMNS ({paths})) given")  # noqa: S608 -- types, no values
        given = given.bindparams(bindparam("rows", _JSON(rows), Text(), unique=True))
        return given.columns(*(column(name, type) for name, type in columns.items())).subquery()

    def indexes(self, indexes: Sequence[Index], driver: Dialect) -> Sequence[str]:
        """One statement for all: each waits for the disk."""
        clauses = ", ".join(_clause(index, driver.identifier_preparer) for index in indexes)
        tables = {column.table for index in indexes for column in index.columns}
        return tuple(f"ALTER TABLE {driver.identifier_preparer.format_table(table)} {clauses}" for table in tables)

    def deletion(self, table: Table, ids: Sequence[Any]) -> Sequence[Executable]:
        """InnoDB looks at keys row by row: references to each other are loosened before."""
        own = {key.parent for key in table.foreign_keys if key.column.table is table and key.parent.nullable}
        loosened = (table.update().where(table.c.id.in_(ids), each.in_(ids)).values({each: None}) for each in own)
        return (*loosened, table.delete().where(table.c.id.in_(ids)))

    def added(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Executable:
        """Those that are there are given what they have: IGNORE would let two share what both then want to write."""
        same = {column.name: column for column in table.columns if not column.primary_key}
        return insert(table).values(list(rows)).on_duplicate_key_update(same)

    def alone(self, connection: Connection, what: str) -> AbstractContextManager[object]:
        """By a lock of the server, for its transactions end with every table that is made."""
        return _alone(connection, f"crmkit {what}")

    def columns(self, connection: Connection, table: str) -> dict[str, str]:
        """As the catalogue has them, without the widths in which clients once showed numbers."""
        return {
            name: f"{re.sub(r'^bigint.*', 'bigint', type)}{f' COLLATE {collation}' if collation else ''}"
            f"{'' if nullable == 'YES' else ' NOT NULL'}"
            for name, type, collation, nullable in connection.exec_driver_sql(_COLUMNS, (table,))
        }


def _width(column: Any) -> int:
    """Bytes, at most; of whatever is no text, more than it has."""
    return 4 * column.type.longest if isinstance(column.type, _Varchar) else 16


def _clause(index: Index, quoted: IdentifierPreparer) -> str:
    """Where the columns are too wide together, of their beginnings; unique are then the digests of the whole."""
    name, unique = quoted.format_index(index), "UNIQUE " if index.unique else ""
    columns = [(quoted.format_column(column), column) for column in index.columns]
    if sum(_width(column) for _, column in columns) <= _WIDEST:
        return f"ADD {unique}INDEX {name} ({', '.join(said for said, _ in columns)})"
    parts = ", ".join(f"{said}({_ENOUGH})" if _width(column) > 4 * _ENOUGH else said for said, column in columns)
    if not index.unique:
        return f"ADD INDEX {name} ({parts})"
    digest = f"digest_{sha256(str(index.name).encode()).hexdigest()[:16]}"
    whole = ", x'00', ".join(said for said, _ in columns)  # missing, and so held by nobody, if one of them is
    return (
        f"ADD COLUMN {digest} binary(32) GENERATED ALWAYS AS (unhex(sha2(concat({whole}), 256))) VIRTUAL INVISIBLE,"
        f" ADD UNIQUE INDEX {name} ({digest}), ADD INDEX {digest} ({parts})"
    )


@contextmanager
def _alone(connection: Connection, what: str) -> Iterator[None]:
    lock = "CONCAT(SHA1(DATABASE()), LEFT(SHA1(%s), 20))"
    if connection.exec_driver_sql(f"SELECT GET_LOCK({lock}, {PATIENCE})", (what,)).scalar() != 1:
        raise Retryable("somebody else has been at these tables for too long", hint="do it again")
    try:
        yield
    finally:
        if not connection.invalidated:  # the lock ended with it otherwise
            connection.exec_driver_sql(f"SELECT RELEASE_LOCK({lock})", (what,))
