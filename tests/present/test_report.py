"""The page: whole, readable by machines, free of the network, and honest about names."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.figures import Figures
from crmkit.present.report import report_html, write_report

NOBODY = (0, 0), (0, 0, 0)
NOTES = [("the origin is blank", 5), ("<i>closed</i> before its lead", 1200)]


@pytest.fixture
def figures(insights: Callable[..., Any]) -> tuple[Figures, ...]:
    """A funnel, sources and a pipeline, one source with markup in its name."""
    sources = ("web", "<b>bold</b>", "소개", None)
    return (
        insights([((name,), (40, 30, 20, 10)) for name in sources]).funnel(by="source"),
        insights([((name,), (40, 10, 5, *NOBODY)) for name in sources]).sources(),
        insights([(("engaging",), (1, {"KRW": Decimal(5), "EUR": Decimal(2)}, 2, 1, 3, {}))]).pipeline(),
    )


@pytest.fixture
def html(figures: tuple[Figures, ...]) -> str:
    """The report of these figures."""
    return report_html(title="Leads & <deals>", intro="First.\n\nSecond <one>.", figures=figures, notes=NOTES)


def test_the_page_is_well_formed(html: str, page: Callable[[str], Any]) -> None:
    """Every tag is closed in its turn, and the language and the characters are declared."""
    read = page(html)

    assert html.startswith("<!DOCTYPE html>\n")
    assert read.tags[0] == ("html", {"lang": "en"})
    assert ("meta", {"charset": "utf-8"}) in read.tags


def test_the_page_loads_nothing(html: str, page: Callable[[str], Any]) -> None:
    """No script, no address, no font from elsewhere."""
    read = page(html)

    assert read.loads() == []
    assert not {"script", "link", "img", "iframe", "a"} & {tag for tag, _ in read.tags}
    assert re.findall(r"https?:|url\(|@import", html) == []


def test_names_are_shown_literally(html: str, page: Callable[[str], Any]) -> None:
    """A source called <b>bold</b> is seen as that, in charts, tables, notes and title."""
    read = page(html)

    assert read.of("h1") == ["Leads & <deals>"]
    assert read.of("p") == ["First.", "Second <one>."]
    assert "<b>bold</b>" in read.of("text")
    assert {"<b>bold</b>", "소개", "<i>closed</i> before its lead"} <= set(read.of("th"))
    assert not {"b", "i"} & {tag for tag, _ in read.tags}


def test_sections_come_in_the_order_of_the_figures(html: str, page: Callable[[str], Any]) -> None:
    """Each with its table, the notes last."""
    read = page(html)

    assert read.of("h2") == ["Lead funnel", "Source quality", "Pipeline", "Rows that could not be right"]
    assert read.of("caption") == read.of("h2")
    assert [tag for tag, _ in read.tags].count("table") == 4


def test_the_first_funnel_alone_is_drawn_as_one(figures: tuple[Figures, ...], page: Callable[[str], Any]) -> None:
    """A second one by another group would be the same drawing."""
    read = page(report_html(title="t", intro="", figures=figures[:1] * 2, notes=[]))

    assert [tag for tag, _ in read.tags].count("polygon") == 3


def test_tables_have_a_total_and_a_line_per_currency(html: str, page: Callable[[str], Any]) -> None:
    """A table of one group needs no total."""
    read = page(html)

    assert read.of("th").count("all") == 2
    assert "<td>2.00 EUR<br>5 KRW</td>" in html
    assert "<td>1,200</td>" in html


def test_without_notes_there_is_no_section_for_them(figures: tuple[Figures, ...]) -> None:
    """Nothing wrong is nothing to show."""
    assert "could not be right" not in report_html(title="t", intro="", figures=figures, notes=[])


def test_no_figures_are_a_page_too(page: Callable[[str], Any]) -> None:
    """An empty CRM has a report."""
    assert page(report_html(title="t", intro="", figures=[], notes=[])).of("h2") == []


def test_the_same_figures_give_the_same_page(figures: tuple[Figures, ...], html: str) -> None:
    """Nothing in it depends on when or where it was made."""
    again = report_html(title="Leads & <deals>", intro="First.\n\nSecond <one>.", figures=list(figures), notes=NOTES)

    assert again == html


def test_the_file_is_written_whole(tmp_path: Path, figures: tuple[Figures, ...]) -> None:
    """In UTF-8, in folders that are made for it, in the place of an older one, with nothing left beside it."""
    path = tmp_path / "out" / "new" / "report.html"
    for title in ("old", "새 보고서"):
        assert write_report(path, title=title, intro="", figures=figures, notes=[]) == path

    assert path.read_bytes().decode("utf-8") == report_html(title="새 보고서", intro="", figures=figures, notes=[])
    assert [*path.parent.iterdir()] == [path]


def test_a_lone_surrogate_does_not_stop_the_report(tmp_path: Path) -> None:
    """A title from a broken file name can be written all the same."""
    path = write_report(tmp_path / "report.html", title="\udcff", intro="\udcff", figures=[], notes=[("\udcff", 1)])

    assert "�" in path.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """And what stood there stays."""
    place = tmp_path / "report.html"
    place.mkdir()
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(Invalid, match=r"report\.html cannot be written"):
        write_report(place, title="t", intro="", figures=[], notes=[])
    with pytest.raises(Invalid, match="cannot be written"):
        write_report(file / "report.html", title="t", intro="", figures=[], notes=[])

    assert {*tmp_path.iterdir()} == {place, file}
