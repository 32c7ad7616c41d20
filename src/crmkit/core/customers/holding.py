"""A holding: in whose hands a record is, as one value, so that two fields can never contradict each other."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id
from crmkit.core.people.user import User


class HoldingMode(StrEnum):
    """The ways in which a record can be held."""

    UNHELD = "unheld"
    OWNED = "owned"


@frozen(kw_only=True)
class Holding:
    """Nobody's, or the one user's who answers for the record.

    :raises Invalid: owned without owner, or an owner where nobody holds it
    """

    mode: HoldingMode = HoldingMode.UNHELD
    owner_id: Id[User] | None = None
    since: datetime | None = None
    epoch: int = 0  #: how many times it changed hands

    def __attrs_post_init__(self) -> None:
        held = self.mode is HoldingMode.OWNED
        if held is (self.owner_id is None) or held is (self.since is None):
            said = f"is {self.mode} with owner {self.owner_id} since {self.since}"
            raise Invalid("holding", said, accepts="an owner and a date where it is owned, neither where it is not")

    def passed_to(self, owner_id: Id[User], since: datetime) -> Holding:
        """The next holding: owned by this user from then on."""
        return Holding(mode=HoldingMode.OWNED, owner_id=owner_id, since=since, epoch=self.epoch + 1)

    def __str__(self) -> str:
        return f"{self.mode} by {self.owner_id}" if self.owner_id else str(self.mode)


UNHELD: Final = Holding()
