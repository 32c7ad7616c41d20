"""The front page: which names `crmkit` offers, and that it does nothing but offer them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import crmkit

#: A name that comes is a promise, one that goes breaks somebody's program: both are said here, and in the CHANGELOG.
NAMES = [
    "ALWAYS",
    "CRM",
    "NEVER",
    "OCCURRED",
    "Address",
    "Ago",
    "Bucket",
    "Criteria",
    "CrmError",
    "Email",
    "Field",
    "Money",
    "Param",
    "Per",
    "PersonName",
    "Phone",
    "Sweep",
    "Transaction",
    "some",
    "where",
    "within",
]


def statements_besides_exports(source: str) -> list[str]:
    """The statements of a front page that do more than say what it is, import, and list the names."""
    allowed = (ast.ImportFrom, ast.Constant)
    rest = [node for node in ast.parse(source).body if not isinstance(getattr(node, "value", node), allowed)]
    return [text for node in rest if not (text := ast.unparse(node)).startswith("__all__ = ")]


def test_the_public_names_are_these() -> None:
    """Nobody meets a new name, or misses one, by accident."""
    assert crmkit.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there(name: str) -> None:
    """What is promised can be imported."""
    assert hasattr(crmkit, name)


def test_the_front_page_only_exports() -> None:
    """Whoever reads it sees what there is, and nothing happens on import."""
    assert statements_besides_exports(Path(crmkit.__file__).read_text(encoding="utf-8")) == []


def test_a_front_page_that_does_something_is_found() -> None:
    """A call, a function or a plain import is more than an export."""
    page = '"""What it is."""\nfrom a import b\n__all__ = ["b"]\nimport c\nc.start()\ndef d():\n    """Is more."""'

    assert [text.split("\n")[0] for text in statements_besides_exports(page)] == ["import c", "c.start()", "def d():"]
