"""Which picture a set of figures gets, told by what it measures and never by its title."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from crmkit.core.kernel.criteria import ALWAYS
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.layout import cell
from crmkit.core.kernel.tally import Bucket, Count
from crmkit.present.svg import bars_svg, funnel_svg
from crmkit.present.totals import column, counts, name_of, shares
from crmkit.present.wording import percent

MOST_BARS: Final = 12  #: of one chart; the table has every group


def is_funnel(figures: Figures) -> bool:
    """Whether they begin with three counts or more, the first of them of all records."""
    stages = _stages(figures)
    return len(stages) >= 3 and stages[0].where == ALWAYS


def funnel(figures: Figures) -> str:
    """The stages of a funnel as SVG, all groups together."""
    stages = [(stage.name, sum(column(figures, stage.name))) for stage in _stages(figures)]
    return funnel_svg(stages, title=figures.title)


def bars(figures: Figures) -> str:
    """The first count that is not 0 everywhere as SVG, in it the part that a share of it is; "" if there is none.

    Buckets of time stay in their order; of other groups the largest come first.
    """
    whole = next((name for name in counts(figures) if any(column(figures, name))), "")
    if not whole or len(figures.rows) < 2:
        return ""
    part = next((share.of for share in shares(figures) if share.among == whole), "")
    names = [name_of(figures, row) for row in figures.rows]
    rows = list(zip(names, column(figures, whole), column(figures, part or whole), strict=True))
    if not any(isinstance(group, Bucket) for group in figures.tally.by):
        rows = sorted(rows, key=lambda row: -row[1])[:MOST_BARS]
    return bars_svg(
        [(name, count) for name, count, _ in rows],
        title=f"{figures.title}: {whole}{f', of them {part}' if part else ''}",
        parts=[count for *_, count in rows] if part else (),
        says=[f"{cell(of)} · {cell(count)} {part}, {percent(count, of)}" for _, of, count in rows] if part else (),
    )


def _stages(figures: Figures) -> list[Count]:
    leading = takewhile(lambda measure: isinstance(measure, Count), figures.tally.measures)
    return [measure for measure in leading if isinstance(measure, Count)]
