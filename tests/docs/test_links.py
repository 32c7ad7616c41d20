"""Pages lead to each other: every relative link has something behind it, and every page is found from the first one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")})

_FENCED = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files that a page leads to and the headings in them; links to the outside are not followed."""
    for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" not in target and not target.startswith("mailto:"):
            file, _, anchor = target.partition("#")
            yield ((page.parent / file).resolve() if file else page, anchor)


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub makes it of them."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a page behind which there is nothing."""
    return [
        f"{file}#{anchor}"
        for file, anchor in links(page)
        if not file.exists() or (anchor and anchor not in anchors(file))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading that is in it."""
    assert broken(page) == []


def test_every_page_is_found_from_the_index() -> None:
    """A page that nobody links to is one that nobody reads."""
    index = ROOT / "docs" / "README.md"
    linked = {file for file, _ in links(index)} | {index}

    assert [page.name for page in sorted((ROOT / "docs").rglob("*.md")) if page not in linked] == []


@pytest.mark.parametrize("text", ["[a](nowhere.md)", "[a](page.md#nothing)", "[a](#nothing)"])
def test_a_link_into_nothing_is_found(text: str, tmp_path: Path) -> None:
    """Whether it is the file or the heading that is missing."""
    page = tmp_path / "page.md"
    page.write_text(f"# A page, and `more`\n\n[here](#a-page-and-more) [there](page.md) {text}\n", encoding="utf-8")

    assert len(broken(page)) == 1
