"""What the groups of a tally come to together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

from crmkit.core.kernel.buckets import label
from crmkit.core.kernel.figures import Figure, Figures
from crmkit.core.kernel.layout import cell
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.tally import Bucket, Count, Group, Share, Sum

#: A count, a share in per cent, an amount per currency; None for what cannot be told from that of the groups.
Total: TypeAlias = int | Decimal | Mapping[str, Decimal] | None

ALL: Final = "all"  #: the name of all groups together

_THOUSANDTH: Final = Decimal("0.001")
_WIDE: Final = Context(prec=60)  # room for any sum of amounts, whatever precision the host works with


def totals(figures: Figures) -> dict[str, Total]:
    """By the names of the measures. Times have no total: the mean of means is nobody's."""
    found: dict[str, Total] = {}
    for measure in figures.tally.measures:
        if isinstance(measure, Count):
            found[measure.name] = sum(column(figures, measure.name))
        elif isinstance(measure, Sum):
            found[measure.name] = _amounts(each for value in column(figures, measure.name) for each in value)
        else:
            found[measure.name] = None
    return found | {each.name: _share(found[each.of], found[each.among]) for each in shares(figures)}


def column(figures: Figures, measure: str) -> list[Any]:
    """The values of one measure, a group after the other."""
    place = [each.name for each in figures.tally.measures].index(measure)
    return [row.values[place] for row in figures.rows]


def counts(figures: Figures) -> list[str]:
    """The names of the measures that count."""
    return [measure.name for measure in figures.tally.measures if isinstance(measure, Count)]


def shares(figures: Figures) -> list[Share]:
    """The measures that compare two counts."""
    return [measure for measure in figures.tally.measures if isinstance(measure, Share)]


def grouping(figures: Figures) -> str:
    """What the groups are, in a word each: `holding.owner.team.name` is a team."""
    return ", ".join(map(_word, figures.tally.by))


def name_of(figures: Figures, row: Figure) -> str:
    """A group as a reader knows it: its values, months as 2025-03; `all` where nothing is grouped."""
    named = (
        label(value, group.per) if isinstance(group, Bucket) and value is not None else cell(value)
        for group, value in zip(figures.tally.by, row.group, strict=True)
    )
    return ", ".join(named) or ALL


def _word(group: Group) -> str:
    path = group if isinstance(group, str) else group.path
    word = path.removesuffix(".name").removesuffix(".key").rpartition(".")[2].replace("_", " ")
    return word if isinstance(group, str) else f"{word} by {group.per}"


def _amounts(sums: Iterable[Money]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for money in sums:
        found[money.currency] = _WIDE.add(found.get(money.currency, Decimal(0)), money.amount)
    return dict(sorted(found.items()))


def _share(part: Total, whole: Total) -> Decimal | None:
    if not (isinstance(part, int) and isinstance(whole, int) and whole):
        return None
    return _WIDE.quantize(_WIDE.divide(Decimal(100 * part), Decimal(whole)), _THOUSANDTH)
