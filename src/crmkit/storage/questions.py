"""Questions that differ in nothing but their values: written out once, then said to the driver with those of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from attrs import evolve, field, frozen

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.ground import (
    Complement,
    Count,
    Either,
    Every,
    Ground,
    Lapse,
    OneOf,
    Tagged,
    Test,
    TestPart,
    Via,
    Within,
)
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.store import Order
from crmkit.storage.tables import Tables
from crmkit.storage.where import Slot, Where

REMEMBERED: Final = 500  #: questions; the one that was not asked for longest makes room

LIMIT: Final = "limit"

Ordered: TypeAlias = tuple[Order, ...]


@frozen(eq=False)
class Written:
    """A query as the driver takes it: with its values, and with what is the same whatever they are."""

    compiled: Any
    sql: str = field(init=False)
    names: tuple[str, ...] = field(init=False)  #: of its parameters, in their order
    constants: Mapping[str, Any] = field(init=False)

    @sql.default
    def _text(self) -> str:
        return str(self.compiled)

    @names.default
    def _in_order(self) -> tuple[str, ...]:
        return tuple(self.compiled.positiontup)

    @constants.default
    def _unchanging(self) -> Mapping[str, Any]:
        constants: Mapping[str, Any] = self.compiled.params
        return constants

    def saying(self, values: Mapping[str, Any]) -> tuple[str, Row]:
        """The statement and its parameters; where one of many is looked for, it has as many as there are."""
        if self.compiled.post_compile_params:
            state = self.compiled.construct_expanded_state(values)
            return state.statement, state.positional_parameters
        given = {**self.constants, **values}
        return self.sql, tuple([given[name] for name in self.names])


@frozen(eq=False)
class Questions:
    """The queries for records of all kinds that were asked so far."""

    tables: Tables
    dialect: sa.Dialect
    _written: Callable[..., Written] = field(init=False)

    @_written.default
    def _remembering(self) -> Callable[..., Written]:
        return lru_cache(maxsize=REMEMBERED)(self._write)

    def of(self, kind: str, where: Ground, order: Iterable[Order], limit: int | None) -> tuple[str, Row]:
        """The statement for the first rows that fulfil `where`, and its parameters."""
        parted = _Parted(self.tables)
        written = self._written(kind, parted.form(where), tuple(order), limited=limit is not None)
        return written.saying(parted.values if limit is None else {**parted.values, LIMIT: limit})

    def _write(self, kind: str, where: Ground, order: Ordered, *, limited: bool) -> Written:
        rows, reading = self.tables.kinds[kind], Where(self.tables)
        table = rows.table
        terms = [term for by in order for term in reading.sorting(table, by)]
        chosen = rows.select().where(reading.condition(where, table)).order_by(*terms, table.c.id)
        if limited:
            chosen = chosen.limit(sa.bindparam(LIMIT, type_=sa.BigInteger()))
        return Written(chosen.compile(dialect=self.dialect))


class _Parted:
    """Takes a condition apart: into what it asks, with a slot for each value, and the values as columns keep them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.values: dict[str, Any] = {}

    def form(self, ground: Ground) -> Ground:
        """The condition with slots in the place of its values."""
        match ground:
            case Every(items) | Either(items):
                return evolve(ground, items=tuple([self.form(item) for item in items]))
            case Complement(item) | Via(_, item) | Count(_, _, item, _):
                return evolve(ground, item=self.form(item))
            case Test(column, how, value):
                return Test(column, how, self.slot(self.stored(column, value)))
            case OneOf(column, values):
                return OneOf(column, self.slot([self.stored(column, value) for value in values]))
            case TestPart(column, part, how, value):
                return TestPart(column, part, how, self.slot(value))
            case Lapse(start, end, how, microseconds):
                return Lapse(start, end, how, self.slot(microseconds))
            case Within(column, text):
                return Within(column, self.slot(text))
            case Tagged(column, tag):
                return Tagged(column, self.slot(tag))
        return ground

    def stored(self, column: Column, value: Any) -> Any:
        """As the column keeps it."""
        return self.tables.stored(column.scalar, value)

    def slot(self, value: Any) -> Any:
        """The next slot, for this value."""
        name = f"slot{len(self.values)}"
        self.values[name] = value
        return Slot(name)
