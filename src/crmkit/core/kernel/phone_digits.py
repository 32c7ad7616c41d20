"""The digits in a phone number as people write it, read without knowing any country."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize

DIGITS_RULE: Final = "digits/1"  #: the name under which numbers read here are kept; another reading is another version

# "x123", "ext. 12", "extensión 12", "내선 12번", "分机 12", "转12", "#12"
_EXTENSION = re.compile(
    r"[ ,;(]*(?:x|ext(?:ensi[oó]n)?|내선(?:번호)?|分机|转|轉|#)[ .:=]*[0-9]{1,7}번?\)?\Z", re.IGNORECASE
)
_DIALLED = re.compile(r"[ (]*\+?[0-9 ().\-/\u2010-\u2015\u2212]+")  # with hyphens and dashes of any length
_NUMBER = re.compile(r"\+[1-9][0-9]{4,14}|(?!00)[0-9]{5,15}")


def is_number(digits: str) -> bool:
    """Whether these are 5 to 15 digits (ITU-T E.164), with a + in front if they begin with a country code."""
    return _NUMBER.fullmatch(digits) is not None


def digits_of(text: str) -> str:
    """The digits that are dialled first; empty if there is anything in the text but digits, blanks, and + -.()/.

    Both + and 00 say that a country code follows, behind which (0) is for those inside the country.
    """
    dialled = without_extension(text)
    if not _DIALLED.fullmatch(dialled):
        return ""
    number = re.sub(r"[^0-9+()]", "", dialled).lstrip("(")
    if number.startswith(("+", "00")):
        number = "+" + number.removeprefix("+").removeprefix("00").replace("(0)", "", 1)
    return re.sub(r"[()]", "", number)


def without_extension(text: str) -> str:
    """The part that is dialled first, with full-width digits and signs made plain."""
    return _EXTENSION.sub("", normalize("NFKC", text).strip())
