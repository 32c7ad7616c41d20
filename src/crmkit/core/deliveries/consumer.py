"""A consumer: a name under which somebody reads the feed, what of it they want, and how often they are tried."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any, Final

from attrs import Attribute, field, frozen

from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Code, Stamped
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.several import several
from crmkit.core.kernel.text import LONGEST_CODE, clean

#: How long to wait before each try, as Standard Webhooks has it: some seconds at first, days in all.
SCHEDULE: Final = (
    *(timedelta(seconds=seconds) for seconds in (0, 5)),
    *(timedelta(minutes=minutes) for minutes in (5, 30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
LEASE: Final = timedelta(seconds=60)
JITTER: Final = 0.1  #: of a wait, at most, longer or shorter: so that not all come back at once


def _named(_: Any, __: Attribute[str], name: object) -> None:
    if not clean(name, "name", LONGEST_CODE).strip():
        raise Invalid("name", f"got {shape(name)}", accepts="a text that is not blank")


def _names(names: Iterable[str]) -> frozenset[str]:
    accepts = "a list of names of events, or of kinds"
    return frozenset(clean(name, "names", LONGEST_CODE) for name in several(names, "names", accepts=accepts))


def _some(_: Any, attribute: Attribute[Any], value: Any) -> None:
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise Invalid(attribute.name, f"got {shape(value)}", accepts="a timedelta above zero")


def _tried(_: Any, __: Attribute[Any], schedule: tuple[timedelta, ...]) -> None:
    if not schedule or min(schedule) < timedelta(0):
        raise Invalid("schedule", f"got {shape(schedule)}", accepts="a timedelta before each try, at least one")


@frozen(kw_only=True)
class Consumer:
    """Who is told, of what, and how; its name is all that is kept of it beside how far it has come.

    :raises Invalid: a blank name, no try in the schedule, a lease of no time
    """

    name: str = field(validator=_named)
    events: frozenset[str] = field(default=frozenset(), converter=_names)  #: the names it wants; none: all
    kinds: frozenset[str] = field(default=frozenset(), converter=_names)  #: of records that it wants; none: all
    ordered: bool = False  #: of one record, a delivery waits until those before it are done
    lease: timedelta = field(default=LEASE, validator=_some)  #: how long a worker has a delivery for itself
    schedule: tuple[timedelta, ...] = field(default=SCHEDULE, validator=_tried)  #: the wait before each try

    def wants(self, event: Event) -> bool:
        """It is to be told of this."""
        return (not self.events or event.name in self.events) and (not self.kinds or event.kind in self.kinds)

    def again(self, tries: int, now: datetime, chance: float) -> datetime | None:
        """When to try once more after so many tries; None if that was the last. `chance` is from 0 to 1."""
        if tries >= len(self.schedule):
            return None
        return now + self.schedule[tries] * (1 + JITTER * (2 * chance - 1))


@entity("consumer", journaled=False)
@frozen(kw_only=True)
class Reader(Entity):
    """How far a consumer has come in the feed: what lies before is delivered, or kept as a delivery."""

    id: Id[Reader]
    cursor: Annotated[Code, Stamped]


def reader_id(name: str) -> Id[Reader]:
    """The id under which the consumer of this name is kept."""
    return fixed_id(0, name.encode())


def fixed_id(milliseconds: int, *parts: bytes) -> Id[Any]:
    """An id that follows from these parts, and is always the same."""
    digest = blake2b(b"".join(len(part).to_bytes(4, "big") + part for part in parts), digest_size=10).digest()
    return uuid7(milliseconds, int.from_bytes(digest, "big") >> 6)
