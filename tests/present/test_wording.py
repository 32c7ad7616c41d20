"""Names and values as a page has them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.money import Money
from crmkit.present.wording import lines, percent, written


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("a\nb\t c ", "a b c"),
        ("\x00\ud800", "��"),
        ("\u202egnp", "�gnp"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("한빛상사", "한빛상사"),
    ],
)
def test_text_is_on_one_line_and_hides_nothing(text: str, shown: str) -> None:
    """What would turn the line around, or cannot be written, is seen to be there."""
    assert written(text) == shown


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_every_other_letter_comes_through(text: str) -> None:
    """A browser shows what was given."""
    assert unescape(written(text)) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1200, ("1,200",)),
        (None, ("–",)),
        (Decimal("10.525"), ("10.525 %",)),
        (timedelta(days=1, hours=12), ("1.50 d",)),
        ((), ("–",)),
        ((Money("1.50", "EUR"), Money(1200, "KRW")), ("1.50 EUR", "1,200 KRW")),
        ({}, ("–",)),
        ({"EUR": Decimal("1.50")}, ("1.50 EUR",)),
    ],
)
def test_figures_are_read_as_tables_have_them(value: int, shown: tuple[str, ...]) -> None:
    """A sum of several currencies has a line for each."""
    assert lines(value) == shown


def test_per_cent_has_one_decimal() -> None:
    """Of nothing there is no share."""
    assert (percent(1, 8), percent(3, 0)) == ("12.5 %", "–")
