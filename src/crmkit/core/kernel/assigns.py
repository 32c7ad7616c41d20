"""What a change gives to the fields of a record, as data: values, or the moment in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.journal import Stamp

E = TypeVar("E", bound=Entity)


class Moment(Enum):
    """A moment that is not known before the change is made."""

    OCCURRED = "occurred"


OCCURRED: Final = Moment.OCCURRED  #: when it happens: `Stamp.occurred`


@frozen
class Assigns:
    """The effect of a move that gives every record the same: `Assigns({"closed_at": OCCURRED, "revenue": None})`.

    It stands where an effect stands; unlike a function it can also be done to a whole table, see `Sweep`.
    """

    values: Mapping[str, Any]  #: by field

    def __call__(self, one: E, stamp: Stamp) -> E:
        """The record with these values."""
        return evolve(one, **{name: at(value, stamp) for name, value in self.values.items()})


def at(value: Any, stamp: Stamp) -> Any:
    """The value, once the moment is known."""
    return stamp.occurred if value is OCCURRED else value
