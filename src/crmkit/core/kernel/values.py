"""What people write down about each other: a name, an e-mail address, a phone number, a place.

Texts lose the blanks around them, and a blank text is a missing one, so that what was stored is what is loaded.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Final, Self
from unicodedata import normalize

from attrs import astuple, frozen

from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Code, Name
from crmkit.core.kernel.name_parts import begins_with_family, family_at_end, family_in_front, parted_at_comma
from crmkit.core.kernel.phone_digits import DIGITS_RULE, digits_of, is_number
from crmkit.core.kernel.text import LONGEST_CODE, LONGEST_NAME, clean, fold

LONGEST_EMAIL: Final = 254  #: octets: the path of 256 of RFC 5321, 4.5.3.1.3, without its angle brackets
LONGEST_LOCAL_PART: Final = 64  #: octets: RFC 5321, 4.5.3.1.1
LONGEST_PHONE: Final = 60


def _text(value: str, field: str, longest: int = LONGEST_NAME) -> str:
    text = clean(value, field, longest).strip()
    if not text:
        raise Invalid(field, "is blank", accepts="a text")
    return text


def _maybe(value: str | None, field: str, longest: int = LONGEST_NAME) -> str | None:
    return None if value is None else clean(value, field, longest).strip() or None


class Written(ABC):
    """A value that people write as one text."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def of(cls, text: str) -> Self:
        """The value that somebody meant by this text.

        :raises Invalid: it cannot be read as such a value
        """

    @classmethod
    def given(cls, value: Self | str | None, field: str) -> Self | None:
        """What a caller gave for `field`: the value itself or its text, where a blank text is none.

        :raises Invalid: (naming `field`) a text that `of` refuses, or something else altogether
        """
        if value is None or isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise Invalid(field, f"got {shape(value)}", accepts=f"a text or a value of {cls.__name__}")
        if not value or value.isspace():
            return None
        try:
            return cls.of(value)
        except Invalid as refused:
            raise refused.inside(field) from None

    @classmethod
    def needed(cls, value: Self | str | None, field: str) -> Self:
        """What a caller gave for a `field` that cannot be missing.

        :raises Invalid: like `given`, and when there is nothing
        """
        found = cls.given(value, field)
        if found is None:
            raise Invalid(field, "is missing", accepts=f"a text or a value of {cls.__name__}")
        return found


class NameOrder(StrEnum):
    """Which part of a name is said first where the person comes from."""

    GIVEN_FIRST = "given_first"
    FAMILY_FIRST = "family_first"


@frozen(init=False)
class PersonName(Written):
    """How somebody is called; `full` is always what was written, the parts are as good as the writing allowed.

    :raises Invalid: a blank full name, or a text that no store can hold
    """

    full: Name
    family_name: Name | None  #: None when there is one word only
    given_name: Name | None
    order: NameOrder

    def __init__(
        self,
        *,
        full: str,
        family_name: str | None = None,
        given_name: str | None = None,
        order: NameOrder = NameOrder.GIVEN_FIRST,
    ) -> None:
        if not isinstance(order, NameOrder):
            raise Invalid("order", f"got {shape(order)}", accepts=" or ".join(map(str, NameOrder)))
        self.__attrs_init__(
            full=_text(full, "full"),
            family_name=_maybe(family_name, "family_name"),
            given_name=_maybe(given_name, "given_name"),
            order=order,
        )

    @classmethod
    def of(cls, text: str) -> Self:
        """The name in a text: 홍길동, 欧阳娜娜, María García, "García López, María"; see `name_parts` for the rules.

        :raises Invalid: a blank text, or one longer than 254 characters
        """
        full = " ".join(_text(text, "name").split())
        bare = normalize("NFC", full).strip(" ,")
        if not bare:
            raise Invalid("name", f"got {shape(full)}", accepts="a name")
        in_front = begins_with_family(bare)
        order = NameOrder.FAMILY_FIRST if in_front else NameOrder.GIVEN_FIRST
        family, given = parted_at_comma(bare) or (family_in_front(bare) if in_front else family_at_end(bare))
        return cls(full=full, family_name=family, given_name=given, order=order)

    @classmethod
    def family_first(cls, family: str, given: str) -> Self:
        """A name whose parts are known, said like 홍길동 or Nguyễn An; Hangul and Han are written without a space."""
        family, given = _text(family, "family"), _text(given, "given")
        space = "" if begins_with_family(normalize("NFC", family + given)) else " "
        return cls(full=f"{family}{space}{given}", family_name=family, given_name=given, order=NameOrder.FAMILY_FIRST)

    @classmethod
    def given_first(cls, given: str, family: str) -> Self:
        """A name whose parts are known, said like María García López."""
        family, given = _text(family, "family"), _text(given, "given")
        return cls(full=f"{given} {family}", family_name=family, given_name=given, order=NameOrder.GIVEN_FIRST)

    @property
    def sort_key(self) -> tuple[str, str]:
        """The folded parts that a directory sorts by: family name, then given name."""
        return fold(self.family_name or self.given_name or self.full), fold(self.given_name or "")

    def __str__(self) -> str:
        return self.full


