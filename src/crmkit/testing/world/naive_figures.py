"""Tallies once more, as plainly as possible: records in lists, fractions throughout, days counted one by one.

What the library makes of its partial values is held against this; the two share no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from crmkit.core.kernel.tally import Bucket, Count, Group, Mean, Measure, Per, Percentile, Share, Sum, Tally
from crmkit.testing.world.naive import FOLDED, Asked, folded


@frozen
class NaiveFigure:
    """A group, its value for every measure, and the ids of the records that each was made of.

    Sums are pairs of fraction and currency.
    """

    group: tuple[Any, ...]
    values: tuple[Any, ...]
    counted: tuple[frozenset[Any], ...]


def naive_figures(tally: Tally, asked: Asked) -> list[NaiveFigure]:
    """The figures, in any order."""
    groups: dict[tuple[Any, ...], list[Any]] = {} if tally.by else {(): []}
    for record in asked.world[tally.kind].values():
        if asked.holds(tally.where, record):
            groups.setdefault(tuple(_key(asked, record, group) for group in tally.by), []).append(record)
    found = []
    for key, members in groups.items():
        made = [_figure(tally, measure, members, asked) for measure in tally.measures]
        shown = tuple(_shown(asked, members, group, value) for group, value in zip(tally.by, key, strict=True))
        found.append(NaiveFigure(shown, tuple(value for value, _ in made), tuple(who for _, who in made)))
    return found


def _key(asked: Asked, record: Any, group: Group) -> Any:
    if isinstance(group, Bucket):
        value = asked.read(record, group.path)
        return None if value is None else _first_day(value, group.per, asked.zone)
    value = asked.read(record, group)
    return folded(value) if _is_folded(group) and value is not None else value


def _shown(asked: Asked, members: Sequence[Any], group: Group, key: Any) -> Any:
    if isinstance(group, Bucket) or not _is_folded(group) or key is None:
        return key
    return min(asked.read(member, group) for member in members)


def _is_folded(path: str) -> bool:
    return path.rpartition(".")[2] in FOLDED


def _first_day(value: date, per: Per, zone: str) -> date:
    day = value
    if isinstance(value, datetime):
        try:
            day = value.astimezone(ZoneInfo(zone)).date()
        except OverflowError:
            day = value.date()  # before the first day or after the last, whichever it is in UTC
    while not _begins(day, per):
        day -= timedelta(days=1)
    return day


def _begins(day: date, per: Per) -> bool:
    if per is Per.DAY:
        return True
    if per is Per.WEEK:
        return day.isoweekday() == 1
    months = {Per.MONTH: range(1, 13), Per.QUARTER: (1, 4, 7, 10), Per.YEAR: (1,)}[per]
    return day.day == 1 and day.month in months


def _figure(tally: Tally, measure: Measure, members: Sequence[Any], asked: Asked) -> tuple[Any, frozenset[Any]]:
    if isinstance(measure, Share):
        by_name = {each.name: each for each in tally.measures}
        of, who = _figure(tally, by_name[measure.of], members, asked)
        among, _ = _figure(tally, by_name[measure.among], members, asked)
        return (Decimal(round(Fraction(100_000 * of, among))) / 1000 if among else None), who
    meant = [member for member in members if asked.holds(measure.where, member)]
    match measure:
        case Count():
            return len(meant), _ids(meant)
        case Sum(path=path):
            meant = [member for member in meant if asked.read(member, path) is not None]
            return _sums([asked.read(member, path) for member in meant]), _ids(meant)
        case Mean(start=start, end=end) | Percentile(start=start, end=end):
            meant = [one for one in meant if asked.read(one, start) is not None and asked.read(one, end) is not None]
            return _time(measure, [asked.read(one, end) - asked.read(one, start) for one in meant]), _ids(meant)


def _time(measure: Mean | Percentile, lapses: Sequence[timedelta]) -> timedelta | None:
    exact = sorted(Fraction(lapse // timedelta(microseconds=1)) for lapse in lapses)
    if not exact:
        return None
    if isinstance(measure, Mean):
        return timedelta(microseconds=round(sum(exact, Fraction()) / len(exact)))
    rank = Fraction((len(exact) - 1) * measure.percent, 100)
    below, above = exact[int(rank)], exact[min(int(rank) + 1, len(exact) - 1)]
    return timedelta(microseconds=round(below + (above - below) * (rank - int(rank))))


def _sums(money: Sequence[Any]) -> tuple[tuple[Fraction, str], ...]:
    currencies = sorted({each.currency for each in money})
    return tuple(
        (sum((Fraction(each.amount) for each in money if each.currency == currency), Fraction()), currency)
        for currency in currencies
    )


def _ids(records: Iterable[Any]) -> frozenset[Any]:
    return frozenset(record.id for record in records)
