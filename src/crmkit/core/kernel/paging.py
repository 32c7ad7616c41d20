"""Lists a page at a time: order by name, cursors, and the condition «behind this record»."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from crmkit.core.kernel.columns import Column, from_json, to_json
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.custom import CUSTOM
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Complement, Const, Either, Every, Exists, Ground, Test
from crmkit.core.kernel.model import Defined, EntityModel
from crmkit.core.kernel.store import Order
from crmkit.core.kernel.text import fold


def order_of(model: EntityModel, names: Sequence[str], defined: Defined) -> tuple[Order, ...]:
    """The columns to sort by; a minus in front of a name means descending.

    :raises CriteriaError: no such field of the record itself, or one that has no order
    """
    if isinstance(names, str):
        raise CriteriaError(f"order={names!r}", hint=f"a tuple of names: order=({names!r},)")
    return tuple(Order(_sortable(model, name.removeprefix("-"), defined), name.startswith("-")) for name in names)


def _sortable(model: EntityModel, name: str, defined: Defined) -> Column:
    column = defined(model.kind).get(name) if name.startswith(f"{CUSTOM}.") else model.by_path.get(name)
    if column is None or column.scalar in (Scalar.TAGS, Scalar.CUSTOM):
        raise CriteriaError(
            f"{model.kind} cannot be sorted by «{name}»", hint="a field of the record itself, not its tags"
        )
    return column


def cursor(model: EntityModel, orders: Sequence[Order], record: Any) -> str:
    """Where a page ended: the order, and what the last record has in it."""
    row = model.flatten(record)
    cells = [to_json(model.reading(order.column)(row)) for order in orders]
    said = [_spelled(orders), *cells, str(record.id)]
    return urlsafe_b64encode(json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()).decode()


def beyond(model: EntityModel, orders: Sequence[Order], after: str) -> Ground:
    """The records that come after a cursor in this order.

    :raises Invalid: a cursor of another order, or one that was made up
    """
    try:
        spelled, *cells = json.loads(urlsafe_b64decode(after.encode()))
        columns = [*(order.column for order in orders), model.by_path["id"]]
        values = [from_json(column.scalar, cell) for column, cell in zip(columns, cells, strict=True)]
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        raise Invalid("after", f"got {shape(after)}", accepts="the `next` of a page") from None
    if spelled != _spelled(orders):
        raise Invalid("after", f"is a cursor of the order {spelled}", accepts=f"one of the order {_spelled(orders)}")
    steps, equal = list[Ground](), list[Ground]()
    for order, value in zip([*orders, Order(model.by_path["id"])], values, strict=True):
        compared = fold(value) if value is not None and order.column.scalar is Scalar.NAME else value
        steps.append(Every((*equal, _behind(order, compared))))
        equal.append(_same(order, compared))
    return Either(tuple(steps))


def _spelled(orders: Sequence[Order]) -> str:
    return ",".join(f"{'-' if order.descending else ''}{order.column.path}" for order in orders)


def _behind(order: Order, value: Any) -> Ground:
    if value is None:
        return Const(False)  # missing values are the last there are
    further = Test(order.column, Operator.LESS if order.descending else Operator.MORE, value)
    return Either((further, Complement(Exists(order.column)))) if order.column.nullable else further


def _same(order: Order, value: Any) -> Ground:
    return Complement(Exists(order.column)) if value is None else Test(order.column, Operator.EQUAL, value)
