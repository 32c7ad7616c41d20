"""Money in a file: an amount in one column, its currency in another or the same for all lines."""

from __future__ import annotations

from decimal import Decimal

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.money import Money


def money(amount: Decimal | None, currency: str | None, field: str = "amount") -> Money | None:
    """The money of the line, if it says an amount; a guess would be worse than a line that is rejected.

    :raises Invalid: a negative amount, no currency or an unknown one, more decimals than the currency has
    """
    if amount is None:
        return None
    if amount < 0:
        raise Invalid(field, f"got {amount.normalize():f}", accepts="an amount from 0 on")
    if currency is None:
        raise Invalid("currency", "is missing", accepts="a code of ISO 4217 such as EUR, in a column or as a constant")
    try:
        return Money(amount, currency)
    except Invalid as refused:
        if refused.field != "amount":
            raise
        raise Invalid(field, f"got {amount.normalize():f}", accepts=f"whole minor units of {currency}") from None
