"""What a store promises of the order of lists."""

from __future__ import annotations

import pytest

from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Order, Session, Store
from crmkit.testing.contract.checks import EVERYBODY, check_order
from crmkit.testing.contract.supplied import Supplied
from crmkit.testing.world.samples import SORTABLE, column, firm


class Orders(Supplied):
    """Missing last, ties by id."""

    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    @pytest.mark.parametrize("path", SORTABLE)
    def test_lists_are_sorted_with_missing_last(self, store: Store, path: str, direction: str) -> None:
        """By value, texts by code point, names folded; missing ones last in both directions; ties by id."""
        check_order(store, [Order(column("visit", path), direction == "descending")])

    def test_later_columns_decide_where_earlier_ones_tie(self, store: Store) -> None:
        """Any number of columns, each in its own direction; then the id."""
        mood, title, done = (column("visit", path) for path in ("mood", "title", "done"))

        check_order(store, [Order(mood, descending=True), Order(title), Order(done, descending=True)])

    def test_without_order_lists_are_in_the_order_of_ids(self, session: Session) -> None:
        """Which is that of their making, whatever the order of insertion."""
        session.insert("firm", [firm(3), firm(1), firm(2)])

        assert session.page("firm", EVERYBODY) == [firm(1), firm(2), firm(3)]
        assert session.page("firm", EVERYBODY, limit=2) == [firm(1), firm(2)]
        assert session.page("firm", Const(value=False)) == []

    def test_what_is_made_of_each_row_is_made_of_the_page(self, session: Session) -> None:
        """In its order, within its limit, and once for each row."""
        session.insert("firm", [firm(3), firm(1), firm(2)])
        newest = [Order(column("firm", "id"), descending=True)]
        rows: list[Row] = []

        assert session.each(repr, "firm", EVERYBODY) == list(map(repr, session.page("firm", EVERYBODY)))
        assert session.each(rows.append, "firm", EVERYBODY, newest, 2) == [None, None]
        assert rows == session.page("firm", EVERYBODY, newest, 2) == [firm(3), firm(2)]
