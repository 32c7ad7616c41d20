"""The feed: what was committed, in one order that never changes behind whoever has read so far."""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.whole import LARGEST_INTEGER

_CURSOR: Final = re.compile(r"(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})", re.ASCII)


@frozen(order=True)
class Place:
    """How far somebody has read: all operations before this position, and of its own the events up to a sequence."""

    position: int = 0
    sequence: int = 0


START: Final = Place()


@frozen
class Fed:
    """An event at its place in the feed."""

    place: Place
    event: Event


@frozen
class Stretch:
    """Some of the feed, and the place up to which there is no more of what was asked for."""

    events: tuple[Fed, ...]
    end: Place


@frozen
class Feed:
    """Committed events in feed order, and the cursor from which to go on; the same one while nothing is new."""

    events: tuple[Event, ...]
    next: str


def cursor(place: Place) -> str:
    """The text in which somebody keeps how far they have read."""
    return f"{place.position}.{place.sequence}"


def place(cursor: object) -> Place:
    """The place that a cursor means; without one the beginning.

    :raises Invalid: no cursor of a feed
    """
    if cursor is None:
        return START
    found = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    numbers = [int(number) for number in found.groups()] if found else [LARGEST_INTEGER + 1]
    if max(numbers) > LARGEST_INTEGER:
        raise Invalid("after", f"got {shape(cursor)}", accepts="the `next` of a feed")
    return Place(*numbers)
