"""Text as people mean it: what is refused at the edge, and what counts as the same."""

from __future__ import annotations

import re
import unicodedata

from crmkit.core.kernel.errors import Invalid, shape

LONGEST_CODE = 200
LONGEST_NAME = 254  #: the longest e-mail address there is (RFC 5321)
LONGEST_FOLD = 600  #: folding may grow a text up to 18-fold; a longer fold is refused, never cut
LONGEST_TEXT = 100_000

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def fold(text: str) -> str:
    """The form in which names are compared: `NFKC(casefold(NFKC(text)))`, so that ＡＢＣ is abc and ㈜ is (주)."""
    if text.isascii():
        return text.lower()  # for ASCII the two agree, and most text is ASCII
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def clean(value: object, field: str, longest: int = LONGEST_TEXT) -> str:
    """The text itself, if every store can hold it.

    :raises Invalid: not a text, longer than `longest` characters, or with NUL or half a surrogate pair in it
    """
    if not isinstance(value, str):
        raise Invalid(field, f"got {shape(value)}", accepts="a text")
    if len(value) > longest:
        raise Invalid(field, f"got {shape(value)}", accepts=f"at most {longest:,} characters")
    if _UNSTORABLE.search(value):
        raise Invalid(field, f"got {shape(value)}", accepts="a text without NUL and without lone surrogates")
    return value


def named(value: object, field: str) -> str:
    """The text itself, if it can be a key: compared exactly, character by character, blanks included.

    :raises Invalid: like `clean`, longer than a code may be, or blank
    """
    text = clean(value, field, LONGEST_CODE)
    if not text or text.isspace():
        raise Invalid(field, "is blank", accepts="a text")
    return text


def successor(text: str) -> str | None:
    """The first text, by code point, that comes after everything that starts with `text`; None if there is none."""
    for at in range(len(text) - 1, -1, -1):
        point = ord(text[at]) + 1
        if point == 0xD800:
            point = 0xE000  # surrogates are not characters
        if point <= 0x10FFFF:
            return text[:at] + chr(point)
    return None
