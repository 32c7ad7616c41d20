"""What databases do differently with odd values: here all of them refuse it, or all of them keep it exactly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.crms import STORES, opened, undone

from crmkit.core.kernel.criteria import Criteria, where
from crmkit.core.kernel.errors import CrmError, Invalid
from crmkit.crm import CRM
from crmkit.testing.world.records import AcmeVisit, Firm, Visit

HOW: dict[str, Any] = {"entities": (Firm, Visit), "extensions": (AcmeVisit,)}
LATE = datetime(2025, 3, 1, 9, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=8)))

REFUSED: dict[str, tuple[str, Any]] = {
    "NUL in a text": ("note", "a\0b"),
    "NUL in a name": ("title", "a\0"),
    "NUL in a tag": ("labels", frozenset({"\0"})),
    "half a surrogate pair": ("note", "\ud800"),
    "half a surrogate pair in a tag": ("labels", frozenset({"\udfff"})),
    "a character too many in a code": ("code", "x" * 201),
    "a character too many in a name": ("title", "x" * 255),
    "a fold that is too long": ("title", "\ufdfa" * 34),
    "a character too many in a text": ("note", "x" * 100_001),
    "five decimals": ("price", Decimal("0.00001")),
    "an amount of nineteen digits": ("price", Decimal(10**14)),
    "an amount that is no number": ("price", Decimal("NaN")),
    "an amount without end": ("price", Decimal("Infinity")),
    "a float for money": ("price", 0.1),
    "a number of 64 bits": ("score", 2**63),
    "yes for a number": ("score", True),
    "a moment without zone": ("started_at", LATE.replace(tzinfo=None)),
    "a moment before the year 1": ("started_at", datetime.min.replace(tzinfo=timezone(timedelta(hours=8)))),
    "a moment for a date": ("birthday", LATE),
    "a random id": ("firm_id", uuid4()),
}

SIGNS = "".join(map(chr, [*range(1, 0x300), 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF]))

EXACT: dict[str, tuple[str, Any, Any]] = {
    "the largest amount": ("price", Decimal("99999999999999.9999"), Decimal("99999999999999.9999")),
    "a moment in another zone": ("started_at", LATE, LATE.astimezone(UTC)),
    "70,000 bytes": ("note", "x" * 70_000, "x" * 70_000),
    "400,000 bytes": ("note", "🎉" * 100_000, "🎉" * 100_000),
    "the last day": ("birthday", date.max, date.max),
    "the first day": ("birthday", date.min, date.min),
    "the first moment": ("started_at", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)),
    "an amount below nothing": ("price", Decimal("-0.0001"), Decimal("-0.0001")),
    "the largest number": ("score", 2**63 - 1, 2**63 - 1),
    "every sign that needs to be escaped somewhere": ("note", SIGNS, SIGNS),
    "a blank at the end": ("code", "abc ", "abc "),
    "backslashes, quotes and percents": ("note", "\\'\"%s %(x)s :x ?", "\\'\"%s %(x)s :x ?"),
}

FINDS: dict[str, tuple[Criteria, set[str]]] = {
    "case counts in codes": (where("code").starts_with("b"), {"b", "b%"}),
    "blanks count in codes": (where("code") == "a", {"a"}),
    "wildcards are letters": (where("code").contains("%"), {"b%"}),
    "accents count": (where("code") == "e", set()),
    "missing is not unlike": (where("title") == "x", set()),
}
CODES = ["张", "é", "a ", "B", "b%", "b", "a", "A", "𠮷", "\uffff"]


@pytest.fixture(scope="module", params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CRM]:
    """One for all values; nothing stays."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    with opened(request.param, folder, **HOW) as crm:
        yield crm


@pytest.mark.parametrize(("field", "value"), REFUSED.values(), ids=REFUSED.keys())
def test_what_no_store_may_keep_is_refused(crm: CRM, field: str, value: Any) -> None:
    """Before any database sees it, with the field and what would be accepted."""
    with undone(crm) as tx:
        with pytest.raises(CrmError) as refused:
            tx.add(Visit(**{"id": tx.new_id(Visit), field: value}), "visit.made")
            tx.flush()
        assert isinstance(refused.value, Invalid)
        assert refused.value.field.startswith(field)
        assert refused.value.accepts


@pytest.mark.parametrize(("field", "value", "kept"), EXACT.values(), ids=EXACT.keys())
def test_what_is_taken_is_kept_exactly(crm: CRM, field: str, value: Any, kept: Any) -> None:
    """To the last digit, microsecond and byte."""
    with undone(crm) as tx:
        added = tx.add(Visit(**{"id": tx.new_id(Visit), field: value}), "visit.made")
        tx.flush()
        model = tx.model.entities["visit"]

        (row,) = tx.session.load("visit", [added.id])

        assert row[model.position[field]] == kept
        assert type(row[model.position[field]]) is type(kept)


@pytest.mark.parametrize(("criteria", "found"), FINDS.values(), ids=FINDS.keys())
def test_texts_are_compared_by_code_point(crm: CRM, criteria: Criteria, found: set[str]) -> None:
    """Whatever the database is used to."""
    with undone(crm) as tx:
        for code in CODES:
            tx.add(Visit(id=tx.new_id(Visit), code=code), "visit.made")

        assert {visit.code for visit in tx.of(Visit).find(criteria)} == found


def test_a_tag_is_found_whatever_it_is_made_of(crm: CRM) -> None:
    """Each by itself, also where JSON has to write it in another way."""
    tags = ["\x01", "\x1f", "a\x1f", "\x7f", '"', "\\", '\\"', "\\u001f", "/", "\n", ",", '","']
    tags += ["a", "A", "é", "e\u0301", "한", "🎉"]
    with undone(crm) as tx:
        for tag in tags:
            tx.add(Visit(id=tx.new_id(Visit), labels=frozenset({tag, "x"})), "visit.made")

        for tag in tags:
            assert [visit.labels for visit in tx.of(Visit).find(where("labels").has(tag))] == [{tag, "x"}]


def test_keys_differ_where_they_are_written_differently(crm: CRM) -> None:
    """Abc, abc and «abc » are three; the same again is refused."""
    with undone(crm) as tx:
        for key in ("Abc", "abc", "abc ", "äbc"):
            tx.add(Visit(id=tx.new_id(Visit), key=key), "visit.made")
        tx.flush()
        with pytest.raises(Invalid, match="is taken"):
            tx.add(Visit(id=tx.new_id(Visit), key="abc"), "visit.made")
            tx.flush()
