"""A folder of files that is known: what is in each, in which order it is imported, and what there is to tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen

from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.layout import cell
from crmkit.core.kernel.money import Money
from crmkit.exchange.mapping import Plan
from crmkit.transaction import Transaction

Told: TypeAlias = Figures | str  #: a table, or a sentence


@frozen(kw_only=True)
class Step:
    """One file, imported as one kind of record."""

    file: str
    kind: str
    plan: Plan
    repairs: str = ""  #: the field whose value map puts mistakes right; how often it did is told


@frozen(kw_only=True)
class Dataset:
    """What is known of a folder."""

    title: str
    intro: str
    steps: tuple[Step, ...]
    tell: Callable[[Transaction], Iterator[Told]]
    zone: str = "UTC"

    def fits(self, folder: Path) -> bool:
        """All of its files are there."""
        return all((folder / step.file).is_file() for step in self.steps)


def says(figures: Figures, measure: str, *group: object) -> str:
    """One figure as a reader expects it, of the row of this group; 0 where there is no such row."""
    row = next((row for row in figures.rows if row.group == group), None)
    place = [each.name for each in figures.tally.measures].index(measure)
    match row.values[place] if row else 0:
        case tuple() as sums:
            return ", ".join(map(_shortest, sums)) or "nothing"
        case timedelta() as time:
            return f"{time / timedelta(days=1):,.2f} days"
        case Decimal() as share:
            return f"{share.normalize():f} %"
        case count:
            return cell(count)


def titled(figures: Figures, title: str, *groups: str) -> Figures:
    """The same figures under a title and with names for their groups."""
    return evolve(figures, title=title, columns=(*groups, *figures.columns[len(groups) :]))


def _shortest(money: Money) -> str:
    return f"{money.amount:,.0f} {money.currency}" if money.amount == int(money.amount) else str(money)
