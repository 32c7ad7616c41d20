"""The pages are true: the Python blocks of README, CONTRIBUTING and docs run, page by page, from top to bottom.

The blocks of a page share one namespace. One marked `output` right after a Python block is what that block prints;
blocks of other languages are not run.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from attrs import define
from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
    if "```python" in page.read_text(encoding="utf-8")
]


@define
class Reader:
    """Somebody who tries what the page says."""

    printed: str = ""  #: by the last Python block

    def python(self, block: Example) -> None:
        """Run a block and keep what it prints."""
        with redirect_stdout(StringIO()) as out:
            PythonEvaluator()(block)
        self.printed = out.getvalue()

    def output(self, block: Example) -> None:
        """Compare what the page shows with what was printed; spaces at the end of a line do not count."""
        assert _lines(block.parsed) == _lines(self.printed), f"{block.path}:{block.line}: the page shows something else"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def read(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page as the module that its blocks make up together."""
    reader = Reader()
    document = Sybil([CodeBlockParser("python", reader.python), CodeBlockParser("output", reader.output)]).parse(page)
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # annotations are resolved where a class was defined
    document.namespace = module.__dict__
    for block in document.examples():
        block.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies from the page works, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    read(page, monkeypatch)


def test_the_readme_has_code() -> None:
    """The first page shows the library at work."""
    assert ROOT / "README.md" in PAGES


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1\n```\nthen\n```python\nassert x == 2\n```\n",
        "```python\nprint('한빛')\n```\n\n```output\n한빛상사\n```\n",
        "```python\nprint(1)\n```\n```python\nprint(2)\n```\n```output\n1\n2\n```\n",
        "- in a list\n\n  ```python\n  assert False\n  ```\n",
    ],
    ids=["code", "output", "output of an earlier block", "indented code"],
)
def test_a_page_that_is_not_true_is_found(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that fails, and one that prints something else than the page shows, fail the page."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")

    with pytest.raises(AssertionError):
        read(page, monkeypatch)


def test_a_page_is_one_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks share their names, also in annotations that are resolved later; what is not Python is not run."""
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nfrom typing import get_type_hints\nclass A:\n    other: 'B'\n```\n"
        "```console\nrm -rf /nowhere\n```\n"
        "```python\nclass B: ...\nprint(get_type_hints(A)['other'] is B)\n```\n"
        "```output\nTrue\n```\n",
        encoding="utf-8",
    )

    read(page, monkeypatch)
