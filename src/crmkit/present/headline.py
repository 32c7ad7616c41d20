"""The few figures that stand at the top of a page, chosen by what they measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from attrs import frozen

from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.layout import MISSING, cell
from crmkit.core.kernel.tally import Sum
from crmkit.present.totals import Total, counts, shares, totals


@frozen
class KeyFigure:
    """What it is and how much: one line, or one for each currency of a sum."""

    name: str
    says: tuple[str, ...]
    money: bool = False


def key_figures(many: Iterable[Figures]) -> tuple[KeyFigure, ...]:
    """Three counts and shares at most, then one sum of money at most: of each the first that there are.

    Of each set of figures these are the first count, the first share after what it is a share of, and the last sum
    that comes to anything, rounded to whole units.
    """
    plain: dict[str, KeyFigure] = {}
    money: list[KeyFigure] = []
    for figures in many:
        total = totals(figures)
        for key in _counted(figures, total):
            plain.setdefault(key.name, key)
        money.extend(_summed(figures, total))
    return (*list(plain.values())[:3], *money[:1])


def _counted(figures: Figures, total: Mapping[str, Total]) -> Iterator[KeyFigure]:
    for name in counts(figures)[:1]:
        yield KeyFigure(name, (cell(total[name]),))
    for share in shares(figures)[:1]:
        rate = total[share.name]
        yield KeyFigure(share.of, (cell(total[share.of]),))
        yield KeyFigure(f"{share.of} of {share.among}", (f"{rate:.1f} %" if isinstance(rate, Decimal) else MISSING,))


def _summed(figures: Figures, total: Mapping[str, Total]) -> Iterator[KeyFigure]:
    for measure in reversed(figures.tally.measures):
        amounts = total[measure.name]
        if isinstance(measure, Sum) and isinstance(amounts, Mapping) and amounts:
            yield KeyFigure(measure.name, tuple(f"{amounts[each]:,.0f} {each}" for each in amounts), money=True)
            return
