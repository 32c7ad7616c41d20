"""What a tally says in the end: bound for a store, finished from its partial values, and kept with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial, reduce
from itertools import chain, zip_longest
from operator import and_
from typing import Any, Final, TypeAlias

from attrs import evolve, field, frozen

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.buckets import following, label, opening
from crmkit.core.kernel.call import NO_FUNCTIONS, Function
from crmkit.core.kernel.columns import Json, to_json
from crmkit.core.kernel.criteria import ALWAYS, Criteria, Given, where
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.layout import html_table, text_table
from crmkit.core.kernel.model import Model, Resolved
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.tally import (
    Bucket,
    Count,
    GroundCount,
    GroundGroup,
    GroundMean,
    GroundMeasure,
    GroundPercentile,
    GroundSum,
    GroundTally,
    Group,
    Mean,
    Measure,
    Partial,
    Percentile,
    Share,
    Sum,
    Tally,
)
from crmkit.core.kernel.text import fold

#: A count, a sum per currency, a span of time, or per cent with three decimals; None for a part of nothing.
Value: TypeAlias = int | tuple[Money, ...] | timedelta | Decimal | None

Counted: TypeAlias = Count | Sum | Mean | Percentile
Resolve: TypeAlias = Callable[[str], Resolved]
Bind: TypeAlias = Callable[[Criteria], Ground]

_MICROSECOND: Final = timedelta(microseconds=1)


@frozen
class Figure:
    """The figures of one group of records."""

    group: tuple[Any, ...]  #: one row value per group of the tally: None for missing, its first day for a bucket
    values: tuple[Value, ...]  #: one per measure


@frozen(kw_only=True)
class Figures:
    """A finished tally: a row per group, sorted by group with missing last. Prints as a table."""

    title: str
    columns: tuple[str, ...]  #: the groups first, then the measures
    rows: tuple[Figure, ...]
    tally: Tally = field(repr=False)
    ground: GroundTally = field(repr=False)

    def criteria(self, figure: Figure, measure: str) -> Criteria:
        """The condition that exactly those records fulfil which were counted for this figure of one of the rows.

        For a share these are the records of its `of`. What the tally asks of the clock and of parameters, it asks too.

        :raises CriteriaError: no such measure
        """
        shares = {each.name: each.of for each in self.tally.measures if isinstance(each, Share)}
        counted = {each.name: each for each in self.tally.measures if not isinstance(each, Share)}
        if measure not in shares and measure not in counted:
            known = ", ".join([*counted, *shares])
            raise CriteriaError(f"«{self.title}» has no figure «{measure}»", hint=f"one of {known}")
        grouped = chain.from_iterable(map(self._grouped, self.tally.by, self.ground.by, figure.group))
        parts = [self.tally.where, *grouped, *_counted(counted[shares.get(measure, measure)])]
        return reduce(and_, [part for part in parts if part != ALWAYS] or [ALWAYS])

    def _grouped(self, said: Group, ground: GroundGroup, value: Any) -> tuple[Criteria, ...]:
        if not isinstance(said, Bucket):
            return (where(said) == value if value is not None else ~where(said).present(),)
        field = where(said.path)
        if value is None:
            return (~field.present(),)
        edge = _edge(ground, self.ground.zone)
        after = following(value, said.per)
        return (field >= edge(value), *([field < edge(after)] if after is not None else []))

    def ordered(self, values: Sequence[object]) -> Figures:
        """The same with the rows in the order in which `values` has their first group; others come last."""
        places = {value: place for place, value in enumerate(values)}
        return evolve(self, rows=tuple(sorted(self.rows, key=lambda row: places.get(row.group[0], len(places)))))

    def to_json(self) -> dict[str, Json]:
        """Title, columns and rows as JSON has them: buckets by their first day, spans of time as ISO 8601 has them."""
        rows: list[Json] = [[*map(to_json, row.group), *map(_value_to_json, row.values)] for row in self.rows]
        return {"title": self.title, "columns": [*self.columns], "rows": rows}

    def __str__(self) -> str:
        lines = [line for cells in self._cells() for line in zip_longest(*map(_in_lines, cells), fillvalue="")]
        return f"{self.title}\n\n{text_table(self.columns, lines, right=self._right)}"

    def _repr_html_(self) -> str:
        cells = [
            [", ".join(map(str, cell)) if isinstance(cell, tuple) else cell for cell in row] for row in self._cells()
        ]
        return html_table(self.columns, cells, right=self._right, caption=self.title)

    @property
    def _right(self) -> range:
        return range(len(self.tally.by), len(self.columns))

    def _cells(self) -> list[list[object]]:
        return [[*map(_shown, self.tally.by, row.group), *map(_line, row.values)] for row in self.rows]


def bind_tally(
    tally: Tally,
    *,
    model: Model,
    now: datetime,
    zone: str,
    params: Mapping[str, Given],
    functions: Mapping[str, Function] = NO_FUNCTIONS,
) -> GroundTally:
    """What a store is to compute for these figures; shares are made of counts afterwards.

    :raises CriteriaError: a path or condition that the records do not have, a sum of what is no money, a time between
        what are no moments, a group of tags or of bare moments, two measures of one name, a share of no count
    """
    _check_names(tally)
    resolve = partial(model.resolve, tally.kind)
    bound = partial(bind, model=model, kind=tally.kind, now=now, zone=zone, params=params, functions=functions)
    return GroundTally(
        kind=tally.kind,
        where=bound(tally.where),
        by=tuple(_group(group, resolve) for group in tally.by),
        measures=tuple(_measure(each, resolve, bound) for each in tally.measures if not isinstance(each, Share)),
        zone=zone,
    )


def _check_names(tally: Tally) -> None:
    names = [measure.name for measure in tally.measures]
    counts = [measure.name for measure in tally.measures if isinstance(measure, Count)]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise CriteriaError(f"«{tally.title}» has two figures «{name}»", hint="give each its own name")
    for share in tally.measures:
        for name in (share.of, share.among) if isinstance(share, Share) else ():
            if name not in counts:
                raise CriteriaError(
                    f"«{share.name}» is a share of «{name}», which this tally does not count",
                    hint=f"one of {', '.join(counts)}" if counts else "add a Count of that name",
                )


def _group(group: Group, resolve: Resolve) -> GroundGroup:
    if isinstance(group, Bucket):
        at = resolve(group.path)
        if at.column.scalar not in (Scalar.MOMENT, Scalar.DATE):
            raise CriteriaError(f"«{group.path}» has no {group.per}s", hint="a field with a moment or a date")
        return GroundGroup(at, group.per)
    if not isinstance(group, str):
        raise CriteriaError(f"got {shape(group)} as a group", hint="a path, or a Bucket of time")
    at = resolve(group)
    if not group.endswith((at.column.path, at.column.path.removesuffix("_id"))):
        raise CriteriaError(f"«{group}» has several parts", hint=f"one of them, such as {at.column.path}")
    if at.column.scalar is Scalar.CUSTOM:
        raise CriteriaError(f"«{group}» has several parts", hint=f"one of them, such as {at.column.path}.NAME")
    if at.column.scalar is Scalar.TAGS:
        raise CriteriaError(f"«{group}» puts one record into several groups", hint="a Count of .has(tag) for each tag")
    if at.column.scalar is Scalar.MOMENT:
        raise CriteriaError(f"«{group}» hardly puts two records into one group", hint=f'Bucket("{group}", Per.MONTH)')
    return GroundGroup(at)


def _measure(measure: Counted, resolve: Resolve, bound: Bind) -> GroundMeasure:
    counted = bound(measure.where)
    match measure:
        case Count():
            return GroundCount(counted)
        case Sum(path=path):
            return GroundSum(counted, *_money(path, resolve))
        case Mean(start=start, end=end):
            return GroundMean(counted, _moment(start, resolve), _moment(end, resolve))
        case Percentile(start=start, end=end, percent=percent):
            if type(percent) is not int or not 0 <= percent <= 100:
                raise CriteriaError(f"«{measure.name}» got {shape(percent)}", hint="whole per cent from 0 to 100")
            return GroundPercentile(counted, _moment(start, resolve), _moment(end, resolve), percent)


def _money(path: str, resolve: Resolve) -> tuple[Resolved, Resolved]:
    resolve(path)
    try:
        amount, currency = resolve(f"{path}.amount"), resolve(f"{path}.currency")
    except CriteriaError:
        raise CriteriaError(f"«{path}» is no money", hint="the path of a whole Money, not of its amount") from None
    return amount, currency


def _moment(path: str, resolve: Resolve) -> Resolved:
    at = resolve(path)
    if at.column.scalar is not Scalar.MOMENT:
        raise CriteriaError(f"«{path}» is no moment", hint="a field with a date and a time")
    return at


def finish(tally: Tally, ground: GroundTally, partials: Iterable[Partial]) -> Figures:
    """The figures that a store's partial values amount to; each is rounded once, half to even.

    :raises Invalid: a sum that has more digits than an amount may have
    """
    names = [group if isinstance(group, str) else f"{group.path} by {group.per}" for group in tally.by]
    rows = [Figure(each.group, _finished(tally.measures, each.values)) for each in partials]
    rows.sort(key=lambda row: tuple(map(_rank, ground.by, row.group)))
    return Figures(
        title=tally.title,
        columns=(*names, *(measure.name for measure in tally.measures)),
        rows=tuple(rows),
        tally=tally,
        ground=ground,
    )


def _rank(group: GroundGroup, value: Any) -> tuple[bool, Any]:
    if value is None:
        return True, 0
    return False, fold(value) if group.at.column.scalar is Scalar.NAME else value


def _finished(measures: tuple[Measure, ...], values: tuple[Any, ...]) -> tuple[Value, ...]:
    counted = [measure.name for measure in measures if not isinstance(measure, Share)]
    by_name = dict(zip(counted, values, strict=True))
    return tuple(
        _share(by_name[each.of], by_name[each.among]) if isinstance(each, Share) else _value(each, by_name[each.name])
        for each in measures
    )


def _value(measure: Counted, value: Any) -> Value:
    match measure:
        case Count():
            return int(value)
        case Sum():
            return _sums(measure.name, value)
        case Mean():
            many, total = value
            return _span(total, many) if many else None
        case Percentile():
            many, below, above = value
            between = (many - 1) * measure.percent % 100  # per cent of the way from the one neighbour to the other
            return _span(below * 100 + (above - below) * between, 100) if many else None


def _sums(name: str, sums: Mapping[str, Decimal]) -> tuple[Money, ...]:
    try:
        return tuple(Money(sums[currency], currency) for currency in sorted(sums))
    except Invalid as error:
        raise error.inside(name) from None


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(f"{_half_even(part * 100_000, whole)}e-3") if whole else None


def _span(microseconds: int, divisor: int) -> timedelta:
    return _half_even(microseconds, divisor) * _MICROSECOND


def _half_even(dividend: int, divisor: int) -> int:
    """The nearest whole number, the even one of two that are equally near."""
    quotient, rest = divmod(dividend, divisor)
    return quotient + (2 * rest > divisor or (2 * rest == divisor and quotient % 2))


def _counted(measure: Counted) -> tuple[Criteria, ...]:
    """What a record had to fulfil, beside the conditions of the tally, for this measure to count it."""
    paths: tuple[str, ...] = ()
    if isinstance(measure, Sum):
        paths = (measure.path,)
    elif isinstance(measure, Mean | Percentile):
        paths = (measure.start, measure.end)
    return measure.where, *(where(path).present() for path in paths)


def _edge(group: GroundGroup, zone: str) -> Callable[[date], Given]:
    """Where a day begins, as values of the grouped field compare."""
    return (lambda day: opening(day, zone)) if group.at.column.scalar is Scalar.MOMENT else (lambda day: day)


def _shown(group: Group, value: Any) -> object:
    return label(value, group.per) if isinstance(group, Bucket) and value is not None else value


def _line(value: Value) -> object:
    if isinstance(value, tuple):
        return value or None
    return f"{value:f} %" if isinstance(value, Decimal) else value


def _in_lines(cell: object) -> Sequence[object]:
    """A sum in several currencies takes a line for each."""
    return cell if isinstance(cell, tuple) else (cell,)


def _value_to_json(value: Value) -> Json:
    if isinstance(value, tuple):
        return [{"amount": f"{money.amount:f}", "currency": money.currency} for money in value]
    if isinstance(value, timedelta):
        seconds, microseconds = divmod(abs(value) // _MICROSECOND, 1_000_000)
        fraction = f".{microseconds:06}" if microseconds else ""
        return f"{'-' if value < timedelta(0) else ''}PT{seconds}{fraction}S"
    return f"{value:f}" if isinstance(value, Decimal) else value
