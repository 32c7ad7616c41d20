"""Identifiers: UUIDs of version 7 (RFC 9562), typed by what they identify."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID, SafeUUID

from crmkit.core.kernel.cast import mould
from crmkit.core.kernel.errors import Invalid, shape

E = TypeVar("E")


class Id(UUID, Generic[E]):
    """A UUID that mypy does not confuse with that of another kind: an `Id[Lead]` is no `Id[Account]`."""

    __slots__ = ()

    @classmethod
    def of(cls, value: object, field: str = "id") -> Id[Any]:
        """The id itself, or the one written in a text.

        :raises Invalid: anything else, or a UUID that is not of version 7
        """
        if isinstance(value, cls):
            return value
        try:
            found: Id[Any] = cls(value.hex if isinstance(value, UUID) else str(value))
        except ValueError:
            raise Invalid(field, f"got {shape(value)}", accepts="a UUID") from None
        if found.version != 7:
            raise Invalid(field, f"got a UUID of version {found.version}", accepts="a UUID of version 7")
        return found


_MOULD: Final = mould(Id)
_UNKNOWN: Final = SafeUUID.unknown  #: an enumeration looks for its members each time


def id_of(number: int) -> Id[Any]:
    """The id of these 128 bits, as a store has them: nobody looks at them again."""
    one = object.__new__(_MOULD)
    one.int = number
    one.is_safe = _UNKNOWN
    one.__class__ = Id
    return one  # type: ignore[no-any-return]  # by now


class IdSource(Protocol):
    """Where new ids come from; each call gives one that sorts after all before it."""

    def __call__(self) -> Id[Any]:
        """The next id."""
        ...


_TAIL_BITS = 74  # what version and variant leave of the 80 bits behind the milliseconds


def uuid7(milliseconds: int, tail: int) -> Id[Any]:
    """The UUIDv7 of an instant (milliseconds since 1970) and 74 bits that tell it from its neighbours."""
    high, low = tail >> 62, tail & (1 << 62) - 1
    return Id(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def derived(source: UUID, step: int) -> Id[Any]:
    """The id of what follows from step `step` of a record: always the same, and those of one record sort by step."""
    digest = blake2b(source.bytes + step.to_bytes(8, "big"), digest_size=6).digest()
    return uuid7(source.int >> 80, step << 48 | int.from_bytes(digest, "big"))


class Ids:
    """New ids from a clock and a source of chance, increasing even while the clock stands still or steps back."""

    def __init__(self, *, clock: Callable[[], datetime], entropy: Callable[[int], int]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._last = 0
        self._lock = Lock()

    def __call__(self) -> Id[Any]:
        """The next id."""
        milliseconds = int(self._clock().timestamp() * 1000)
        tail = self._entropy(_TAIL_BITS - 1)  # one bit of head room for the steps of a standing clock
        with self._lock:
            self._last = max(milliseconds << _TAIL_BITS | tail, self._last + 1)
            return uuid7(self._last >> _TAIL_BITS, self._last & (1 << _TAIL_BITS) - 1)
