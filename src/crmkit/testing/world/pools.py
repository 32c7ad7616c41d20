"""The small sets of values that records and conditions are drawn from.

They are small so that what is asked for is often there, or nearly, and hold what stores and languages disagree on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from crmkit.core.kernel.criteria import Ago, Unit
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.money import Money
from crmkit.testing.world.records import Firm, Mood, Visit


@frozen
class Clock:
    """When and where a condition is asked."""

    now: datetime
    zone: str


CLOCKS = (
    Clock(datetime(2024, 2, 29, 12, tzinfo=UTC), "UTC"),  # a leap day
    Clock(datetime(2024, 3, 31, 10, 30, tzinfo=UTC), "Europe/Madrid"),  # clocks went forward; a month ago is shorter
    Clock(datetime(2024, 4, 1, 0, 30, tzinfo=UTC), "Europe/Madrid"),  # a day ago clocks skipped this time
    Clock(datetime(2024, 10, 27, 1, 30, tzinfo=UTC), "Europe/Madrid"),  # clocks show this time again
    Clock(datetime(2024, 10, 28, 1, 30, tzinfo=UTC), "Europe/Madrid"),  # a day ago clocks showed this time twice
    Clock(datetime(2024, 12, 31, 15, 30, 0, 1, tzinfo=UTC), "Asia/Seoul"),  # it is tomorrow there, and next year
    Clock(datetime(2025, 3, 1, 4, 59, 59, 999999, tzinfo=UTC), "America/New_York"),  # it is yesterday there
)
NOW, ZONE = CLOCKS[0].now, CLOCKS[0].zone

FIRM_IDS: tuple[Id[Firm], ...] = tuple(uuid7(1_700_000_000_000 + number, number) for number in range(5))
VISIT_IDS: tuple[Id[Visit], ...] = tuple(uuid7(1_700_000_100_000 + number, number) for number in range(10))

NAMES = (
    *("ABC", "ＡＢＣ", "abc", "ab", "abcd", "abd", "abc ", " abc", "a%c", "a_c", "a\\c", "a'c", 'a"c'),
    *("㈜한빛", "(주)한빛", "(주)한빛상사", "한빛", unicodedata.normalize("NFD", "한빛"), "ㅎ", "ᄒ", "ﾊﾝ", "ハン"),
    *("straße", "STRASSE", "strasse", "ẞ", "ss", "İstanbul", "i̇stanbul", "istanbul", "ıstanbul", "ς", "Σ"),
    *("\u212b", "å", "\u212a", "k", "\u00e9", "e\u0301", "ﬁn", "fin", "ﷺ", "😀", "😀a", "\uffff", "\U0010ffff"),
)
CODES = (
    *("ABC", "abc", "ＡＢＣ", "ab", "abcd", "abc ", "straße", "STRASSE"),
    *("KR", "EUR", "😀", "a%c", "\uffff", "\U0010ffff"),
)
NEEDLES = (
    *("a", "b", "c", "A", "AB", "%", "_", "\\", "'", " ", "e", "i", "I", "s", "SS"),
    *("주", "한", "상", "\u1112", "😀", "\uffff", "\U0010ffff"),
)
MAILS = ("kim@example.com", "Kim@Example.com", "ＫＩＭ@example.com", "straße@example.com", "strasse@example.com")
TAGS = ("vip", "VIP", "ｖｉｐ", "new", "a,b", 'a"b', "한빛", "%")
NUMBERS = (-(2**63 - 1), -50, -1, 0, 1, 2, 3, 49, 50, 51, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1)
AMOUNTS = (
    *(
        "-99999999999999.9999",
        "99999999999999.9998",
        "99999999999999.9999",
        "12345678901234.5678",
        "12345678901234.5679",
    ),
    *("-0.0001", "0", "0.0001", "0.1", "0.3", "1", "1.5", "99.9999", "100", "100.0001"),
)
MONEYS = (
    *(Money("100", "EUR"), Money("99.99", "EUR"), Money("0.30", "EUR"), Money("99999999999999.99", "EUR")),
    *(Money("100", "KRW"), Money("-1", "KRW"), Money("0", "KRW"), Money("1.5", "USD")),
)
SPANS = (
    *(Ago(amount, Unit.DAYS) for amount in (0, 1, 30, -1)),
    *(Ago(amount, unit) for unit in (Unit.WEEKS, Unit.MONTHS, Unit.YEARS) for amount in (1, -1)),
    *(Ago(0, Unit.MINUTES), Ago(30, Unit.MINUTES), Ago(24, Unit.HOURS), Ago(-2, Unit.HOURS)),
)
DAY_SPANS = tuple(span for span in SPANS if span.unit not in (Unit.MINUTES, Unit.HOURS))
LAPSES = ((0, Unit.MINUTES), (30, Unit.MINUTES), (1, Unit.DAYS), (-1, Unit.WEEKS))
AGES = (-1, 0, 1, 4, 18, 24, 25, 35, 36, 2024, 9000, -8000)

DAYS = (date(1, 1, 1), date(2000, 2, 29), date(2023, 3, 1), date(2024, 2, 29), date(2024, 12, 31), date(9999, 12, 31))


PARAMS: Mapping[str, Any] = {
    "firm": FIRM_IDS[0],
    "visit": VISIT_IDS[0],
    "name": "ABC",
    "tag": "vip",
    "number": 50,
    "amount": Decimal("0.3"),
    "flag": True,
    "mood": Mood.GOOD,
    "day": date(2024, 2, 29),
    "moment": NOW,
}
