"""The tables of a model as SQL, to be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.mysql.mariadb import MariaDBDialect as MariaDBDriver
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg as PostgresDriver
from sqlalchemy.dialects.sqlite.base import SQLiteDialect as SQLiteDriver

from crmkit.core.kernel.model import Model
from crmkit.storage.dialect import Dialect
from crmkit.storage.mariadb_dialect import MariaDBDialect
from crmkit.storage.postgres_dialect import PostgresDialect
from crmkit.storage.sqlite_dialect import SQLiteDialect
from crmkit.storage.tables import checked_prefix, tables

#: By the name of a database, how it keeps values and how SQLAlchemy speaks to it; `named` leaves a % alone.
DATABASES: Final[Mapping[str, tuple[Dialect, sa.Dialect]]] = {
    "SQLite": (SQLiteDialect(), SQLiteDriver(paramstyle="named")),
    "PostgreSQL": (PostgresDialect(), PostgresDriver(paramstyle="named")),  # type: ignore[no-untyped-call]
    "MariaDB": (MariaDBDialect(), MariaDBDriver(paramstyle="named")),
}


def ddl(model: Model, database: str, *, prefix: str = "crm_") -> str:
    """The statements that make the tables of a model in this database, one of `DATABASES`."""
    dialect, driver = DATABASES[database]
    made = tables(model, dialect, checked_prefix(prefix))
    return "\n\n".join(f"{statement};" for statement in made.ddl(driver)) + "\n"
