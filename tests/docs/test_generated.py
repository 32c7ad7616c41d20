"""The pages that follow from the code say what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_pages_are_those_of_the_code() -> None:
    """Whoever changes a life cycle or a field runs `make docs`."""
    pages = runpy.run_path(str(DOCS / "generated.py"))["pages"]()

    assert pages
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: make docs"
