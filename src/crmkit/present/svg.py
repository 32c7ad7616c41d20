"""Charts as inline SVG for HTML pages: they stretch with the page while their letters keep their size.

Letters have the colour of the page; a style sheet may fill the classes `track`, `bar`, `part` and `flow`, which without
one have colours of their own. The same values always give the same characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import Final

from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.layout import cell, width
from crmkit.present.wording import percent, written

LONGEST: Final = 28  #: columns of a label that leave room for its figures on a telephone; its tooltip has all of it

_STYLE: Final = 'font-family="system-ui, sans-serif" font-size="14" fill="currentColor"'
_FILLS: Final = {"track": "#8882", "bar": "#a9cbd8", "part": "#2a6f8a"}
_STEP, _THICK = 84, 28  # pixels from stage to stage of a funnel, and of its bars
_ROW, _THIN = 40, 8  # pixels from row to row of a bar chart, and of its bars


def funnel_svg(stages: Sequence[tuple[str, int]], *, title: str) -> str:
    """How many are left at each stage, as bars under each other with what flows from one to the next.

    Each stage says which share it is of the first one and of the one before it.

    :raises Invalid: no stage, or a count that is no whole number from 0 on
    """
    counts = [_count(count) for _, count in stages]
    widths = _widths(counts, among=counts)
    shares = [_shares(stages, place) for place in range(len(stages))]
    flows = (_flow(place * _STEP + 24 + _THICK, *both) for place, both in enumerate(pairwise(widths)))
    shapes = (
        _stage(place * _STEP, label, count, shares[place], widths[place]) for place, (label, count) in enumerate(stages)
    )
    says = [f"{label} {cell(count)} {share}" for (label, count), share in zip(stages, shares, strict=True)]
    return _svg(len(stages) * _STEP - 8, title, says, [*flows, *shapes])


def bars_svg(
    rows: Sequence[tuple[str, float]], *, title: str, parts: Sequence[float] = (), says: Sequence[str] = ()
) -> str:
    """A bar per row, as long as its value beside the largest; `parts` are drawn into them, darker.

    `says` stands at the right of each row, the value itself unless given.

    :raises Invalid: no row, a value or part that is no finite number from 0 on, not one part or text for each row
    """
    values = [_number(value, "rows") for _, value in rows]
    widths = _widths(values, among=values)
    darker = _widths([_number(part, "parts") for part in parts], among=values) if parts else [0.0] * len(rows)
    said = list(says) or [cell(value) if isinstance(value, int) else f"{value:,.2f}" for value in values]
    for name, given in (("parts", darker), ("says", said)):
        if len(given) != len(rows):
            raise Invalid(name, f"got {len(given)} for {len(rows)} rows", accepts="one for each row, or none")
    shapes = (
        _row(place * _ROW, label, said[place], widths[place], darker[place] if parts else None)
        for place, (label, _) in enumerate(rows)
    )
    return _svg(len(rows) * _ROW - 8, title, [f"{row[0]} {text}" for row, text in zip(rows, said, strict=True)], shapes)


def _count(count: object) -> int:
    if type(count) is not int or count < 0:
        raise Invalid("stages", f"got {shape(count)}", accepts="a name and a whole number from 0 on for each stage")
    return count


def _number(value: float, field: str) -> float:
    if type(value) not in (int, float) or not isfinite(value) or value < 0:
        raise Invalid(field, f"got {shape(value)}", accepts="finite numbers from 0 on")
    return value


def _shares(stages: Sequence[tuple[str, int]], place: int) -> str:
    seen = [stages[earlier] for earlier in sorted({0, max(place - 1, 0)}) if earlier != place]
    return " · ".join(f"{percent(stages[place][1], count)} of {label}" for label, count in seen)


def _widths(values: Sequence[float], *, among: Sequence[float]) -> list[float]:
    """In per cent of the drawing; what is there at all is at least a hair's breadth."""
    if not among:
        raise Invalid("rows", "there are none", accepts="at least one")
    most = max(among) or 1
    return [min(max(100 * (value / most), 0.4), 100.0) if value else 0.0 for value in values]


def _svg(high: int, title: str, says: Sequence[str], shapes: Iterable[str]) -> str:
    return "\n".join(
        [
            f'<svg role="img" width="100%" height="{high}" {_STYLE}>',
            f"<title>{written(title)}</title>",
            f"<desc>{written('; '.join(says))}</desc>",
            *shapes,
            "</svg>",
        ]
    )


def _stage(y: int, label: str, count: int, shares: str, wide: float) -> str:
    bar = _bar(y + 24, wide, _THICK, "part", left=50 - wide / 2)
    return (
        f'<g text-anchor="middle"><title>{written(label)}</title>{bar}'
        f'<text x="50%" y="{y + 15}">{written(_cut(label))} <tspan font-weight="600">{cell(count)}</tspan></text>'
        f'<text x="50%" y="{y + 42 + _THICK}" font-size="12" fill-opacity=".72">{written(shares)}</text></g>'
    )


def _flow(y: int, above: float, below: float) -> str:
    """What goes on from one bar to the next; a drawing of its own, because points cannot be in per cent."""
    upper = f"{50 - above / 2:.2f},0 {50 + above / 2:.2f},0"
    lower = f"{50 + below / 2:.2f},1 {50 - below / 2:.2f},1"
    return (
        f'<svg y="{y}" width="100%" height="{_STEP - _THICK}" viewBox="0 0 100 1" preserveAspectRatio="none">'
        f'<polygon class="flow" points="{upper} {lower}" fill="#2a6f8a" fill-opacity=".12"/></svg>'
    )


def _row(y: int, label: str, says: str, wide: float, part: float | None) -> str:
    bars = [("track", 100.0), ("part", wide)] if part is None else [("track", 100.0), ("bar", wide), ("part", part)]
    return (
        f'<g><title>{written(label)}</title><text y="{y + 14}">{written(_cut(label))}</text>'
        f'<text x="100%" y="{y + 14}" text-anchor="end" font-variant-numeric="tabular-nums">{written(says)}</text>'
        f"{''.join(_bar(y + 21, size, _THIN, name) for name, size in bars)}</g>"
    )


def _bar(y: int, wide: float, high: int, name: str, *, left: float = 0.0) -> str:
    size = f'x="{left:.2f}%" y="{y}" width="{wide:.2f}%" height="{high}"'
    return f'<rect class="{name}" {size} rx="3" fill="{_FILLS[name]}"/>'


def _cut(label: str) -> str:
    """The beginning of a label that is too long for its row."""
    if width(label) <= LONGEST:
        return label
    return "".join(_beginning(label, LONGEST - 1)).rstrip("\u200d ") + "…"


def _beginning(label: str, columns: int) -> Iterator[str]:
    for character in label:
        columns -= width(character)
        if columns < 0:
            return
        yield character
