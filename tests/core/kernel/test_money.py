from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import ROUND_UP, Context, Decimal, localcontext
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.currencies import MINOR_UNITS
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.money import Money, exact_amount

CURRENCIES = st.sampled_from(["KRW", "EUR", "KWD", "CLF"])


def amounts(decimals: int, digits: int = 14) -> st.SearchStrategy[Decimal]:
    """Every amount with so many decimals and at most so many digits before the point."""
    most = 10 ** (digits + decimals) - 1
    return st.integers(-most, most).map(lambda units: Decimal(units).scaleb(-decimals))


def monies(digits: int = 14) -> st.SearchStrategy[Money]:
    """Money of four currencies that differ in their decimals."""
    return CURRENCIES.flatmap(
        lambda currency: amounts(MINOR_UNITS[currency], digits).map(lambda amount: Money(amount, currency))
    )


class TestWhatIsTaken:
    """The amounts and currencies that money can have."""

    @pytest.mark.parametrize("five", [5, "5", "5.0", " 5 ", "+5", "5.", Decimal(5), Decimal("5.0000"), "５"])
    def test_same_amount_in_any_form_is_one_value(self, five: Any) -> None:
        """5, "5" and 5.0000 are equal, hash alike and print alike."""
        assert Money(five, "EUR") == Money("5.00", "EUR")
        assert hash(Money(five, "EUR")) == hash(Money("5.00", "EUR"))
        assert str(Money(five, "EUR")) == "5.00 EUR"

    def test_won_has_no_minor_unit(self) -> None:
        """A currency without minor unit takes whole amounts only."""
        assert Money("1200000", "KRW").amount == 1_200_000
        with pytest.raises(Invalid, match="none behind it"):
            Money("1200000.5", "KRW")

    def test_too_many_decimals_are_not_rounded(self) -> None:
        """Half a cent is refused in either direction, and the message says how many decimals there are."""
        with pytest.raises(Invalid, match="2 behind it"):
            Money("1.005", "EUR")

    def test_largest_amount_is_taken(self) -> None:
        """Fourteen digits before the point fit, one unit more does not."""
        assert Money("99999999999999.99", "EUR").amount == Decimal("99999999999999.99")
        with pytest.raises(Invalid):
            Money(10**14, "EUR")

    def test_zero_has_no_sign(self) -> None:
        """Minus nothing is nothing, also to a reader."""
        assert str(Money(Decimal("-0.00"), "EUR")) == "0.00 EUR"
        assert str(-Money.zero("EUR")) == "0.00 EUR"

    @pytest.mark.parametrize(
        "amount",
        [
            *[12.5, float("nan"), True, None, b"5", 1j, [], 10**14, -(10**14)],
            *["", "nan", "inf", "1e3", "1,200", "1_000", "1.2.3", "-", ".", "5 EUR", "5\x00", "\ud800"],
            *[Decimal(text) for text in ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999", "1E-999999"]],
        ],
    )
    def test_anything_else_is_refused_by_name(self, amount: Any) -> None:
        """A float, NaN, infinity, a formatted number: the refusal names the field and says what is accepted."""
        with pytest.raises(Invalid) as refused:
            Money(amount, "EUR")

        assert refused.value.field == "amount"
        assert "14 digits" in refused.value.accepts

    def test_endless_number_is_refused_shortly(self) -> None:
        """A number of ten megabytes, or one that Python itself will not show, is answered in one line."""
        for endless in ("9" * 10_000_000, 10**5000):
            with pytest.raises(Invalid) as refused:
                Money(endless, "EUR")

            assert len(str(refused.value)) < 250

    def test_unknown_currency_is_refused_by_name(self) -> None:
        """The field at fault is the currency, with what was probably meant."""
        with pytest.raises(Invalid, match="did you mean EUR") as refused:
            Money(1, "EURO")

        assert refused.value.field == "currency"

    @given(monies())
    def test_text_of_the_amount_reads_back(self, money: Money) -> None:
        """str(amount) is a text from which the same money is made."""
        assert Money(str(money.amount), money.currency) == money

    @given(monies())
    def test_repr_evaluates_to_the_same(self, money: Money) -> None:
        """What a debugger shows can be pasted."""
        assert eval(repr(money)) == money

    @given(monies())
    def test_copies_are_equal(self, money: Money) -> None:
        """Pickle, deepcopy, evolve and the keywords of a loader give the same value."""
        assert pickle.loads(pickle.dumps(money)) == money
        assert copy.deepcopy(money) == money
        assert attrs.evolve(money) == money
        assert Money(amount=money.amount, currency=money.currency) == money

    @given(amounts(4, digits=6), CURRENCIES)
    def test_an_amount_is_kept_or_refused(self, amount: Decimal, currency: str) -> None:
        """Exactly the amounts with the decimals of the currency are taken, and none changes its value."""
        if amount % Decimal(1).scaleb(-MINOR_UNITS[currency]):
            with pytest.raises(Invalid):
                Money(amount, currency)
        else:
            assert Money(amount, currency).amount == amount


class TestReckoning:
    """Sums, differences, multiples and order."""

    def test_sum_starts_at_zero(self) -> None:
        """sum() adds money that starts as money."""
        prices = [Money("0.10", "EUR"), Money("0.20", "EUR")]

        assert sum(prices, Money.zero("EUR")) == Money("0.30", "EUR")

    def test_difference_may_be_negative(self) -> None:
        """What is owed has a minus in front."""
        assert str(Money(1, "EUR") - Money("2.50", "EUR")) == "-1.50 EUR"

    def test_multiple_is_exact_from_both_sides(self) -> None:
        """Three times a price is the price three times."""
        price = Money("0.10", "EUR")

        assert 3 * price == price * 3 == Money("0.30", "EUR")

    @pytest.mark.parametrize("times", [0.5, True, Decimal(2), "2", None])
    def test_only_whole_multiples_are_taken(self, times: Any) -> None:
        """A factor that would need rounding is refused, with the way to share money out."""
        with pytest.raises(Invalid, match="allocate"):
            Money(1, "EUR") * times

    @pytest.mark.parametrize("times", [10**16, 10**40, -(10**400)])
    def test_multiple_beyond_the_largest_amount_is_refused(self, times: int) -> None:
        """A result that no field can hold is an error of that amount, not an overflow."""
        with pytest.raises(Invalid, match="amount"):
            Money("0.01", "EUR") * times

    def test_sum_beyond_the_largest_amount_is_refused(self) -> None:
        """The largest amount plus the smallest is no amount."""
        with pytest.raises(Invalid, match="amount"):
            Money("99999999999999.99", "EUR") + Money("0.01", "EUR")

    @pytest.mark.parametrize(
        "operation",
        [
            lambda one, other: one + other,
            lambda one, other: one - other,
            lambda one, other: one < other,
            lambda one, other: one <= other,
            lambda one, other: one > other,
            lambda one, other: one >= other,
        ],
    )
    @pytest.mark.parametrize("other", [Money(1, "USD"), 1, Decimal(1), None])
    def test_currencies_do_not_mix(self, operation: Callable[[Any, Any], Any], other: Any) -> None:
        """Euros are neither added to nor compared with dollars or bare numbers."""
        with pytest.raises(Invalid, match="EUR"):
            operation(Money(1, "EUR"), other)

    def test_equality_takes_anything(self) -> None:
        """One euro is not one dollar, and says so without an error."""
        assert Money(1, "EUR") != Money(1, "USD")
        number: Any = 1
        assert Money(1, "EUR") != number

    @given(monies(), st.data())
    def test_order_is_that_of_the_amounts(self, one: Money, data: st.DataObject) -> None:
        """Each comparison says of money what it says of its amount."""
        other = Money(data.draw(amounts(MINOR_UNITS[one.currency])), one.currency)

        assert (one < other, one <= other) == (one.amount < other.amount, one.amount <= other.amount)
        assert (one > other, one >= other) == (one.amount > other.amount, one.amount >= other.amount)

    @given(monies(digits=13), st.data())
    def test_what_was_added_can_be_taken_away(self, one: Money, data: st.DataObject) -> None:
        """(a + b) - b is a, to the last minor unit."""
        other = Money(data.draw(amounts(MINOR_UNITS[one.currency], digits=13)), one.currency)

        assert one + other - other == one
        assert -(one - other) == other - one

    def test_decimal_context_of_the_host_changes_nothing(self) -> None:
        """A host that computes with three digits and rounds up still gets exact money."""
        with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[])):
            money = Money("12345678.91", "EUR") + Money(Decimal("0.0800"), "EUR")
            parts = (money * 3).split(2)

            assert str(money) == "12,345,678.99 EUR"
            assert [str(part) for part in parts] == ["18,518,518.49 EUR", "18,518,518.48 EUR"]
            assert str(-money) == "-12,345,678.99 EUR"
            with pytest.raises(Invalid):
                Money("1.005", "EUR")
            with pytest.raises(Invalid):
                Money(Decimal("NaN"), "EUR")


