"""What a field may hold: the scalars that every store keeps exactly, and the aliases that say which one is meant."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Final


class Scalar(StrEnum):
    """The kinds of single values; each has one Python type, one column type per store and one JSON form."""

    ID = "id"  #: a UUIDv7
    CODE = "code"  #: text compared exactly, by code point
    NAME = "name"  #: text compared folded, see `text.fold`
    TEXT = "text"  #: long text compared exactly
    CHOICE = "choice"  #: the value of a StrEnum
    INTEGER = "integer"  #: 64 bits with sign
    FLAG = "flag"
    AMOUNT = "amount"  #: Decimal, at most 14 digits before the point and 4 behind it
    DATE = "date"
    MOMENT = "moment"  #: an aware datetime, kept in UTC to the microsecond
    TAGS = "tags"  #: a small set of exact texts
    CUSTOM = "custom"  #: the values of fields that were defined while the program ran, see `custom.Custom`


class Mark(Enum):
    """What else is known of a field, beside its scalar."""

    PERSONAL = "personal"
    STAMPED = "stamped"


Personal: Final = (
    Mark.PERSONAL
)  #: `Annotated[Name, Personal]`: says something about a person; exported and erased with them
Stamped: Final = Mark.STAMPED  #: `Annotated[datetime | None, Stamped]`: set by commands of its own, never by a revision

Code = Annotated[str, Scalar.CODE]
Name = Annotated[str, Scalar.NAME]
Text = Annotated[str, Scalar.TEXT]
Amount = Annotated[Decimal, Scalar.AMOUNT]
Tags = Annotated[frozenset[str], Scalar.TAGS]
