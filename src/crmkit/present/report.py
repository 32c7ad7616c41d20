"""A page of figures in one file that needs nothing else: to be mailed, printed and shown to somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.layout import cell
from crmkit.present.charts import bars, funnel, is_funnel
from crmkit.present.headline import KeyFigure, key_figures
from crmkit.present.table import figures_table, plain_table
from crmkit.present.wording import written


def write_report(
    path: Path, *, title: str, intro: str, figures: Sequence[Figures], notes: Sequence[tuple[str, int]]
) -> Path:
    """Write `report_html` to a file, in UTF-8 and whole or not at all; gives the path back.

    :raises Invalid: a place that cannot be written
    """
    page = report_html(title=title, intro=intro, figures=figures, notes=notes)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_text(page, encoding="utf-8", newline="\n")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}"
        raise Invalid("path", problem, accepts="a file in a folder that can be written to") from error
    return path


def report_html(*, title: str, intro: str, figures: Sequence[Figures], notes: Sequence[tuple[str, int]]) -> str:
    """A page with key figures on top, then each of `figures` as a chart and a table, the first funnel as a funnel.

    `intro` may have several paragraphs, with an empty line between them; `notes` say what was wrong with how many rows.
    The same figures give the same page.
    """
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{written(title)}</title>",
            f"<style>\n{_style()}</style>",
            "</head>",
            "<body>",
            f"<header>\n<h1>{written(title)}</h1>",
            *(f"<p>{written(paragraph)}</p>" for paragraph in intro.split("\n\n") if paragraph.strip()),
            "</header>",
            "<main>",
            *_key(key_figures(figures)),
            *_sections(figures),
            *_notes(notes),
            "</main>",
            "<footer>Made with crmkit. The file holds everything it shows.</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _style() -> str:
    return files("crmkit.present").joinpath("report.css").read_text(encoding="utf-8")


def _key(keys: Sequence[KeyFigure]) -> Iterator[str]:
    if keys:
        yield '<dl class="key">'
        for key in keys:
            says = "".join(f"<dd>{written(line)}</dd>" for line in key.says)
            kind = "sum" if key.money else "count"
            yield f'<div class="{kind}"><dt>{written(key.name)}</dt>{says}</div>'
        yield "</dl>"


def _sections(many: Sequence[Figures]) -> Iterator[str]:
    first = next((place for place, figures in enumerate(many) if is_funnel(figures)), None)
    for place, figures in enumerate(many):
        chart = funnel(figures) if place == first else bars(figures)
        yield from _section(figures.title, chart, figures_table(figures))


def _notes(notes: Sequence[tuple[str, int]]) -> Iterator[str]:
    if notes:
        title = "Rows that could not be right"
        rows = [(what, [[cell(many)]]) for what, many in notes]
        yield from _section(title, "", plain_table(("reason", "rows"), rows, caption=title))


def _section(title: str, chart: str, table: str) -> Iterator[str]:
    yield f"<section>\n<h2>{written(title)}</h2>"
    if chart:
        yield chart
    yield f'<div class="scroll" role="region" aria-label="{written(title)}" tabindex="0">\n{table}\n</div>'
    yield "</section>"
