"""The columns as somebody declares them who maps classes with SQLAlchemy: a type for each, which gives what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.money import DECIMALS
from crmkit.storage.tables import Rows


class Bits(sa.TypeDecorator[UUID]):
    """A UUID in 16 bytes, for SQLite, which has no type for it."""

    impl = sa.LargeBinary(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, _: sa.Dialect) -> bytes | None:
        """Its bytes."""
        return None if value is None else value.bytes

    def process_result_value(self, value: bytes | None, _: sa.Dialect) -> UUID | None:
        """Of its bytes."""
        return None if value is None else UUID(bytes=value)


class Units(sa.TypeDecorator[Decimal]):
    """An amount as a whole number, for SQLite, whose numbers are floats otherwise."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _: sa.Dialect) -> int | None:
        """So many of the last decimal."""
        return None if value is None else int(value.scaleb(DECIMALS))

    def process_result_value(self, value: int | None, _: sa.Dialect) -> Decimal | None:
        """So many of the last decimal."""
        return None if value is None else Decimal(value).scaleb(-DECIMALS)


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime in UTC, for databases that keep it without a zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: sa.Dialect) -> datetime | None:
        """In UTC, without saying so."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: sa.Dialect) -> datetime | None:
        """In UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


_TYPES: Final[dict[Scalar, Any]] = {
    Scalar.ID: sa.Uuid().with_variant(Bits(), "sqlite"),
    Scalar.CODE: sa.String(),
    Scalar.NAME: sa.String(),
    Scalar.TEXT: sa.Text(),
    Scalar.INTEGER: sa.BigInteger(),
    Scalar.FLAG: sa.Boolean(),
    Scalar.AMOUNT: sa.Numeric(18, DECIMALS).with_variant(Units(), "sqlite"),
    Scalar.DATE: sa.Date(),
    Scalar.MOMENT: sa.DateTime(timezone=True).with_variant(Moment(), "sqlite", "mariadb", "mysql"),
    Scalar.TAGS: sa.JSON(),
    Scalar.CUSTOM: sa.JSON(none_as_null=True),
}


def typed(rows: Rows, metadata: sa.MetaData) -> sa.Table:
    """The same table, with these types."""
    types = {name: _type(column) for column in rows.columns for name in rows.stored(column)}
    columns = [_column(column, types[column.name]) for column in rows.table.columns]
    return sa.Table(rows.table.name, metadata, *columns)


def plain(column: Column, value: Any) -> Any:
    """The value of a row's column as an attribute of a mapped class has it; MariaDB keeps moments without a zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if value is None or column.choices is None:
        return sorted(value) if isinstance(value, frozenset) else value
    return column.choices(value)


def _type(column: Column) -> Any:
    if column.choices is None:
        return _TYPES[column.scalar]
    return sa.Enum(column.choices, native_enum=False, values_callable=lambda choices: [each.value for each in choices])


def _column(column: sa.Column[Any], type: Any) -> sa.Column[Any]:
    given = [sa.Identity(always=True)] if column.identity else []
    made: sa.Column[Any] = sa.Column(column.name, type, *given, primary_key=column.primary_key)
    return made
