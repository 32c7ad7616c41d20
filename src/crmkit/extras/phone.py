"""Phone numbers by the rules of their country, with the library phonenumbers (extra `phone`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from crmkit.core.kernel.errors import Invalid, MissingExtra, shape
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.kernel.phone_digits import without_extension
from crmkit.core.kernel.values import Phone

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


def parse_phone(text: str, *, region: str | None = None, field: str = "phone") -> Phone:
    """The number in E.164 form, so that 010-1234-5678 of KR and +82 10 1234 5678 are one.

    `region` (ISO 3166-1 alpha-2) is where a number without country code is dialled.

    :raises Invalid: (naming `field`) what `Phone.of` refuses, or a number that cannot exist there
    :raises MissingExtra: phonenumbers is not installed
    """
    try:
        import phonenumbers
    except ImportError:
        raise MissingExtra("phone") from None
    _require_region(region)
    try:
        plain = Phone.of(text)
    except Invalid as refused:
        raise refused.inside(field) from None
    for found in _readings(plain, region):
        number = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
        return evolve(plain, number=number, rule=_rule())
    there = f"that can be dialled in {region}" if region else "that begins with + and its country code, or a region"
    raise Invalid(field, f"got {shape(text)}", accepts=f"a phone number {there}")


def normalizer(region: str | None = None) -> Normalizer:
    """What reads the phone numbers of a whole CRM as `parse_phone` does, those without country code as of `region`.

    It is `normalizers["phone"]` of the registry: numbers that it cannot read stay under the rule `digits/1`.

    :raises MissingExtra: phonenumbers is not installed
    :raises Invalid: no such region
    """
    try:
        import phonenumbers  # noqa: F401 - asked for now, not with the first number
    except ImportError:
        raise MissingExtra("phone") from None
    _require_region(region)
    name, version = _rule().split("/")
    return Normalizer(name=name, version=version, read=lambda text: parse_phone(text, region=region).number)


def _rule() -> str:
    import phonenumbers

    return f"phonenumbers/{phonenumbers.__version__.partition('.')[0]}"


def _require_region(region: str | None) -> None:
    import phonenumbers

    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("region", f"got {shape(region)}", accepts="two capital letters of ISO 3166-1, such as KR")


def _readings(plain: Phone, region: str | None) -> Iterator[PhoneNumber]:
    """The possible numbers: as the region dials it (001 is abroad in KR), then as + and 00 say everywhere."""
    import phonenumbers

    for text in (without_extension(plain.written), plain.number):
        try:
            found = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE:
            yield found
