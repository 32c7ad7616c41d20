"""Tables: what lines up, and what a cell can not do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from html.parser import HTMLParser
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.layout import cell, html_table, markdown_table, text_table, width
from crmkit.core.kernel.money import Money


class Colour(StrEnum):
    """A choice in a cell."""

    RED = "red"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (1234567, "1,234,567"),
        (-1234, "-1,234"),
        (True, "yes"),
        (False, "no"),
        (Decimal("1234.50"), "1,234.50"),
        (Decimal("1E+3"), "1,000"),
        (timedelta(days=14, hours=15, minutes=36), "14.65 d"),
        (timedelta(0), "0.00 d"),
        (Money("1200000", "KRW"), "1,200,000 KRW"),
        (Colour.RED, "red"),
        ("한빛상사", "한빛상사"),
    ],
)
def test_a_cell_shows_a_value_as_people_read_it(value: object, shown: str) -> None:
    """Numbers have thousands separators, spans are days, nothing is a dash, the rest is its text."""
    assert cell(value) == shown


def test_numbers_stand_to_the_right() -> None:
    """Columns are as wide as their widest cell, and lines end with their last sign."""
    table = text_table(["source", "leads", "note"], [["web", 1234, "a"], ["referral", 5, None]], right=(1,))

    assert table.splitlines() == [
        "source    leads  note",
        "--------  -----  ----",
        "web       1,234  a",
        "referral      5  –",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    """The header says what would be there."""
    assert text_table(["source", "leads"], []) == "source  leads\n------  -----"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3),
        ("한빛", 4),
        (normalize("NFD", "한빛"), 4),
        (normalize("NFD", "é"), 1),
        ("ＡＢ", 4),
        ("中文", 4),
        ("क्\u200dष", 2),
        ("", 0),
    ],
)
def test_width_is_that_on_a_terminal(text: str, columns: int) -> None:
    """East Asian characters take two columns, marks and joiners none."""
    assert width(text) == columns


def test_wide_and_narrow_names_line_up() -> None:
    """What stands behind a name begins in the same column of the terminal."""
    lines = text_table(["name", "n"], [["한빛상사", 1], ["ACME", 2], [normalize("NFD", "Peña"), 3]]).splitlines()

    assert {width(line[:-1]) for line in lines} == {10}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u2028b", r"a\u2028b"),
        ("evil\u202etxt", r"evil\u202etxt"),
        ("\ud800", r"\ud800"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("a\u3000b", "a\u3000b"),
    ],
)
def test_what_would_break_a_line_is_shown_instead(text: str, shown: str) -> None:
    """A cell can neither end its line, nor turn it around, nor speak to the terminal; spelling stays as it is."""
    assert text_table(["x"], [[text]]).split("\n")[2] == shown


@given(st.lists(st.text(), min_size=1, max_size=4), st.sets(st.integers(0, 3)))
def test_every_record_is_one_line_whatever_it_says(texts: list[str], right: set[int]) -> None:
    """Header, rule and one line for the row, none wider than the rule."""
    lines = text_table(["h"] * len(texts), [texts], right=right).split("\n")

    assert len(lines) == 3
    assert max(map(width, lines)) == len(lines[1])


class _Reader(HTMLParser):
    """Reads a table back: the tags that there are, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and data.strip("\n"):
            self.cells[-1] += data


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=1, max_size=4))
def test_html_says_what_the_cells_say(texts: list[str]) -> None:
    """Whatever a name contains, it is read back as text and adds no tag."""
    reader = _Reader()
    reader.feed(html_table(texts, [texts]))

    assert reader.cells == texts * 2
    assert reader.tags == {"table", "thead", "tbody", "tr", "th", "td"}


def test_html_has_its_caption_and_alignment() -> None:
    """The table is whole without a style sheet."""
    assert html_table(["source", "leads"], [["<web>", 1234]], right=(1,), caption="Q&A") == (
        "<table>\n"
        "<caption>Q&amp;A</caption>\n"
        '<thead><tr><th>source</th><th style="text-align: right">leads</th></tr></thead>\n'
        "<tbody>\n"
        '<tr><td>&lt;web&gt;</td><td style="text-align: right">1,234</td></tr>\n'
        "</tbody>\n"
        "</table>"
    )


def test_markdown_cells_end_where_they_should() -> None:
    """A pipe or a backslash in a name does not begin another cell, a tag does not begin at all."""
    assert markdown_table(["a", "b"], [["x|y", 1000], ["\\", "<b>&\n"]], right=(1,)).splitlines() == [
        "| a | b |",
        "| --- | ---: |",
        r"| x\|y | 1,000 |",
        r"| \\ | &lt;b>&amp;\\n |",
    ]


def test_a_ragged_row_is_named() -> None:
    """Cells do not silently move into the wrong column."""
    for table in (text_table, html_table, markdown_table):
        with pytest.raises(Invalid, match="row 2 has 1 cells"):
            table(["a", "b"], [[1, 2], [3]])