class TestSharingOut:
    """Splitting into equal parts and by weights."""

    def test_cents_left_over_go_to_the_first(self) -> None:
        """Ten euros for three is one cent more for the first."""
        assert [str(part) for part in Money(10, "EUR").split(3)] == ["3.34 EUR", "3.33 EUR", "3.33 EUR"]

    def test_debts_are_split_like_credits(self) -> None:
        """A negative amount has the same parts with the sign turned."""
        assert Money(-10, "EUR").split(3) == tuple(-part for part in Money(10, "EUR").split(3))

    def test_won_are_split_into_whole_won(self) -> None:
        """A currency without minor unit has no smaller parts."""
        assert [int(part.amount) for part in Money(100, "KRW").split(3)] == [34, 33, 33]

    def test_unit_left_over_goes_where_most_was_cut(self) -> None:
        """By 1 to 2, one cent goes to the second: it lost two thirds of a cent, the first one third."""
        assert [str(part) for part in Money("0.01", "EUR").allocate((1, 2))] == ["0.00 EUR", "0.01 EUR"]

    def test_weight_zero_gets_nothing(self) -> None:
        """Nobody without a weight picks up what is left over."""
        assert [str(part) for part in Money("0.05", "EUR").allocate([0, 1, 1])] == ["0.00 EUR", "0.03 EUR", "0.02 EUR"]

    def test_decimal_weights_are_exact(self) -> None:
        """Percentages with a fraction are shared out as written."""
        parts = Money(1000, "KRW").allocate([Decimal("12.5"), Decimal("87.5")])

        assert [int(part.amount) for part in parts] == [125, 875]

    @pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [0.5, 0.5], [Decimal("NaN")], [True, 1], [None]])
    def test_weights_that_share_nothing_out_are_refused(self, weights: list[Any]) -> None:
        """No weights, none above zero, a negative, a float: nothing is shared out by these."""
        with pytest.raises(Invalid) as refused:
            Money(1, "EUR").allocate(weights)

        assert refused.value.field == "weights"

    @pytest.mark.parametrize("parts", [0, -1, 1.5, True, "2"])
    def test_no_parts_at_all_are_refused(self, parts: Any) -> None:
        """Money is split into one part at least."""
        with pytest.raises(Invalid) as refused:
            Money(1, "EUR").split(parts)

        assert refused.value.field == "parts"

    @given(monies(), st.lists(st.integers(0, 10**14 - 1), min_size=1, max_size=9).filter(any))
    def test_nothing_is_lost_or_invented(self, money: Money, weights: list[int]) -> None:
        """The parts add up to the whole, and none is off its exact share by a minor unit or more."""
        parts = money.allocate(weights)
        unit = Decimal(1).scaleb(-MINOR_UNITS[money.currency])

        assert sum(parts, Money.zero(money.currency)) == money
        with localcontext(Context(prec=60)):
            shares = [money.amount * weight / sum(weights) for weight in weights]
            assert all(abs(part.amount - share) < unit for part, share in zip(parts, shares, strict=True))

    @given(monies(), st.integers(1, 40))
    def test_equal_parts_differ_by_one_minor_unit_at_most(self, money: Money, count: int) -> None:
        """Nobody gets a cent more than anybody who gets a cent less than fair."""
        parts = money.split(count)

        assert len(parts) == count
        assert sum(parts, Money.zero(money.currency)) == money
        assert max(parts).amount - min(parts).amount <= Decimal(1).scaleb(-MINOR_UNITS[money.currency])


