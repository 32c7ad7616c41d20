"""Several of something: what callers give as a list, and how a long one is dealt out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from crmkit.core.kernel.errors import Invalid, shape

T = TypeVar("T")


def several(values: object, field: str, *, accepts: str, most: int | None = None) -> tuple[Any, ...]:
    """The values in their order, whatever they are.

    :raises Invalid: one text, in which letters would be meant; nothing that holds values, as an iterator, which has
        none left when a command is repeated; more than `most`
    """
    if isinstance(values, str | bytes | Iterator) or not isinstance(values, Iterable):
        raise Invalid(field, f"got {shape(values)}", accepts=accepts)
    found = tuple(islice(values, None if most is None else most + 1))
    if most is not None and len(found) > most:
        raise Invalid(field, f"got over {most:,}", accepts=accepts)
    return found


def portions(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The values in their order, at most so many at once."""
    return (values[start : start + size] for start in range(0, len(values), size))
