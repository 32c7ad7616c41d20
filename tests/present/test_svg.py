"""Charts as SVG: right in size, in words and in what they let through."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.layout import width
from crmkit.present.svg import LONGEST, bars_svg, funnel_svg

FUNNEL = [("leads", 600), ("contacted", 450), ("qualified", 150), ("won", 66)]


def bars(svg: str, name: str = "part") -> list[float]:
    """How wide the bars of a class are, in per cent."""
    return [float(found) for found in re.findall(rf'class="{name}"[^>]* width="([\d.]+)%"', svg)]


def test_each_stage_is_as_wide_as_its_share_of_the_first() -> None:
    """A reader compares widths."""
    assert bars(funnel_svg(FUNNEL, title="Funnel")) == [100, 75, 25, 11]


def test_bars_of_a_funnel_stand_in_the_middle() -> None:
    """As much is left free on the left as on the right."""
    lefts = re.findall(r'class="part" x="([\d.]+)%"', funnel_svg(FUNNEL, title="Funnel"))

    assert [float(left) for left in lefts] == [0, 12.5, 37.5, 44.5]


def test_stages_say_their_share_of_the_first_and_of_the_one_before(page: Callable[[str], Any]) -> None:
    """The second says it once: there it is the same."""
    assert page(funnel_svg(FUNNEL, title="Funnel")).of("text") == [
        "leads",
        "contacted",
        "75.0 % of leads",
        "qualified",
        "25.0 % of leads · 33.3 % of contacted",
        "won",
        "11.0 % of leads · 44.0 % of qualified",
    ]


def test_one_stage_is_a_funnel(page: Callable[[str], Any]) -> None:
    """It has nothing to be compared with."""
    assert page(funnel_svg([("leads", 3)], title="Funnel")).of("tspan") == ["3"]


def test_nothing_at_all_has_no_shares(page: Callable[[str], Any]) -> None:
    """Nobody divides by zero; a share of nothing is –."""
    svg = funnel_svg([("leads", 0), ("won", 0)], title="Funnel")

    assert bars(svg) == [0, 0]
    assert page(svg).of("text") == ["leads", "won", "– of leads"]


def test_a_single_win_among_many_is_still_seen() -> None:
    """What is there has a width."""
    assert bars(funnel_svg([("leads", 1_000_000), ("won", 1)], title="Funnel")) == [100, 0.4]


def test_a_later_stage_may_be_larger() -> None:
    """The largest fills the drawing, wherever it stands."""
    assert bars(funnel_svg([("contacted", 1), ("won", 2)], title="Funnel")) == [50, 100]


def test_parts_are_drawn_into_their_bars() -> None:
    """Both are measured against the largest bar."""
    svg = bars_svg([("web", 200), ("phone", 100)], title="Sources", parts=[50, 25])

    assert (bars(svg, "bar"), bars(svg)) == ([100, 50], [25, 12.5])


def test_rows_say_their_values_unless_told_otherwise(page: Callable[[str], Any]) -> None:
    """Whole numbers whole, others with two decimals."""
    assert page(bars_svg([("web", 1200), ("phone", 0.5)], title="Days")).of("text") == ["web", "1,200", "phone", "0.50"]
    assert page(bars_svg([("web", 1)], title="Days", says=["a day"])).of("text") == ["web", "a day"]


def test_names_are_text_never_markup(page: Callable[[str], Any]) -> None:
    """Whatever a source is called, the reader sees its letters."""
    name = "<b>&\"'</text><script>x"
    for svg in (funnel_svg([(name, 1)], title=name), bars_svg([(name, 1)], title=name, says=[name])):
        read = page(svg)

        assert {tag for tag, _ in read.tags} <= {"svg", "title", "desc", "g", "rect", "text", "tspan"}
        assert name in read.of("text")
        assert read.loads() == []


@pytest.mark.parametrize(
    "label", ["a source that has quite a long name", "한빛상사 소개로 알게 된 아주 긴 경로", "👨‍👩‍👧" * 12]
)
def test_a_long_label_leaves_room_for_its_figures(label: str, page: Callable[[str], Any]) -> None:
    """Its beginning is drawn, all of it is its tooltip."""
    read = page(bars_svg([(label, 1)], title="Sources"))

    shown = read.of("text")[0]

    assert shown.endswith("…")
    assert label.startswith(shown[:-1])
    assert width(shown) <= LONGEST
    assert read.of("title") == ["Sources", label]


def test_a_screen_reader_hears_title_and_values(page: Callable[[str], Any]) -> None:
    """A picture is spoken as its title and a description with every figure."""
    read = page(funnel_svg(FUNNEL[:2], title="Lead funnel"))

    assert read.tags[0][1]["role"] == "img"
    assert (read.of("title")[0], read.of("desc")) == ("Lead funnel", ["leads 600 ; contacted 450 75.0 % of leads"])


@given(st.lists(st.tuples(st.text(max_size=40), st.integers(0, 10**9)), min_size=1, max_size=8), st.text(max_size=40))
def test_whatever_the_names_are_the_drawing_is_well_formed(stages: list[tuple[str, int]], title: str) -> None:
    """An XML parser takes it, no bar leaves the drawing, and it is the same every time."""
    for svg in (funnel_svg(stages, title=title), bars_svg(stages, title=title, parts=[1] * len(stages))):
        ET.fromstring(svg.encode())
        assert all(0 <= wide <= 100 for name in ("part", "bar") for wide in bars(svg, name))
    assert funnel_svg(stages, title=title) == funnel_svg(list(stages), title=title)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=8))
def test_more_is_never_drawn_narrower(counts: list[int]) -> None:
    """Widths are in the order of the counts."""
    drawn = bars(bars_svg([("", count) for count in sorted(counts)], title="Sources"))

    assert all(one <= other for one, other in pairwise(drawn))


@pytest.mark.parametrize(
    ("draw", "field"),
    [
        (lambda: funnel_svg([], title="x"), "rows"),
        (lambda: funnel_svg([("a", -1)], title="x"), "stages"),
        (lambda: funnel_svg([("a", 0.5)], title="x"), "stages"),  # type: ignore[list-item]
        (lambda: funnel_svg([("a", True)], title="x"), "stages"),
        (lambda: bars_svg([], title="x"), "rows"),
        (lambda: bars_svg([("a", float("nan"))], title="x"), "rows"),
        (lambda: bars_svg([("a", float("inf"))], title="x"), "rows"),
        (lambda: bars_svg([("a", -1)], title="x"), "rows"),
        (lambda: bars_svg([("a", 1)], title="x", parts=[-1]), "parts"),
        (lambda: bars_svg([("a", 1)], title="x", parts=[1, 2]), "parts"),
        (lambda: bars_svg([("a", 1)], title="x", says=["1", "2"]), "says"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], str], field: str) -> None:
    """The error names the argument."""
    with pytest.raises(Invalid) as refused:
        draw()

    assert refused.value.field == field
