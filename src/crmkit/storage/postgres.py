"""Records kept in a database of PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from crmkit.core.kernel.errors import MissingExtra, StoreError
from crmkit.core.kernel.model import Model
from crmkit.storage.faults import POSTGRESQL, Meaning
from crmkit.storage.postgres_dialect import PostgresDialect
from crmkit.storage.server import PATIENCE, ServerStore, address, engine
from crmkit.storage.tables import checked_prefix

if TYPE_CHECKING:
    from psycopg import Connection

ACCEPTS: Final = "postgresql://USER:PASSWORD@HOST/DATABASE"
OLDEST: Final = 140000  #: the first whose EXTRACT does not round

_SET_UP: Final = f"""
SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),
       set_config('client_encoding', 'UTF8', false), set_config('lock_timeout', '{PATIENCE}s', false)
"""

#: By the beginning of the SQLSTATE: what it means to somebody who has not called PostgreSQL.
_MEANING: Final = {
    "40001": ("another transaction changed what this one read", "do it again"),
    "40P01": ("this transaction and another waited for each other", "do it again"),
    "55P03": (f"another transaction holds what this one needs for over {PATIENCE} seconds", "do it again"),
    "57014": ("the statement was cancelled", "nothing of this transaction was kept"),
    "57P": ("the server is starting or stopping", "open it again when it is there"),
    "08": ("the connection is lost", "whether a commit that was under way took effect is to be looked up"),
    "53300": ("it has no connection left", "fewer processes, or a larger max_connections"),
    "53": ("it lacks disk or memory", "nothing of this transaction was kept"),
    "54": ("a value is too large for an index", "a shorter one"),
    "58": ("its disk fails", "nothing is sure of this transaction but what was committed before"),
    "25006": ("it may only be read", "the address of the primary"),
    "3D000": ("there is no such database", "the name of one that was made before"),
    "28": ("it does not let this user in", "a user and password that it knows"),
    "42501": ("this user may not do that", "a user who may make and write tables"),
}


class PostgresStore(ServerStore):
    """One CRM in one database, which may hold tables of its host and other CRMs beside it.

    Transactions run beside each other and see what others have committed by then.

    :raises Invalid: a URL that names no database, a prefix that no table's name can begin with
    :raises MissingExtra: psycopg is not installed
    """

    begin_snapshot = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", "SELECT 1")
    show = "SHOW "
    lasting: ClassVar = {"fsync": ("on",), "synchronous_commit": ("on", "local", "remote_write", "remote_apply")}

    def __init__(self, url: str, model: Model, *, prefix: str = "crm_") -> None:
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise MissingExtra("postgres") from None
        made = engine(address(url, "postgresql+psycopg", ACCEPTS), _set_up, failure)
        super().__init__(made, model, PostgresDialect, prefix=checked_prefix(prefix))


def failure(error: BaseException, where: str, *, commit: bool) -> tuple[StoreError, Meaning] | None:
    """What to raise for an error of psycopg, and what it means; its SQLSTATE is a fact, if a server said one."""
    import psycopg

    if isinstance(error, UnicodeError):
        return StoreError("a text has half a surrogate pair in it", hint="text that UTF-8 can write"), Meaning.FAULT
    if not isinstance(error, psycopg.Error) or isinstance(error, psycopg.IntegrityError):
        return None
    state = error.sqlstate or ""
    lost = not state and isinstance(error, psycopg.OperationalError)
    meaning = POSTGRESQL.meaning("08000" if lost else state, commit=commit)
    for beginning, (problem, hint) in _MEANING.items():
        if state.startswith(beginning):
            said = f"{where} cannot be used: {problem}"
            return meaning.error(said, hint=hint, facts={"sqlstate": state}), meaning
    said = str(error).strip()
    if lost:
        said = f"{where} cannot be reached: {said}"
        return meaning.error(said, hint="a server that runs", facts={"sqlstate": ""}), meaning
    return meaning.error(f"{where} cannot be used: {said}", facts={"sqlstate": state}), meaning


def _set_up(connection: Connection[Any]) -> None:
    from psycopg.types.string import TextLoader

    connection.adapters.register_loader("jsonb", TextLoader)  # the one there is costs as much as a row without it
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(f"the database keeps text as {encoding}", hint="one made with ENCODING 'UTF8'")
    if connection.info.server_version < OLDEST:
        raise StoreError("the server is older than PostgreSQL 14", hint="a newer one")
    connection.execute(_SET_UP)
    connection.commit()
