"""What a table is made as, in words that last: its fingerprint is kept beside it, and compared when it is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from crmkit.storage.dialect import Dialect, in_order

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@frozen(kw_only=True)
class Blueprint:
    """One table; whatever is said of it is said by name, for the order of columns means nothing."""

    columns: Mapping[str, str]  #: type, with NOT NULL where it is so
    defaults: Mapping[str, str]  #: what rows have that were there before the column, as SQL
    references: Mapping[str, str]  #: the table that a column leads to
    indexes: Mapping[str, str]  #: what is indexed, and how

    @property
    def text(self) -> str:
        """It as JSON."""
        return _JSON([self.columns, self.defaults, self.references, self.indexes])

    @property
    def fingerprint(self) -> str:
        """A digest of it, another one for every other table."""
        return sha256(self.text.encode()).hexdigest()


def read(text: str) -> Blueprint:
    """What was written as `Blueprint.text`."""
    columns, defaults, references, indexes = json.loads(text)
    return Blueprint(columns=columns, defaults=defaults, references=references, indexes=indexes)


def drawn(table: sa.Table, dialect: Dialect, driver: sa.Dialect) -> Blueprint:
    """The blueprint of a table that is meant."""
    return Blueprint(
        columns={column.name: declared(column, driver) for column in table.columns},
        defaults={column.name: said for column in table.columns if (said := _default(column, driver))},
        references={column.name: key.column.table.name for column in table.columns for key in column.foreign_keys},
        indexes={str(index.name): " ".join(dialect.indexes([index], driver)) for index in in_order(table)},
    )


def declared(column: sa.Column[Any], driver: sa.Dialect) -> str:
    """What CREATE TABLE says of a column behind its name, without its default."""
    return f"{column.type.compile(dialect=driver)}{'' if column.nullable else ' NOT NULL'}"


def _default(column: sa.Column[Any], driver: sa.Dialect) -> str | None:
    said = column.server_default
    if not isinstance(said, sa.DefaultClause) or isinstance(said.arg, str):
        return None
    return str(said.arg.compile(dialect=driver, compile_kwargs={"literal_binds": True}))
