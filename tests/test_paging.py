"""Pages of a list that others add to meanwhile: one after the other they are the list."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import Invalid
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM

TOPICS = st.sampled_from(("Cards", "cards", "Loans", "ＣＡＲＤＳ", "카드", "a"))
ORDERS = st.sampled_from(((), ("topic",), ("-topic",), ("company",), ("-company", "topic"), ("-created_at",)))


@pytest.fixture(scope="module", params=STORES)
def shared(request: pytest.FixtureRequest) -> Iterator[CRM]:
    """A CRM for many examples, each of which has leads of a source of its own."""
    with TemporaryDirectory() as folder, opened(request.param, Path(folder)) as crm:
        yield crm


def capture(crm: CRM, source: str, topics: list[tuple[str, str | None]]) -> None:
    """A transaction that adds leads."""
    with crm.transaction() as tx:
        for topic, company in topics:
            tx.sales.capture_lead(topic=topic, company=company, source=source)


def check(seen: list[Lead], there: set[object], whole: list[Lead]) -> None:
    """None twice, none left out that was there before the first page, all in the order of the list."""
    ids = [lead.id for lead in seen]
    assert len(set(ids)) == len(ids)
    assert there <= set(ids)
    assert ids == [lead.id for lead in whole if lead.id in set(ids)]


LEADS = st.lists(st.tuples(TOPICS, st.none() | TOPICS), max_size=4)


@settings(max_examples=20)
@given(source=st.uuids().map(str), order=ORDERS, limit=st.integers(1, 3), turns=st.lists(LEADS, min_size=2, max_size=6))
def test_pages_are_the_list_whatever_is_added_meanwhile(
    shared: CRM, source: str, order: tuple[str, ...], limit: int, turns: list[list[tuple[str, str | None]]]
) -> None:
    """Whoever reads page by page has read the list, while others write."""
    mine, pages, after, later = where("source") == source, list[Lead](), None, iter(turns[1:])
    capture(shared, source, turns[0])
    with shared.read() as view:
        there = {lead.id for lead in view.of(Lead).find(mine)}
    while not pages or after is not None:
        with shared.read() as view:
            page = view.of(Lead).page(mine, order=order, limit=limit, after=after)
        if not page.items:
            break
        pages, after = [*pages, *page], page.next
        capture(shared, source, next(later, []))
    with shared.read() as view:
        check(pages, set(there), list(view.of(Lead).find(mine, order=order)))


def cursor(*said: object) -> str:
    """One that nobody gave."""
    return urlsafe_b64encode(json.dumps(said).encode()).decode()


SOMEBODY = "01890000-0000-7000-8000-000000000001"
MADE_UP: list[tuple[str, object]] = [
    *(("version", cell) for cell in (None, "x", 10**30, True, [1], 1.5, float("nan"))),
    *(("created_at", cell) for cell in ("2025-01-01T00:00:00", "2025-01-01", "x", 5, "2025-01-01T00:00:00.0000001Z")),
    *(("topic", cell) for cell in (5, "a\0b", "a\ud800b", "", "x" * 300, ["x"])),
    *(("budget.amount", cell) for cell in ("NaN", "1E+999999", "Infinity", "x", [5])),
    *(("status", cell) for cell in ("x", 5)),
    *(("account_id", cell) for cell in ("x", "c232ab00-9414-11ec-b3c8-9e6bdeced846", 5)),
]


@pytest.mark.parametrize(("path", "cell"), MADE_UP)
def test_a_cursor_with_what_no_field_holds_is_refused(shared: CRM, path: str, cell: object) -> None:
    """Before a store is asked, so it is the same on all of them."""
    with shared.read() as view, pytest.raises(Invalid, match="after"):
        view.of(Lead).page(order=(path,), after=cursor(path, cell, SOMEBODY))


@pytest.mark.parametrize(
    "made_up",
    [
        *(5, b"x", "", "x", "ß", cursor(), cursor(5), cursor("version"), cursor("version", 1)),
        *(cursor("version", 1, None), cursor("version", 1, SOMEBODY, 1), cursor(["version"], 1, SOMEBODY)),
        *(urlsafe_b64encode(text).decode() for text in (b"[" * 200_000, b"{}", b"null", b"[1" + b"0" * 5000 + b"]")),
        "W" * 10_000_000,
    ],
    ids=lambda made_up: repr(made_up)[:20],
)
def test_what_is_no_cursor_of_this_order_is_refused(shared: CRM, made_up: Any) -> None:
    """Whatever it is, and however long or deep."""
    with shared.read() as view, pytest.raises(Invalid, match="after"):
        view.of(Lead).page(order=("version",), after=made_up)


def test_pages_by_number_are_noticed() -> None:
    """What is added in front of a page pushes a record onto the next one, a second time."""
    with CRM.open("memory:") as crm:
        capture(crm, "web", [("Cards", None), ("Loans", None)])
        with crm.read() as view:
            there = {lead.id for lead in view.of(Lead).find()}
            first = view.of(Lead).find(order=["topic"])[:1]
        capture(crm, "web", [("a", None)])
        with crm.read() as view:
            whole = list(view.of(Lead).find(order=["topic"]))

        with pytest.raises(AssertionError):
            check([*first, *whole[1:2], *whole[2:3]], set(there), whole)
