"""Whole numbers as callers give them: no bigger than every store can keep and compare."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.errors import Invalid, shape

LARGEST_INTEGER: Final = 2**63 - 1


def whole(value: object, field: str, *, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int:
    """The number itself.

    :raises Invalid: no whole number, true and false among them, or one out of these bounds
    """
    if type(value) is not int or not least <= value <= most:
        raise Invalid(field, f"got {shape(value)}", accepts=_accepts(least, most))
    return value


def _accepts(least: int, most: int) -> str:
    if most < LARGEST_INTEGER:
        return f"a whole number from {least:,} to {most:,}"
    return "a whole number of at most 63 bits" + ("" if least == -LARGEST_INTEGER else f", {least:,} or more")
