"""The Python reading of a tally, for stores that cannot count by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

from attrs import frozen

from crmkit.core.kernel.buckets import start
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.model import Model, Resolved, Row
from crmkit.core.kernel.predicate import Lookup, RowPredicate, row_predicate
from crmkit.core.kernel.tally import (
    GroundCount,
    GroundGroup,
    GroundMean,
    GroundMeasure,
    GroundSum,
    GroundTally,
    Partial,
)
from crmkit.core.kernel.text import fold

Reader: TypeAlias = Callable[[Row], Any]

_MICROSECOND: Final = timedelta(microseconds=1)
_EXACT: Final = Context(prec=60)  # room for the sum of any number of amounts, whatever precision the host works with


def partials(tally: GroundTally, model: Model, rows: Iterable[Row], lookup: Lookup) -> list[Partial]:
    """What the tally counts among these rows of its kind; `lookup` finds the rows that they lead to."""
    sight = {kind: row_predicate(ground, model.entities[kind]) for kind, ground in tally.sight.items()}
    reading = _Reading(tally, model, lookup, sight)
    counts = reading.condition(tally.where)
    keys = [reading.key(group) for group in tally.by]
    groups: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
    for row in rows:
        if counts(row):
            groups.setdefault(tuple([key(row) for key in keys]), []).append(row)
    shown = [reading.shown(group) for group in tally.by]
    measures = [reading.measure(measure) for measure in tally.measures]
    return [
        Partial(
            tuple([show(value, members) for show, value in zip(shown, key, strict=True)]),
            tuple([measure(members) for measure in measures]),
        )
        for key, members in groups.items()
    ]


@frozen
class _Reading:
    """How to find, in the rows of one kind, what a tally asks for."""

    tally: GroundTally
    model: Model
    lookup: Lookup
    sight: Mapping[str, RowPredicate]

    def value(self, at: Resolved) -> Reader:
        """Where the path leads from a row; None as soon as a reference on the way is missing."""
        kind, steps = self.tally.kind, []
        for hop in at.hops:
            steps.append((self.model.entities[kind].position[hop.column.path], hop.target))
            kind = hop.target
        value, find, sees = self.model.entities[kind].reading(at.column), self.lookup.row, self.sees

        def read(row: Row) -> Any:
            reached: Row | None = row
            for reference, target in steps:
                id = row[reference]
                reached = None if id is None else find(target, id)
                if reached is None or not sees(target, reached):
                    return None
                row = reached
            return value(row)

        return read

    def sees(self, kind: str, row: Row) -> bool:
        """Whether a path may lead over this row."""
        sight = self.sight.get(kind)
        return sight is None or sight(row, self.lookup)

    def condition(self, where: Ground) -> Callable[[Row], bool]:
        """Whether a row is among those meant."""
        holds, lookup = row_predicate(where, self.model.entities[self.tally.kind]), self.lookup
        return lambda row: holds(row, lookup)

    def key(self, group: GroundGroup) -> Reader:
        """What all rows of one group have in common."""
        read, zone, per = self.value(group.at), self.tally.zone, group.per
        if per is not None:
            return _unless_missing(read, lambda value: start(value, per, zone))
        return _unless_missing(read, fold) if _is_name(group) else read

    def shown(self, group: GroundGroup) -> Callable[[Any, Sequence[Row]], Any]:
        """How a group is called, from its key and its rows: a name by the first of its spellings."""
        read, named = self.value(group.at), _is_name(group)
        return lambda key, members: min(map(read, members)) if named and key is not None else key

    def measure(self, measure: GroundMeasure) -> Callable[[Sequence[Row]], Any]:
        """The partial value of a measure, from the rows of a group."""
        counts = self.condition(measure.where)
        if isinstance(measure, GroundCount):
            return lambda rows: sum(map(counts, rows))
        if isinstance(measure, GroundSum):
            amount, currency = self.value(measure.amount), self.value(measure.currency)
            return lambda rows: _sums((currency(row), amount(row)) for row in rows if counts(row))
        start_of, end_of = self.value(measure.start), self.value(measure.end)
        finish = _mean if isinstance(measure, GroundMean) else _around(measure.percent)
        return lambda rows: finish(_lapses((start_of(row), end_of(row)) for row in rows if counts(row)))


def _is_name(group: GroundGroup) -> bool:
    return group.at.column.scalar is Scalar.NAME


def _unless_missing(read: Reader, then: Callable[[Any], Any]) -> Reader:
    def key(row: Row) -> Any:
        value = read(row)
        return None if value is None else then(value)

    return key


def _sums(money: Iterable[tuple[str | None, Decimal | None]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for currency, amount in money:
        if currency is not None and amount is not None:
            sums[currency] = _EXACT.add(sums.get(currency, 0), amount)
    return sums


def _lapses(spans: Iterable[tuple[datetime | None, datetime | None]]) -> list[int]:
    """The microseconds of each span that has both its ends, in ascending order."""
    return sorted((end - start) // _MICROSECOND for start, end in spans if start is not None and end is not None)


def _mean(lapses: list[int]) -> tuple[int, int]:
    return len(lapses), sum(lapses)


def _around(percent: int) -> Callable[[list[int]], tuple[int, int, int]]:
    """The lapses at the two ranks between which so many per cent of them end."""

    def neighbours(lapses: list[int]) -> tuple[int, int, int]:
        if not lapses:
            return 0, 0, 0
        below, rest = divmod((len(lapses) - 1) * percent, 100)
        return len(lapses), lapses[below], lapses[below + (rest > 0)]

    return neighbours
