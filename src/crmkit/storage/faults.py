"""What a database's errors say of the transaction they end: not done, perhaps done, or a fault that stays one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from attrs import field, frozen

from crmkit.core.kernel.errors import Ambiguous, Retryable, StoreError


class Meaning(Enum):
    """What to do about an error."""

    RETRY = "not done: the same again, on the same connection"
    RECONNECT = "not done: the same again, on another connection"
    UNKNOWN = "perhaps done: the operation tells, on another connection"
    FAULT = "not done, and not to be done by trying again"

    @property
    def lost(self) -> bool:
        """The connection is of no more use."""
        return self in (Meaning.RECONNECT, Meaning.UNKNOWN)

    @property
    def error(self) -> type[StoreError]:
        """The class of what a caller of the store gets."""
        return _ERRORS.get(self, StoreError)


_ERRORS: Final = {Meaning.RETRY: Retryable, Meaning.RECONNECT: Retryable, Meaning.UNKNOWN: Ambiguous}


@frozen(kw_only=True)
class Faults:
    """The codes of one kind of database, or how they begin; the longest that fits counts, none is a fault."""

    anywhere: Mapping[str, Meaning] = field(factory=dict)
    commit: Mapping[str, Meaning] = field(factory=dict)  #: what differs at COMMIT

    def meaning(self, code: str, *, commit: bool) -> Meaning:
        """What an error with this code means, at a COMMIT or at any other statement."""
        known = {**self.anywhere, **self.commit} if commit else self.anywhere
        fitting = [begin for begin in known if code.startswith(begin)]
        return known[max(fitting, key=len)] if fitting else Meaning.FAULT


_RETRY, _RECONNECT, _UNKNOWN = Meaning.RETRY, Meaning.RECONNECT, Meaning.UNKNOWN

#: By the names that SQLite gives its errors. Of COMMITs that failed for the disk, 14 in 552 had taken effect.
SQLITE: Final = Faults(
    anywhere={"SQLITE_BUSY": _RETRY, "SQLITE_LOCKED": _RETRY},
    commit={"SQLITE_IOERR": _UNKNOWN, "SQLITE_FULL": _UNKNOWN},
)

#: By SQLSTATE; an error without one is a lost connection, here 08000.
POSTGRESQL: Final = Faults(
    anywhere={
        "40001": _RETRY,  # serialization failure
        "40P01": _RETRY,  # deadlock
        "55P03": _RETRY,  # lock not available
        "25006": _RECONNECT,  # a standby: the primary is elsewhere
        "57P01": _RECONNECT,  # shut down by an administrator
        "57P02": _RECONNECT,  # crashed
        "57P03": _RECONNECT,  # starting up
        "53300": _RECONNECT,  # too many connections
        "08": _RECONNECT,
    },
    commit={"08": _UNKNOWN, "57P01": _UNKNOWN, "57P02": _UNKNOWN},
)

#: By error number in decimal, four digits all of them.
MARIADB: Final = Faults(
    anywhere={
        "1213": _RETRY,  # deadlock, or certification failed
        "1205": _RETRY,  # lock wait timeout: undoes its statement only, so roll back
        "1020": _RETRY,  # changed since the snapshot
        "1467": _RETRY,  # deadlock, while waiting for the next sequence number
        "1040": _RECONNECT,  # too many connections
        "1047": _RECONNECT,  # the node is not ready
        "1053": _RECONNECT,  # shutting down
        "1203": _RECONNECT,  # too many connections of this user
        "1290": _RECONNECT,  # read only
        "1836": _RECONNECT,  # read only
        "1927": _RECONNECT,  # killed by an administrator
        "2002": _RECONNECT,  # cannot connect
        "2003": _RECONNECT,  # cannot connect
        "2006": _RECONNECT,  # gone away
        "2013": _RECONNECT,  # lost during a query
    },
    commit=dict.fromkeys(("1047", "1053", "1180", "1927", "2006", "2013"), _UNKNOWN),
)
