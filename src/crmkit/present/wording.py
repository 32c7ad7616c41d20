"""How values and names are written on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from html import escape

from crmkit.core.kernel.layout import MISSING, cell
from crmkit.core.kernel.money import Money


def written(text: str) -> str:
    """Text for HTML on one line, never markup; � for what would turn it around, hide in it or not be written at all."""
    one_line = " ".join(text.split())
    return escape("".join(each if each.isprintable() or each in "\u200c\u200d" else "\ufffd" for each in one_line))


def lines(value: int | Decimal | timedelta | tuple[Money, ...] | Mapping[str, Decimal] | None) -> tuple[str, ...]:
    """A figure as a table has it: per cent with all decimals, sums of money in a line per currency."""
    match value:
        case Decimal():
            return (f"{value:f} %",)
        case tuple():
            return tuple(map(str, value)) or (MISSING,)
        case Mapping():
            return tuple(f"{amount:,f} {currency}" for currency, amount in value.items()) or (MISSING,)
    return (cell(value),)


def percent(part: float, whole: float) -> str:
    """With one decimal; – of nothing."""
    return f"{100 * part / whole:,.1f} %" if whole else MISSING
