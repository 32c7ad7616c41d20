"""Amounts that nothing rounds: not a float on the way in, not a division, not the host's decimal context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import total_ordering

from attrs import frozen

from crmkit.core.kernel.currencies import minor_units
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Amount, Code

WHOLE_DIGITS = 14  #: that an amount may have before its point
DECIMALS = 4  #: that an amount may have behind it, whatever it measures

# By number of decimals: the smallest step, and a context that has room for the accepted digits and refuses any other.
_GRIDS = tuple(
    (Decimal((0, (1,), -decimals)), Context(prec=WHOLE_DIGITS + decimals, traps=[Inexact, InvalidOperation]))
    for decimals in range(DECIMALS + 1)
)
# Sums and multiples of amounts are exact in it; the few that would not be are too large for an amount anyway.
_WIDE = Context(prec=2 * (WHOLE_DIGITS + DECIMALS), traps=[])
_TOO_LARGE: int = 10**WHOLE_DIGITS
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")


def exact_amount(value: object, field: str) -> Decimal:
    """The same number with four decimals, the one form in which every store keeps and compares amounts.

    :raises Invalid: no Decimal, int or plain text, not finite, over 14 digits before the point, over 4 decimals
    """
    return _exact(value, field, DECIMALS)


def _exact(value: object, field: str, decimals: int) -> Decimal:
    """The same number with so many decimals; zeros at its end come and go, and zero has no sign."""
    step, context = _GRIDS[decimals]
    amount = value if type(value) is Decimal else _decimal(value)
    try:
        exact = None if amount is None else context.quantize(amount, step)
    except (Inexact, InvalidOperation):
        exact = None
    if exact is None or not exact.is_finite():
        raise _refused(value, field, decimals)
    return exact or exact.copy_abs()


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, str) and len(value) <= 40 and _PLAIN.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, Decimal) or (type(value) is int and abs(value) < _TOO_LARGE):
        return Decimal(value)
    return None


def _refused(value: object, field: str, decimals: int) -> Invalid:
    huge = type(value) is int and abs(value) >= _TOO_LARGE  # Python itself refuses to show a very long one
    behind = f"{decimals} behind it" if decimals else "none behind it"
    return Invalid(
        field,
        f"got a whole number of over {WHOLE_DIGITS} digits" if huge else f"got {shape(value)}",
        accepts=f"a Decimal, int or text such as 1200, at most {WHOLE_DIGITS} digits before the point and {behind}",
    )


@total_ordering
@frozen(init=False, repr=False)
class Money:
    """An exact amount of one currency, with as many decimals as ISO 4217 gives it: 5 EUR and 5.00 EUR are one value.

    Amounts of different currencies are never added or compared; only `==` takes them, and says no.

    :raises Invalid: an amount that is no exact number of minor units (a float never is), or an unknown currency
    """

    amount: Amount
    currency: Code  #: ISO 4217, three capital letters

    def __init__(self, amount: Decimal | int | str, currency: str) -> None:
        self.__attrs_init__(_exact(amount, "amount", minor_units(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in that currency: where a sum starts."""
        return cls(0, currency)

    def __add__(self, other: Money) -> Money:
        return Money(_WIDE.add(self.amount, self._alike(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_WIDE.subtract(self.amount, self._alike(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            raise Invalid("times", f"got {shape(times)}", accepts="an int; allocate() shares money out by weights")
        return Money(_WIDE.multiply(self.amount, times), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._alike(other)

    def _alike(self, other: Money) -> Decimal:
        """The amount of the other side of an operation, if the two have a currency in common."""
        if not isinstance(other, Money):
            raise Invalid("amount", f"got {shape(other)}", accepts=f"Money in {self.currency}")
        if other.currency != self.currency:
            raise Invalid("currency", f"got {other.currency} beside {self.currency}", accepts="one currency")
        return other.amount

    def split(self, parts: int) -> tuple[Money, ...]:
        """As equal as minor units allow, the larger parts first; together they are the whole.

        :raises Invalid: less than one part
        """
        if type(parts) is not int or parts < 1:
            raise Invalid("parts", f"got {shape(parts)}", accepts="an int from 1 on")
        return self.allocate((1,) * parts)

    def allocate(self, weights: Sequence[int | Decimal]) -> tuple[Money, ...]:
        """One part for each weight, in proportion; together they are the whole.

        Minor units that are left over go to the parts that lost most by rounding down, the earlier first.

        :raises Invalid: a negative or inexact weight, or none above zero
        """
        decimals = minor_units(self.currency)
        shares = _shares(_units(self.amount.copy_abs(), decimals), _ratios(weights))
        parts = (Decimal(share).scaleb(-decimals, _WIDE).copy_sign(self.amount) for share in shares)
        return tuple(Money(part, self.currency) for part in parts)

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self.amount:f}', {str(self.currency)!r})"


def _units(amount: Decimal, decimals: int) -> int:
    return int(amount.scaleb(decimals, _WIDE))


def _ratios(weights: Sequence[int | Decimal]) -> list[int]:
    ratios = [_units(exact_amount(weight, "weights"), DECIMALS) for weight in weights]
    if any(ratio < 0 for ratio in ratios) or not any(ratios):
        raise Invalid("weights", f"got {shape(weights)}", accepts="numbers from 0 on, at least one above it")
    return ratios


def _shares(units: int, ratios: list[int]) -> list[int]:
    """Largest remainder: everybody gets the quotient, and the rest goes round by the size of what was cut off."""
    whole = sum(ratios)
    shares = [units * ratio // whole for ratio in ratios]
    by_loss = sorted(range(len(ratios)), key=lambda place: -(units * ratios[place] % whole))
    for place in by_loss[: units - sum(shares)]:
        shares[place] += 1
    return shares
