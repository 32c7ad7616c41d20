from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from crmkit.core.kernel.errors import Invalid, MissingExtra
from crmkit.core.kernel.values import Phone
from crmkit.extras.phone import normalizer, parse_phone

needs_phonenumbers = pytest.mark.skipif(find_spec("phonenumbers") is None, reason="the extra phone is not installed")


@needs_phonenumbers
@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("010-1234-5678", "KR", "+821012345678"),
        ("０１０－１２３４－５６７８", "KR", "+821012345678"),
        ("02-312-4567 내선 12", "KR", "+8223124567"),
        ("+82 (0)10-1234-5678", None, "+821012345678"),
        ("0082 10-1234-5678", None, "+821012345678"),
        ("0082 10-1234-5678", "KR", "+821012345678"),
        ("001-1-650-253-0000", "KR", "+16502530000"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+52 55 1234 5678", "KR", "+525512345678"),
        ("912 34 56 78", "ES", "+34912345678"),
        ("0034 912 34 56 78", "MX", "+34912345678"),
        ("+39 06 698 12345", None, "+390669812345"),
    ],
)
def test_number_is_that_of_its_country(text: str, region: str | None, number: str) -> None:
    """However and wherever it is written, the number is the one that the whole world dials; the writing stays."""
    phone = parse_phone(text, region=region)

    assert phone.number == number
    assert phone.written == text


@needs_phonenumbers
def test_rule_names_the_library_and_its_major_version() -> None:
    """Numbers that were read with and without the library can be told apart."""
    import phonenumbers

    assert parse_phone("+34912345678").rule == f"phonenumbers/{phonenumbers.__version__.split('.')[0]}"
    assert parse_phone("+34912345678") != Phone.of("+34912345678")


@needs_phonenumbers
@pytest.mark.parametrize(
    ("text", "region", "accepted"),
    [
        ("010-1234-5678", None, "its country code"),
        ("+999 123 456 789", None, "its country code"),
        ("+34 912 345 678 999", None, "its country code"),
        ("253-0000", "US", "dialled in US"),
        ("12345", "ES", "dialled in ES"),
        ("call me", "KR", "5 to 15 digits"),
        ("", "KR", "a text"),
        ("1" * 61, "KR", "60 characters"),
    ],
)
def test_number_that_cannot_exist_is_refused(text: str, region: str | None, accepted: str) -> None:
    """No country, no such country code, too long, no area code: the refusal names the field and what it needs."""
    with pytest.raises(Invalid) as refused:
        parse_phone(text, region=region, field="mobile")

    assert refused.value.field == "mobile"
    assert accepted in refused.value.accepts
    assert len(str(refused.value)) < 200


@needs_phonenumbers
@pytest.mark.parametrize("region", ["kr", "Korea", "XX", ""])
def test_unknown_region_is_refused_as_such(region: str) -> None:
    """A region that is none is not blamed on the number."""
    with pytest.raises(Invalid, match="such as KR") as refused:
        parse_phone("010-1234-5678", region=region)

    assert refused.value.field == "region"


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where phonenumbers is missing, the error is the line that installs it."""
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    with pytest.raises(MissingExtra, match=r"pip install 'crmkit\[phone\]'"):
        parse_phone("010-1234-5678", region="KR")


@needs_phonenumbers
def test_a_normaliser_reads_as_the_parser_does() -> None:
    """Under the same rule, so that the two agree; what cannot be dialled there stays as it was."""
    reader = normalizer("KR")

    assert reader.reread(Phone.of("010-1234-5678")) == parse_phone("010-1234-5678", region="KR")
    assert reader.rule == parse_phone("+34912345678").rule
    assert reader.reread(Phone.of("+999 123 456 789")) == Phone.of("+999 123 456 789")
    with pytest.raises(Invalid):
        normalizer("XX")


def test_a_normaliser_without_the_library_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the CRM is put together, not with the first number."""
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    with pytest.raises(MissingExtra):
        normalizer("KR")
