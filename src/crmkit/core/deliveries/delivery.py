"""A delivery: one event on its way to one consumer, kept until the consumer is done with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from attrs import evolve, frozen

from crmkit.core.deliveries.consumer import Consumer, fixed_id
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.feed import Fed
from crmkit.core.kernel.fields import Code, Stamped, Text
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event

LONGEST_FAULT: Final = 1000  #: characters that are kept of what went wrong
NOT_ENDED: Final = "the last try did not come to an end"


class DeliveryStatus(StrEnum):
    """Where a delivery stands; one that is done is gone."""

    WAITING = "waiting"
    LEASED = "leased"  #: a worker has it, until the lease runs out
    DEAD = "dead"  #: a dead letter: it was tried in vain as often as it may be


@entity("delivery", indexes=(index("consumer", "due_at"), index("consumer", "record")), journaled=False)
@frozen(kw_only=True)
class Delivery(Entity):
    """Which event, for whom, and how it went; its id is that of the message, the same at each try."""

    id: Id[Delivery]
    consumer: Annotated[Code, Stamped]
    status: Annotated[DeliveryStatus, Stamped] = DeliveryStatus.WAITING
    position: Annotated[int, Stamped]  #: in the feed
    sequence: Annotated[int, Stamped]  #: of the event in the journal
    kind: Annotated[Code, Stamped]  #: of the record
    record: Annotated[Code, Stamped]  #: its id
    event: Annotated[Code, Stamped]  #: its name
    tries: Annotated[int, Stamped] = 0  #: begun so far
    due_at: Annotated[datetime | None, Stamped] = None  #: when it may be tried, or its lease runs out; a dead one never
    fault: Annotated[Text | None, Stamped] = None  #: what the last failure said


@frozen(kw_only=True)
class Message:
    """A delivery as a consumer is given it: the event, and the id by which to tell that it comes again."""

    id: Id[Delivery]  #: fixed by consumer, operation and sequence: the idempotency key
    event: Event
    tries: int  #: this one included


def delivery_of(consumer: Consumer, fed: Fed, now: datetime) -> Delivery:
    """The delivery of an event, due at once."""
    event, operation = fed.event, fed.event.stamp.operation
    sequence = event.sequence.to_bytes(8, "big")
    return Delivery(
        id=fixed_id(operation.int >> 80, consumer.name.encode(), operation.bytes, sequence),
        version=1,
        created_at=now,
        modified_at=now,
        consumer=consumer.name,
        position=fed.place.position,
        sequence=event.sequence,
        kind=event.kind,
        record=str(event.id),
        event=event.name,
        due_at=now,
    )


def leased(delivery: Delivery, consumer: Consumer, now: datetime) -> Delivery:
    """In the hands of a worker for the time of a lease; dead if it has had its last try."""
    if delivery.tries >= len(consumer.schedule):
        return _stepped(delivery, now, status=DeliveryStatus.DEAD, due_at=None, fault=delivery.fault or NOT_ENDED)
    until = now + consumer.lease
    return _stepped(delivery, now, status=DeliveryStatus.LEASED, due_at=until, tries=delivery.tries + 1)


def renewed(delivery: Delivery, lease: timedelta, now: datetime) -> Delivery:
    """In the same hands for as long again."""
    return _stepped(delivery, now, due_at=now + lease)


def failed(delivery: Delivery, consumer: Consumer, now: datetime, *, fault: str, chance: float) -> Delivery:
    """To be tried again, or a dead letter."""
    again = consumer.again(delivery.tries, now, chance)
    status = DeliveryStatus.DEAD if again is None else DeliveryStatus.WAITING
    return _stepped(delivery, now, status=status, due_at=again, fault=_kept(fault))


def resent(delivery: Delivery, now: datetime) -> Delivery:
    """As if it had never been tried."""
    return _stepped(delivery, now, status=DeliveryStatus.WAITING, due_at=now, tries=0)


def _stepped(delivery: Delivery, now: datetime, **changed: Any) -> Delivery:
    return evolve(delivery, version=delivery.version + 1, modified_at=now, **changed)


def _kept(fault: str) -> str:
    """As much as is kept of a text that may hold anything."""
    return fault[:LONGEST_FAULT].encode("utf-8", "replace").decode().replace("\0", "?").strip() or "?"