class TestHowItReads:
    """What people see of it."""

    @pytest.mark.parametrize(
        ("money", "text"),
        [
            (Money("1200000", "KRW"), "1,200,000 KRW"),
            (Money("12.5", "EUR"), "12.50 EUR"),
            (Money("-1234.5", "KWD"), "-1,234.500 KWD"),
            (Money("0.0001", "CLF"), "0.0001 CLF"),
            (Money(0, "CLF"), "0.0000 CLF"),
        ],
    )
    def test_thousands_are_grouped(self, money: Money, text: str) -> None:
        """Digits in groups of three, the decimals of the currency, then its code."""
        assert str(money) == text

    def test_repr_is_short(self) -> None:
        """A list of money in a debugger stays readable."""
        assert repr(Money(5, "EUR")) == "Money('5.00', 'EUR')"

    def test_it_is_frozen(self) -> None:
        """Nobody changes an amount behind a holder's back."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            Money(5, "EUR").amount = Decimal(6)  # type: ignore[misc]


class TestExactAmount:
    """Amounts that are no money: quantities, rates, prices in the currency of their list."""

    @given(amounts(4))
    def test_every_amount_of_four_decimals_is_kept(self, amount: Decimal) -> None:
        """The value is the same, and its form is that of every other amount."""
        exact = exact_amount(amount, "price")

        assert exact == amount
        assert exact.as_tuple().exponent == -4

    @pytest.mark.parametrize("value", ["1.00001", Decimal("0.00001"), 1.5, True, Decimal("NaN"), 10**14, "ten"])
    def test_anything_else_is_refused_under_its_field(self, value: object) -> None:
        """Five decimals are not rounded to four, and the caller's name for the field is in the message."""
        with pytest.raises(Invalid, match="4 behind it") as refused:
            exact_amount(value, "discount.rate")

        assert refused.value.field == "discount.rate"
