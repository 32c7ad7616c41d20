"""One kind of record as two releases of a program have it, and releases that no database can be migrated to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from crmkit.core.kernel.entity import Entity, entity, extends, index, unique
from crmkit.core.kernel.fields import Amount, Code, Name, Tags, Text
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money

LONG = "a 100 % 'new' \"value\"; of \\ many 한글 characters"


class Way(StrEnum):
    """How somebody travels."""

    TRAIN = "train"
    CAR = "car"


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Trip(Entity):
    """The first release."""

    id: Id[Trip]
    title: Name
    way: Way = Way.TRAIN
    note: Code | None = None
    seats: int = 1
    led_by: Id[Trip] | None = None


@entity("place", indexes=(unique("name"),))
@frozen(kw_only=True)
class Place(Entity):
    """A kind of record that the second release brings."""

    id: Id[Place]
    name: Name


@entity("trip", indexes=(index("way"), index("seats", "way"), unique("title", "seats"), index("goal", "way")))
@frozen(kw_only=True)
class LaterTrip(Entity):
    """The second release: more fields, more indexes, and a text that may be longer."""

    id: Id[LaterTrip]
    title: Name
    way: Way = Way.TRAIN
    note: Text | None = None
    seats: int = 1
    led_by: Id[LaterTrip] | None = None
    place_id: Id[Place] | None = None
    goal: Name | None = None
    budget: Money | None = None
    day: date | None = None
    before_id: Id[LaterTrip] | None = None


@extends(LaterTrip, prefix="acme")
@frozen(kw_only=True)
class AcmeTrip:
    """What a plugin adds to the second release."""

    vip: bool = True
    nick: Name = LONG
    level: int = -3
    fee: Amount = Decimal("12.3400")
    tags: Tags = frozenset({"b", "a'%"})
    since: datetime = datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=UTC)
    day: date = date(1999, 12, 31)
    way: Way = Way.CAR
    guide_id: Id[Place] | None = None


OLD = (Trip,)
NEW = (Place, LaterTrip)


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Shorter(Entity):
    """Without a field that there was."""

    id: Id[Shorter]
    title: Name
    way: Way = Way.TRAIN
    seats: int = 1
    led_by: Id[Shorter] | None = None


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Retyped(Entity):
    """With a number that was a text."""

    id: Id[Retyped]
    title: Name
    way: Way = Way.TRAIN
    note: int | None = None
    seats: int = 1
    led_by: Id[Retyped] | None = None


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Stricter(Entity):
    """With a field that has to be there."""

    id: Id[Stricter]
    title: Name
    way: Way = Way.TRAIN
    note: Code | None = None
    seats: int = 1
    led_by: Id[Stricter] | None = None
    region: Code


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Looser(Entity):
    """With a field that may be missing."""

    id: Id[Looser]
    title: Name | None = None
    way: Way = Way.TRAIN
    note: Code | None = None
    seats: int = 1
    led_by: Id[Looser] | None = None


@entity("trip", indexes=(index("way"),))
@frozen(kw_only=True)
class Elsewhere(Entity):
    """With a reference that leads to another kind."""

    id: Id[Elsewhere]
    title: Name
    way: Way = Way.TRAIN
    note: Code | None = None
    seats: int = 1
    led_by: Id[Place] | None = None


@extends(LaterTrip, prefix="acme")
@frozen(kw_only=True)
class OtherDefault:
    """What the plugin added, with another value for what was there before it."""

    vip: bool = False
    nick: Name = LONG
    level: int = -3
    fee: Amount = Decimal("12.3400")
    tags: Tags = frozenset({"b", "a'%"})
    since: datetime = datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=UTC)
    day: date = date(1999, 12, 31)
    way: Way = Way.CAR
    guide_id: Id[Place] | None = None


#: What no database of the first release can be migrated to, and what is said of it.
REFUSED = {
    "a field is gone": ((Shorter,), "crm_trip has a column note too many"),
    "a field is of another type": ((Retyped,), "crm_trip.note is "),
    "a field has to be there": ((Stricter,), "crm_trip has no column region, and the rows there are have no value"),
    "a field may be missing": ((Looser,), "crm_trip.title is "),
    "a reference leads elsewhere": ((Place, Elsewhere), "crm_trip.led_by leads to crm_trip, not to crm_place"),
}
