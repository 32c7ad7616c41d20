"""Deliveries: the dead letters of consumers, to be looked at, sent again or dropped."""

from __future__ import annotations

from attrs import frozen

from crmkit.areas.leases import IN_ORDER, changed, settle
from crmkit.core.deliveries.delivery import Delivery, DeliveryStatus, resent
from crmkit.core.kernel.command import command
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import Conflict, IllegalMove
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.work import Work


@frozen
class Deliveries:
    """`tx.deliveries`."""

    work: Work

    def dead(self, *, consumer: str | None = None) -> tuple[Delivery, ...]:
        """The dead letters of all consumers or of one, in feed order."""
        asked = where("status") == DeliveryStatus.DEAD.value
        if consumer is not None:
            asked &= where("consumer") == consumer
        return self.work.of(Delivery).find(asked, order=IN_ORDER)

    @command
    def resend(self, id: Id[Delivery]) -> None:
        """Let a dead letter be tried again, as often as at first and under the same message id.

        :raises NotFound: no such delivery: it is done, or never was
        :raises IllegalMove: it is not dead
        """
        letter = self._dead(id)
        if not changed(self.work, letter, resent(letter, self.work.stamp.at)):
            raise _taken(letter)

    @command
    def drop(self, id: Id[Delivery]) -> None:
        """Let a dead letter be as if it were delivered; raises like `resend`."""
        letter = self._dead(id)
        if not settle(self.work, letter):
            raise _taken(letter)

    def _dead(self, id: Id[Delivery]) -> Delivery:
        letter = self.work.of(Delivery).get(id)
        if letter.status is not DeliveryStatus.DEAD:
            raise IllegalMove(f"delivery {id} is {letter.status}, no dead letter", facts={"possible": []})
        return letter


def _taken(letter: Delivery) -> Conflict:
    return Conflict(f"delivery {letter.id} has changed since it was read", hint="read it again")
