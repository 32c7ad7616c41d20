"""What is peculiar to records in memory: whose turn it is, and that searching does not always mean looking at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Criteria, where
from crmkit.core.kernel.errors import Invalid, StoreError
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.model import Row
from crmkit.storage.memory import MemorySession, MemoryStore
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import NOW, an_event, an_id, firm, visit


def test_a_transaction_that_does_not_end_is_told_of() -> None:
    """Waiting has an end: whoever opens a transaction inside another learns of it."""
    store = MemoryStore(MODEL, patience=0.01)
    first = store.begin()

    with pytest.raises(StoreError, match=r"still open after 0\.01 seconds"):
        store.begin()

    first.rollback()
    store.begin().rollback()


def test_a_refused_write_does_not_end_the_turn() -> None:
    """The transaction ends when somebody ends it, and once; then the next may begin."""
    store = MemoryStore(MODEL)
    session = store.begin()
    with pytest.raises(Invalid):
        session.insert("visit", [visit(1, firm_id=an_id(9))])
    session.rollback()

    with pytest.raises(StoreError, match="over"):
        session.commit()
    store.begin().commit()


def test_two_stores_know_nothing_of_each_other() -> None:
    """There is no world beside the one of the object."""
    one, other = MemoryStore(MODEL), MemoryStore(MODEL)
    session = one.begin()
    session.insert("firm", [firm(1)])
    session.commit()

    assert other.begin().load("firm", [an_id(1)]) == []


def test_what_a_transaction_read_does_not_change_under_it() -> None:
    """Rows and events handed out before a write stay as they were."""
    store = MemoryStore(MODEL)
    session = store.begin()
    session.insert("firm", [firm(1)])
    session.record([an_event("firm", firm(1))])
    rows, events = session.page("firm", Const(value=True)), session.history()
    session.insert("firm", [firm(2)])
    session.record([an_event("firm", firm(2))])
    session.commit()

    assert rows == [firm(1)]
    assert [event.id for event in events] == [an_id(1)]


class Counting(MemorySession):
    """Counts the rows among which it searched."""

    seen = 0

    def _candidates(self, kind: str, where: Any) -> Iterator[Row]:
        for row in super()._candidates(kind, where):
            self.seen += 1
            yield row


@pytest.mark.parametrize(
    ("criteria", "seen"),
    [
        (where("id") == an_id(7), 1),
        (where("id") == an_id(999), 0),
        ((where("done") == False) & (where("key") == "K-7"), 1),  # noqa: E712
        (where("key") == "K-999", 0),
        ((where("firm_id") == an_id(500)) & (where("done") == True), 50),  # noqa: E712
        ((where("firm") == an_id(501)), 0),
        (where("code") == "K-7", 100),
        ((where("id") == an_id(7)) | (where("key") == "K-7"), 100),
        (~(where("id") == an_id(7)), 100),
        (where("firm.region") == "east", 100),
    ],
)
def test_a_search_by_id_key_or_reference_looks_at_few(criteria: Criteria, seen: int) -> None:
    """Only where nothing else could fulfil the condition."""
    session = MemoryStore(MODEL).begin()
    session.insert("firm", [firm(500, region="east")])
    session.insert(
        "visit", [visit(number, key=f"K-{number}", firm_id=an_id(500) if number % 2 else None) for number in range(100)]
    )
    session.__class__ = Counting
    assert isinstance(session, Counting)

    session.page("visit", bind(criteria, model=MODEL, kind="visit", now=NOW))

    assert session.seen == seen
