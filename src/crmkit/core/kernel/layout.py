"""Tables for people: the same cells as plain text for a terminal, as HTML and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from unicodedata import category, east_asian_width

from crmkit.core.kernel.errors import Invalid

MISSING = "–"

_DAY = timedelta(days=1)
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  #: categories of characters that break a line, turn it around or hide in it
_JOINERS = "\u200c\u200d"  #: the two of them that Persian, Hindi and others spell words with


def cell(value: object) -> str:
    """A value as a reader expects it: thousands separated, spans in days, moments to the minute, – for none."""
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case Decimal():
            return f"{value:,f}"
        case timedelta():
            return f"{value / _DAY:,.2f} d"
        case datetime():
            return value.isoformat(" ", "minutes")
    return str(value)


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[int] = ()) -> str:
    """Aligned columns for a terminal, those with an index in `right` to the right.

    Columns are counted as a terminal shows them, so that 한빛상사 and ACME line up, and a cell is always one line.

    :raises Invalid: a row that is not as long as the header
    """
    lines = _lines(header, rows, _plain)
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * wide for wide in widths])
    return "\n".join(_aligned(line, widths, right) for line in lines)


def html_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[int] = (), caption: str = ""
) -> str:
    """A `<table>` that needs no style sheet; whatever the cells say is text, never markup.

    :raises Invalid: a row that is not as long as the header
    """
    head, *body = _lines(header, rows, lambda text: escape(_plain(text)))
    aligned = ' style="text-align: right"'

    def line(tag: str, texts: Sequence[str]) -> str:
        cells = (f"<{tag}{aligned if place in right else ''}>{text}</{tag}>" for place, text in enumerate(texts))
        return f"<tr>{''.join(cells)}</tr>"

    title = [f"<caption>{escape(_plain(caption))}</caption>"] if caption else []
    return "\n".join(
        [
            "<table>",
            *title,
            f"<thead>{line('th', head)}</thead>",
            "<tbody>",
            *(line("td", texts) for texts in body),
            "</tbody>",
            "</table>",
        ]
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Collection[int] = ()) -> str:
    """A table of GitHub Flavored Markdown; a cell can neither end itself nor begin a tag.

    :raises Invalid: a row that is not as long as the header
    """
    head, *body = _lines(header, rows, _marked_down)
    rule = ["---:" if place in right else "---" for place in range(len(head))]
    return "\n".join(f"| {' | '.join(texts)} |" for texts in (head, rule, *body))


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0  # drawn onto what is before: accents, and vowels and finals of Hangul spelled out
    return 2 if east_asian_width(character) in "WF" else 1


def _aligned(line: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    spaces = [" " * (wide - width(text)) for text, wide in zip(line, widths, strict=True)]
    padded = [
        space + text if place in right else text + space
        for place, (text, space) in enumerate(zip(line, spaces, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _plain(text: str) -> str:
    """The text on one line; what would break, turn around or hide in it is shown as its escape."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if category(character) not in _HIDDEN or character in _JOINERS:
        return character
    return character.encode("unicode_escape").decode("ascii")


def _marked_down(text: str) -> str:
    return _plain(text).replace("\\", "\\\\").replace("|", "\\|").replace("&", "&amp;").replace("<", "&lt;")


def _lines(header: Sequence[str], rows: Sequence[Sequence[object]], written: Callable[[str], str]) -> list[list[str]]:
    for place, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise Invalid("rows", f"row {place} has {len(row)} cells", accepts=f"{len(header)}, as many as the header")
    return [[written(cell(value)) for value in line] for line in (header, *rows)]
