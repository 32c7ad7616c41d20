from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.phone_digits import digits_of, is_number, without_extension


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("010-1234-5678", "01012345678"),
        ("(02) 123.4567", "021234567"),
        ("02/123–4567", "021234567"),
        ("+82 10 1234 5678", "+821012345678"),
        ("(+82) 10-1234-5678", "+821012345678"),
        ("(+82) (0)10-1234-5678", "+821012345678"),
        ("(0082) 10-1234-5678", "+821012345678"),
        ("0082 10-1234-5678", "+821012345678"),
        ("+82 (0)10-1234-5678", "+821012345678"),
        ("０１０－１２３４－５６７８", "01012345678"),
        ("＋３４　９１２ ３４５ ６７８", "+34912345678"),
    ],
)
def test_digits_are_what_is_dialled(text: str, digits: str) -> None:
    """Separators go, 00 and + say the same, the zero for callers inside the country goes."""
    assert digits_of(text) == digits
    assert is_number(digits)


@pytest.mark.parametrize(
    "extension",
    [
        "x123",
        " x 123",
        " ext. 12",
        " ext:12",
        " Extension 12",
        " extensión 12",
        " 내선 12",
        " (내선 12번)",
        " 内",
        " 转8001",
        "#12",
    ],
)
def test_extension_is_not_dialled_first(extension: str) -> None:
    """An extension in the words of its language is told from the number; what is no extension stays."""
    expected = "02-123-4567" if extension != " 内" else "02-123-4567 内"

    assert without_extension(f"02-123-4567{extension}") == expected


@pytest.mark.parametrize(
    "text", ["", "none", "010-CALL-NOW", "010+1234+5678", "1234567 8901 ring twice", "x123", "ext 5"]
)
def test_other_signs_leave_no_number(text: str) -> None:
    """A text with anything else in it is not read in part."""
    assert not is_number(digits_of(text))


@pytest.mark.parametrize(
    "digits", ["1234", "1" * 16, "+1234", "+" + "1" * 16, "+0123456", "00123456", "12 345", "１２３４５"]
)
def test_too_short_and_too_long_are_no_numbers(digits: str) -> None:
    """Five to fifteen plain digits, and no country code begins with 0."""
    assert not is_number(digits)


@given(st.text(" -.()/+0123456789", max_size=30))
def test_reading_twice_is_reading_once(text: str) -> None:
    """The digits of digits are themselves."""
    digits = digits_of(text)

    if is_number(digits):
        assert digits_of(digits) == digits