# A label of a domain name: letters of any script, digits and inner hyphens, at most 63 (RFC 1035, 2.3.4; RFC 5890).
_LABEL = r"(?!-)[^\x00-,./:-@\[-`{-\x7f]{1,63}(?<!-)"
# Any text or a quoted string before the @ (RFC 5321, 4.1.2; RFC 6531 for letters beyond ASCII).
_MAILBOX = re.compile(rf"""(?P<local>[^@()<>\[\]:;,\\"]+|"(?:[^"\\]|\\.)+")@{_LABEL}(?:\.{_LABEL})*""")


def _mailbox(value: str) -> str:
    address = clean(value, "email", LONGEST_EMAIL)
    found = _MAILBOX.fullmatch(address) if address.isprintable() and " " not in address else None
    if found is None:
        raise Invalid("email", f"got {shape(address)}", accepts="one address without blanks, such as name@example.com")
    if len(found["local"].encode()) > LONGEST_LOCAL_PART or len(address.encode()) > LONGEST_EMAIL:
        accepts = f"{LONGEST_LOCAL_PART} octets before the @, {LONGEST_EMAIL} in all"
        raise Invalid("email", f"got {shape(address)}", accepts=accepts)
    return address


@frozen(init=False, repr=False)
class Email(Written):
    """An address that has the shape of one (RFC 5321); whether anybody reads there, only a message can tell.

    :raises Invalid: not one local part, @ and domain, or blanks, control or invisible characters anywhere
    """

    address: Name  #: as written, compared folded

    def __init__(self, *, address: str) -> None:
        self.__attrs_init__(address=_mailbox(address))

    @classmethod
    def of(cls, text: str) -> Self:
        """The address in a text, less the blanks around it; a line break is refused, it has no business in a header.

        :raises Invalid: as the class does
        """
        return cls(address=clean(text, "email").strip(" \t\xa0\u3000"))

    @property
    def domain(self) -> str:
        """What is behind the @, in the form in which domains are compared."""
        return fold(self.address.rpartition("@")[2])

    def __str__(self) -> str:
        return self.address

    def __repr__(self) -> str:
        return f"Email.of({self.address!r})"


_PHONES = "a number of 5 to 15 digits such as 010-1234-5678 or +34 912 345 678 ext. 12"


@frozen(init=False, repr=False)
class Phone(Written):
    """A phone number as it was written, and the digits by which two of them are the same.

    :raises Invalid: a number of less than 5 or more than 15 digits (ITU-T E.164)
    """

    written: Name
    number: Code  #: digits, with a + in front if they begin with a country code
    rule: Code  #: what read the number, with its version: numbers of two rules need not agree

    def __init__(self, *, written: str, number: str, rule: str = DIGITS_RULE) -> None:
        written = _text(written, "phone", LONGEST_PHONE)
        if not is_number(clean(number, "number", LONGEST_CODE)):
            raise Invalid("phone", f"got {shape(written)}", accepts=_PHONES)
        self.__attrs_init__(written=written, number=number, rule=_text(rule, "rule", LONGEST_CODE))

    @classmethod
    def of(cls, text: str) -> Self:
        """The number in a text of digits, blanks and -.()/ with + or 00 for abroad; an extension stays in `written`.

        :raises Invalid: letters or other signs, or less than 5 or more than 15 digits
        """
        written = _text(text, "phone", LONGEST_PHONE)
        return cls(written=written, number=digits_of(written))

    def __str__(self) -> str:
        return self.written

    def __repr__(self) -> str:
        return f"Phone.of({self.written!r})"


_COUNTRY = re.compile("[A-Z]{2}")


@frozen(init=False)
class Address:
    """A place that mail or a visitor can find; every part may be missing, but not all.

    :raises Invalid: nothing in it (None says that), or a country that is not two capital letters
    """

    street: Name | None
    city: Name | None
    region: Name | None
    postal_code: Code | None
    country: Code | None  #: ISO 3166-1 alpha-2: KR, ES

    def __init__(
        self,
        *,
        street: str | None = None,
        city: str | None = None,
        region: str | None = None,
        postal_code: str | None = None,
        country: str | None = None,
    ) -> None:
        country = _maybe(country, "country", LONGEST_CODE)
        if country is not None and not _COUNTRY.fullmatch(country):
            raise Invalid("country", f"got {shape(country)}", accepts="two capital letters of ISO 3166-1, such as KR")
        self.__attrs_init__(
            street=_maybe(street, "street"),
            city=_maybe(city, "city"),
            region=_maybe(region, "region"),
            postal_code=_maybe(postal_code, "postal_code", LONGEST_CODE),
            country=country,
        )
        if not any(astuple(self)):
            raise Invalid("address", "has nothing in it", accepts="one part at least, or None instead")
