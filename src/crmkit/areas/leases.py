"""How deliveries change hands: taken in from the feed, leased, settled; kept without a trace in the journal.

Whoever changes one says which version of it they had: of two workers that reach for the same, one has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from attrs import evolve

from crmkit.core.deliveries.consumer import Consumer, Reader, reader_id
from crmkit.core.deliveries.delivery import Delivery, DeliveryStatus, delivery_of, leased
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.feed import START, Place, Stretch, cursor, place
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.work import Work

E = TypeVar("E", bound=Entity)

IN_ORDER = ("position", "sequence")
AT_ONCE = 100  #: deliveries that are looked at together


def reached(work: Work, consumer: Consumer) -> Place:
    """How far the consumer has come."""
    reader = _reader(work, consumer)
    return START if reader is None else place(reader.cursor)


def take_in(work: Work, consumer: Consumer, after: Place, stretch: Stretch) -> bool:
    """Keep a delivery for each event of a stretch that is wanted, and come to its end; not if somebody else was there.

    :raises Invalid: somebody else is keeping the same consumer for the first time
    """
    before, now = _reader(work, consumer), work.stamp.at
    if (START if before is None else place(before.cursor)) != after:
        return False
    if before is None:
        before = Reader(id=reader_id(consumer.name), version=1, created_at=now, modified_at=now, cursor=cursor(START))
        work.writing().insert("consumer", [work.model.of(Reader).flatten(before)])
    came = evolve(before, cursor=cursor(stretch.end), version=before.version + 1, modified_at=now)
    if not changed(work, before, came):
        return False
    model = work.model.of(Delivery)
    wanted = [delivery_of(consumer, fed, now) for fed in stretch.events if consumer.wants(fed.event)]
    work.writing().insert(model.kind, [model.flatten(delivery) for delivery in wanted])
    return True


def lease(work: Work, consumer: Consumer) -> tuple[Delivery, Event] | None:
    """The first delivery that is due and nobody has, with its event: the caller's until its lease runs out."""
    now = work.stamp.at
    for delivery in _due(work, consumer):
        mine = leased(delivery, consumer, now)
        if changed(work, delivery, mine) and mine.status is DeliveryStatus.LEASED:
            found = work.session.history(after=mine.sequence - 1, limit=1)
            return mine, next(iter(found))
    return None


def settle(work: Work, delivery: Delivery) -> bool:
    """It is done, if it is still the caller's."""
    if not changed(work, delivery, evolve(delivery, version=delivery.version + 1)):
        return False
    work.writing().delete("delivery", [delivery.id])
    return True


def changed(work: Work, before: E, after: E) -> bool:
    """One in the place of the other, if nobody has changed it."""
    model = work.model.of(type(before))
    return not work.writing().update(model.kind, [(model.flatten(before), model.flatten(after))])


def _reader(work: Work, consumer: Consumer) -> Reader | None:
    model = work.model.of(Reader)
    rows = work.session.load(model.kind, [reader_id(consumer.name)])
    found: list[Reader] = [model.build(row) for row in rows]
    return found[0] if found else None


def _due(work: Work, consumer: Consumer) -> Iterator[Delivery]:
    """What may be tried now, in feed order; of each record the first only, if the consumer keeps their order."""
    due = (where("consumer") == consumer.name) & (where("due_at") <= work.stamp.at)
    deliveries = work.of(Delivery)
    after = None
    while True:
        page = deliveries.page(due, order=IN_ORDER, limit=AT_ONCE, after=after)
        first = _first(work, consumer, page.items) if consumer.ordered else {each.id for each in page}
        yield from (each for each in page if each.id in first)
        if page.next is None:
            return
        after = page.next


def _first(work: Work, consumer: Consumer, deliveries: Sequence[Delivery]) -> set[object]:
    """The ids of the first deliveries of the records of these, dead letters among them."""
    mine = where("consumer") == consumer.name
    first: dict[str, object] = {}
    for record in {each.record for each in deliveries}:
        found = work.of(Delivery).first(mine & (where("record") == record), order=IN_ORDER)
        if found is not None:
            first[record] = found.id
    return set(first.values())
