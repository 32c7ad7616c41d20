"""How the feed of one CRM is read, and how what it brings is delivered to consumers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from uuid import UUID

from attrs import define, evolve, frozen

from crmkit.areas.leases import changed, lease, reached, settle, take_in
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Delivery, DeliveryStatus, Message, failed, renewed
from crmkit.core.kernel.entity import declared
from crmkit.core.kernel.errors import CrmError, Invalid, OutcomeUnknown, Retryable, StoreError, Unavailable
from crmkit.core.kernel.feed import Feed, Place, Stretch, cursor, place
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import meant
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.whole import whole
from crmkit.patience import PATIENCE
from crmkit.transaction import Transaction, Transactions

MOST: Final = 10_000  #: events that are given at once
STRETCH: Final = 100  #: events that a consumer takes in at once


@frozen(kw_only=True)
class Round:
    """What became of the deliveries of one round."""

    done: int = 0
    failed: int = 0  #: to be tried again
    dead: int = 0  #: dead letters from now on
    lost: int = 0  #: the lease ran out, and another worker had it before it was done

    @property
    def tried(self) -> int:
        """All of them."""
        return self.done + self.failed + self.dead + self.lost


@define
class Held:
    """A delivery in the hands of a worker."""

    message: Message
    delivery: Delivery  #: as it is while this worker has it
    _renew: Callable[[Delivery], Delivery | None]

    def renew(self) -> bool:
        """Have it for the time of a lease from now on; False if another worker may have it already."""
        held = self._renew(self.delivery)
        self.delivery = held or self.delivery
        return held is not None


class _LostError(Exception):
    """The lease ran out, and somebody else has the delivery."""


@frozen(kw_only=True, eq=False)
class Consuming:
    """The feed of one CRM and those who read it."""

    store: Callable[[], Store]  #: raises StoreError once the CRM is closed
    transactions: Transactions
    run: Callable[..., Any]  #: `CRM.run`

    def feed(self, after: str | None, about: UUID | str | None, limit: int) -> Feed:
        """As `CRM.feed`."""
        kind = id = None
        if isinstance(about, str):
            kind = self.transactions.registry.model.kind(about).kind
        elif about is not None:
            id = Id.of(about, "about")
        found = self._stretch(place(after), kind, id, whole(limit, "limit", least=1, most=MOST))
        return Feed(tuple(fed.event for fed in found.events), cursor(found.end))

    def deliver(self, consumer: Consumer, handle: Callable[[Held], object], limit: int) -> Round:
        """As `CRM.deliver`."""

        def outside(held: Held) -> bool:
            handle(held)
            return bool(self.run(None, partial(_settled, delivery=held.delivery)))

        return self._round(consumer, outside, limit)

    def apply(self, consumer: Consumer, effect: Callable[[Transaction, Message], object], limit: int) -> Round:
        """As `CRM.apply`."""

        def inside(held: Held) -> bool:
            def done(tx: Transaction) -> None:
                if not settle(tx, held.delivery):
                    raise _LostError
                effect(tx, held.message)

            try:
                self.run(None, done, operation=held.message.id, cause=f"consumer {consumer.name}")
            except _LostError:
                return False
            return True

        return self._round(consumer, inside, limit)

    def _round(self, consumer: Consumer, do: Callable[[Held], bool], limit: int) -> Round:
        whole(limit, "limit", least=1, most=MOST)
        self._require_kinds(consumer)
        round = Round()
        while round.tried < limit:
            self._take_in(consumer)
            held = self._leased(consumer)
            if held is None:
                break
            round = self._tried(consumer, held, do, round)
        return round

    def _require_kinds(self, consumer: Consumer) -> None:
        """Nothing, if it can be that something happens to records of the kinds that it wants."""
        model = self.transactions.registry.model
        there = [kind for kind, each in model.entities.items() if declared(each.cls).journaled]
        for kind in sorted(consumer.kinds.difference(there)):
            raise Invalid("kinds", f"no event is of a «{kind}»", accepts=meant(kind, there) or ", ".join(there))

    def _tried(self, consumer: Consumer, held: Held, do: Callable[[Held], bool], round: Round) -> Round:
        try:
            done = do(held)
        except (StoreError, Unavailable, OutcomeUnknown):
            raise  # no fault of this delivery: it is tried again when its lease runs out
        except Exception as error:  # noqa: BLE001 - whatever a consumer does wrong, the others get theirs
            status = self._failed(consumer, held.delivery, f"{type(error).__name__}: {error}")
            if status is None:
                return evolve(round, lost=round.lost + 1)
            if status is DeliveryStatus.DEAD:
                return evolve(round, dead=round.dead + 1)
            return evolve(round, failed=round.failed + 1)
        return evolve(round, done=round.done + 1) if done else evolve(round, lost=round.lost + 1)

    def _take_in(self, consumer: Consumer) -> None:
        """Come further in the feed: to its end, or until something is wanted."""
        while True:
            with self.transactions.view(None) as view:
                after = reached(view, consumer)
            stretch = self._stretch(after, None, None, STRETCH)
            if stretch.end == after:
                return
            try:
                self.run(None, partial(take_in, consumer=consumer, after=after, stretch=stretch))
            except Invalid as error:
                if error.field != "id":  # else another worker was the first of this consumer
                    raise
            if len(stretch.events) < STRETCH or any(consumer.wants(fed.event) for fed in stretch.events):
                return

    def _leased(self, consumer: Consumer) -> Held | None:
        found = self.run(None, partial(lease, consumer=consumer))
        if found is None:
            return None
        delivery, event = found
        return Held(
            Message(id=delivery.id, event=event, tries=delivery.tries), delivery, partial(self._renewed, consumer)
        )

    def _renewed(self, consumer: Consumer, delivery: Delivery) -> Delivery | None:
        def renew(tx: Transaction) -> Delivery | None:
            held = renewed(delivery, consumer.lease, tx.stamp.at)
            return held if changed(tx, delivery, held) else None

        held: Delivery | None = self.run(None, renew)
        return held

    def _failed(self, consumer: Consumer, delivery: Delivery, fault: str) -> DeliveryStatus | None:
        """How it stands now; None if it was somebody else's already."""
        chance = self.transactions.pace.chance()

        def fail(tx: Transaction) -> DeliveryStatus | None:
            after = failed(delivery, consumer, tx.stamp.at, fault=fault, chance=chance)
            return after.status if changed(tx, delivery, after) else None

        status: DeliveryStatus | None = self.run(None, fail)
        return status

    def _stretch(self, after: Place, kind: str | None, id: Id[object] | None, limit: int) -> Stretch:
        failed: CrmError | None = None
        for _ in self.transactions.pace.attempts(PATIENCE):
            try:
                return self.store().feed(after=after, kind=kind, id=id, limit=limit)
            except Retryable as error:
                failed = error
        raise Unavailable(f"the feed was not read: {failed}", hint="try again later") from failed


def _settled(tx: Transaction, *, delivery: Delivery) -> bool:
    return settle(tx, delivery)
