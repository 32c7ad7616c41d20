"""Records kept in a database of MariaDB."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from crmkit.core.kernel.errors import MissingExtra, StoreError
from crmkit.core.kernel.model import Model
from crmkit.storage.faults import MARIADB, Meaning
from crmkit.storage.mariadb_dialect import MariaDBDialect
from crmkit.storage.server import PATIENCE, ServerStore, address, engine
from crmkit.storage.tables import checked_prefix

ACCEPTS: Final = "mariadb://USER:PASSWORD@HOST/DATABASE"
OLDEST: Final = (10, 11)  #: the first series whose column type uuid sorts ids by time

_SET_UP: Final = (
    f"SET SESSION time_zone = '+00:00', lock_wait_timeout = {PATIENCE}, innodb_lock_wait_timeout = {PATIENCE},"
    " in_predicate_conversion_threshold = 0,"  # a list of ids stays one, to be found by the primary key in order
    " foreign_key_checks = 1, unique_checks = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'"
)

#: By its number: what an error means to somebody who has not called MariaDB.
_MEANING: Final = {
    1213: ("this transaction and another waited for each other", "do it again"),
    1205: (f"another transaction holds what this one needs for over {PATIENCE} seconds", "do it again"),
    1467: ("this transaction and another waited for each other", "do it again"),
    1020: ("another transaction changed what this one read", "do it again"),
    1047: ("this node is cut off from its cluster", "open it again, at another node"),
    1180: ("the commit failed", "whether it took effect is to be looked up"),
    2002: ("it cannot be reached", "a server that runs"),
    2003: ("it cannot be reached", "a server that runs"),
    2006: ("the connection is lost", "whether a commit that was under way took effect is to be looked up"),
    2013: ("the connection is lost", "whether a commit that was under way took effect is to be looked up"),
    1927: ("somebody ended the connection", "whether a commit that was under way took effect is to be looked up"),
    1053: ("the server is stopping", "open it again when it is there"),
    1040: ("it has no connection left", "fewer processes, or a larger max_connections"),
    1203: ("it has no connection left for this user", "fewer processes, or a larger max_user_connections"),
    1021: ("its disk is full", "nothing of this transaction was kept"),
    1114: ("its disk is full", "nothing of this transaction was kept"),
    1290: ("it may only be read", "the address of the primary"),
    1836: ("it may only be read", "the address of the primary"),
    1049: ("there is no such database", "the name of one that was made before"),
    1044: ("it does not let this user in", "a user who may use this database"),
    1045: ("it does not let this user in", "a user and password that it knows"),
    1142: ("this user may not do that", "a user who may make and write tables"),
    1153: ("a value is too large for it", "a larger max_allowed_packet"),
}


class MariaDBStore(ServerStore):
    """One CRM in one database, which may hold tables of its host and other CRMs beside it.

    Transactions run beside each other and see what others have committed by then.

    :raises Invalid: a URL that names no database, a prefix that no table's name can begin with
    :raises MissingExtra: PyMySQL is not installed
    """

    begin_snapshot = (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",  # of the next one
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    )
    show = "SELECT @@"
    lasting: ClassVar = {"innodb_flush_log_at_trx_commit": ("1",)}

    def __init__(self, url: str, model: Model, *, prefix: str = "crm_") -> None:
        try:
            from pymysql import constants, converters
        except ImportError:
            raise MissingExtra("mariadb") from None
        texts = {constants.FIELD_TYPE.DATE, constants.FIELD_TYPE.DATETIME}  # read as they are where rows are packed
        reading = {type: how for type, how in converters.conversions.items() if type not in texts}
        made = engine(
            address(url, "mariadb+pymysql", ACCEPTS),
            _set_up,
            failure,
            connect_args={"charset": "utf8mb4", "collation": "utf8mb4_nopad_bin", "conv": reading},
        )
        super().__init__(made, model, MariaDBDialect, prefix=checked_prefix(prefix))


def failure(error: BaseException, where: str, *, commit: bool) -> tuple[StoreError, Meaning] | None:
    """What to raise for an error of PyMySQL, and what it means; its number is a fact, 0 where there is none."""
    import pymysql

    if isinstance(error, UnicodeError):
        return StoreError("a text has half a surrogate pair in it", hint="text that UTF-8 can write"), Meaning.FAULT
    if not isinstance(error, pymysql.Error) or isinstance(error, pymysql.IntegrityError):
        return None
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    meaning = MARIADB.meaning(str(number), commit=commit)
    problem, hint = _MEANING.get(number, (error.args[-1] if error.args else error, ""))
    return meaning.error(f"{where} cannot be used: {problem}", hint=hint, facts={"errno": number}), meaning


def _set_up(connection: Any) -> None:
    version = re.search(r"(\d+)\.(\d+)\.\d+-MariaDB", connection.get_server_info())
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        raise StoreError(f"the server is no MariaDB {OLDEST[0]}.{OLDEST[1]} or newer", hint="one of these")
    with connection.cursor() as cursor:
        cursor.execute(_SET_UP)
