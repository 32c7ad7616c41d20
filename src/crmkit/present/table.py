"""Figures as a table of an HTML page: marked up for readers and screen readers alike, styled by the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmkit.core.kernel.figures import Figures
from crmkit.present.totals import ALL, grouping, name_of, totals
from crmkit.present.wording import lines, written


def figures_table(figures: Figures) -> str:
    """A row per group, and below several groups what they come to together; money has a line per currency."""
    rows = [(name_of(figures, row), [lines(value) for value in row.values]) for row in figures.rows]
    together = [() if value is None else lines(value) for value in totals(figures).values()]
    return plain_table(
        (grouping(figures), *(measure.name for measure in figures.tally.measures)),
        rows,
        caption=figures.title,
        foot=(ALL, together) if len(rows) > 1 else None,
    )


def plain_table(
    header: Sequence[str],
    rows: Iterable[tuple[str, Sequence[Sequence[str]]]],
    *,
    caption: str,
    foot: tuple[str, Sequence[Sequence[str]]] | None = None,
) -> str:
    """A table of named rows; each cell is a sequence of lines."""
    head = "".join(f'<th scope="col">{written(name)}</th>' for name in header)
    return "\n".join(
        [
            f"<table>\n<caption>{written(caption)}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *(_row(name, cells) for name, cells in rows),
            "</tbody>",
            *([f"<tfoot>{_row(*foot)}</tfoot>"] if foot else []),
            "</table>",
        ]
    )


def _row(name: str, cells: Sequence[Sequence[str]]) -> str:
    texts = "".join(f"<td>{'<br>'.join(map(written, cell))}</td>" for cell in cells)
    return f'<tr><th scope="row">{written(name)}</th>{texts}</tr>'
