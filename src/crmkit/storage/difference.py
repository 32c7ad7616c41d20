"""One way in which a database is not what a model needs, and what would be added to put it right."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from attrs import frozen

_BOUNDED: Final = re.compile(r"(?:character varying|varchar)\((?P<longest>\d+)\)(?P<rest>.*)")
_UNBOUNDED: Final = re.compile(r"(?:text|longtext)(?P<rest>.*)")


@frozen
class Widened:
    """A column of texts that may be longer than they could be before."""

    column: sa.Column[Any]


Addition: TypeAlias = sa.Table | sa.Column[Any] | sa.Index | Widened


@frozen(eq=False)
class Difference:
    """In words, and as what is to be added; None where that would not do."""

    says: str
    adds: Addition | None = None
    surplus: bool = False  #: there is more than the model needs


def wider(kept: str, meant: str) -> bool:
    """Whether a column that is meant takes every text of the one that there is, and longer ones."""
    before, bounded, unbounded = _BOUNDED.fullmatch(kept), _BOUNDED.fullmatch(meant), _UNBOUNDED.fullmatch(meant)
    if before is None:
        return False
    if bounded is not None:
        return before["rest"] == bounded["rest"] and int(before["longest"]) < int(bounded["longest"])
    return unbounded is not None and before["rest"] == unbounded["rest"]
