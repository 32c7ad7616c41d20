"""A write that a key refuses: what the same transaction wrote before it stays, whatever way it was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.crms import STORES, opened

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Session
from crmkit.core.sales.product import Product
from crmkit.crm import CRM
from crmkit.storage import attempt
from crmkit.storage.line import Line


@pytest.fixture(params=[store for store in STORES if store != "memory"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A fresh CRM on every store that is asked in SQL."""
    with opened(request.param, tmp_path) as crm:
        yield crm


@pytest.fixture
def session(crm: CRM) -> Session:
    """A transaction, for the test to end."""
    return crm._opened().begin()


def row(crm: CRM, number: int, key: str) -> Row:
    """A product as it stands in its table."""
    product = Product(id=crm._transactions.ids(), key=key, version=1, code=f"P{number}", name=f"Product {number}")
    return crm.registry.model.of(Product).flatten(product)


def refused(session: Session, *rows: Row) -> None:
    """They are not written, and the key is named."""
    with pytest.raises(Invalid, match="key"):
        session.insert("product", rows)


def keys(crm: CRM) -> set[Any]:
    """Those of the products that were committed."""
    with crm.read() as view:
        return {product.key for product in view.of(Product).find()}


def test_what_was_written_before_a_refused_row_stays(crm: CRM, session: Session) -> None:
    """One row, several, and again after the first refusal."""
    session.insert("product", [row(crm, 1, "a")])
    session.insert("product", [row(crm, 2, "b"), row(crm, 3, "c")])
    refused(session, row(crm, 4, "a"))
    session.insert("product", [row(crm, 5, "d")])
    refused(session, row(crm, 6, "e"), row(crm, 7, "d"))
    session.commit()

    assert keys(crm) >= {"a", "b", "c", "d"}
    assert not keys(crm) & {"f"}


def test_an_update_that_is_refused_leaves_the_others(crm: CRM, session: Session) -> None:
    """The versions that were written before it are those that stay."""
    place = crm.registry.model.of(Product).position
    first, second = row(crm, 1, "a"), row(crm, 2, "b")
    session.insert("product", [first, second])

    def changed(old: Row, **values: Any) -> tuple[Row, Row]:
        new = list(old)
        for path, value in {**values, "version": old[place["version"]] + 1}.items():
            new[place[path]] = value
        return old, tuple(new)

    assert session.update("product", [changed(first, name="other")]) == []
    with pytest.raises(Invalid, match="key"):
        session.update("product", [changed(second, key="a")])
    session.commit()

    with crm.read() as view:
        assert sorted((one.key, one.name) for one in view.of(Product).find()) == [("a", "other"), ("b", "Product 2")]


def test_counters_count_once_beside_refused_rows(crm: CRM, session: Session) -> None:
    """What is written without an attempt is not undone with a refused row."""
    session.insert("product", [row(crm, 1, "a")])
    assert session.count("claims", 1) == 1
    refused(session, row(crm, 2, "a"))
    assert session.count("claims", 1) == 2
    session.commit()

    assert keys(crm) == {"a"}


def test_more_is_not_written_again_than_is_kept_for_it(
    crm: CRM, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind so many rows there is a new savepoint, and all of them stay."""
    monkeypatch.setattr(attempt, "MOST", 2)
    for number in range(0, 6, 2):
        session.insert("product", [row(crm, number, f"k{number}"), row(crm, number + 1, f"k{number + 1}")])
    said: list[Row] = []
    changed = Line.changed

    def overheard(line: Line, sql: str, rows: Sequence[Row]) -> int:
        said.extend(rows)
        return changed(line, sql, rows)

    monkeypatch.setattr(Line, "changed", overheard)
    refused(session, row(crm, 9, "k0"))
    session.commit()

    assert sum("k0" not in each for each in said) == attempt.MOST
    assert keys(crm) == {f"k{number}" for number in range(6)}
