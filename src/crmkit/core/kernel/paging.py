"""Lists a page at a time: order by name, cursors, and the condition «behind this record»."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Final

from crmkit.core.kernel.columns import Column, to_json
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.custom import CUSTOM
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Complement, Const, Either, Every, Exists, Ground, Test
from crmkit.core.kernel.literals import exactly
from crmkit.core.kernel.model import Defined, EntityModel
from crmkit.core.kernel.store import Order
from crmkit.core.kernel.text import LONGEST_TEXT

LONGEST_CELL: Final = 8 * LONGEST_TEXT  #: of a cursor: six signs for each sign, as JSON may write them, in base64


def order_of(model: EntityModel, names: Sequence[str], defined: Defined) -> tuple[Order, ...]:
    """The columns to sort by; a minus in front of a name means descending.

    :raises CriteriaError: no such field of the record itself, or one that has no order
    """
    given: object = names
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(name, str) for name in given):
        raise CriteriaError(f"order={shape(names)}", hint="a tuple of names: order=('topic', '-created_at')")
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


def beyond(model: EntityModel, orders: Sequence[Order], after: object) -> Ground:
    """The records that come after a cursor in this order.

    :raises Invalid: a cursor of another order, or one that was made up
    """
    whole = [*orders, Order(model.by_path["id"])]
    if not isinstance(after, str) or len(after) > LONGEST_CELL * len(whole):
        raise _made_up(after)
    try:
        spelled, *cells = json.loads(urlsafe_b64decode(after.encode()))
    except (ValueError, TypeError, RecursionError):
        raise _made_up(after) from None
    if spelled != _spelled(orders):
        raise Invalid(
            "after", f"is a cursor of the order {shape(spelled)}", accepts=f"one of the order {_spelled(orders)}"
        )
    try:
        values = [_cell(order.column, cell) for order, cell in zip(whole, cells, strict=True)]
    except (ValueError, CriteriaError):
        raise _made_up(after) from None
    steps, equal = list[Ground](), list[Ground]()
    for order, value in zip(whole, values, strict=True):
        steps.append(Every((*equal, _behind(order, value))))
        equal.append(_same(order, value))
    return Either(tuple(steps))


def _made_up(after: object) -> Invalid:
    return Invalid("after", f"got {shape(after)}", accepts="the `next` of a page")


def _cell(column: Column, cell: object) -> Any:
    """What a cursor says of a column, as conditions compare it; folded for a NAME."""
    return None if cell is None and column.nullable else exactly(column, cell)


def _spelled(orders: Sequence[Order]) -> str:
    return ",".join(f"{'-' if order.descending else ''}{order.column.path}" for order in orders)


def _behind(order: Order, value: Any) -> Ground:
    if value is None:
        return Const(False)  # missing values are the last there are
    further = Test(order.column, Operator.LESS if order.descending else Operator.MORE, value)
    return Either((further, Complement(Exists(order.column)))) if order.column.nullable else further


def _same(order: Order, value: Any) -> Ground:
    return Complement(Exists(order.column)) if value is None else Test(order.column, Operator.EQUAL, value)
