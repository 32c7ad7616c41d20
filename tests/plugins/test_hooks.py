"""Every hook has an entry in the documentation with its exact signature, an example that is executed, and a test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from crmkit.plugins.gate import HOOKS

ROOT = Path(__file__).parents[2]
ENTRIES = (ROOT / "docs" / "reference" / "hooks.md").read_text(encoding="utf-8")
EXAMPLES = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md"))]
TESTS = [
    path.read_text(encoding="utf-8")
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path != Path(__file__)
]


def missing(
    hooks: Mapping[str, Callable[..., Any]], entries: str, pages: Iterable[str], tests: Iterable[str]
) -> list[str]:
    """What hooks lack."""
    blocks = [block for page in pages for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)]
    found = []
    for name, hook in hooks.items():
        written = str(signature(hook)).replace("'", "")
        if f"## {name}\n\n```text\n{name}{written}\n```" not in entries:
            found.append(f"{name}: no entry with {written}")
        if not any(f"@implements(spec.{name})" in block for block in blocks):
            found.append(f"{name}: no example")
        if not any(f"@implements(spec.{name})" in test for test in tests):
            found.append(f"{name}: no test")
    return found


def test_every_hook_is_documented_shown_and_tested() -> None:
    """There is no hook that only its author knows."""
    assert len(HOOKS) >= 10
    assert missing(HOOKS, ENTRIES, EXAMPLES, TESTS) == []


def test_every_hook_says_when_it_is_called() -> None:
    """And more than that: three sentences at least."""
    for name, hook in HOOKS.items():
        assert "Called" in str(hook.__doc__), name
        assert str(hook.__doc__).count(".") >= 3, name


def _hook(given: int) -> str:
    return str(given)


MARK = "@implements(spec.mine)"


@pytest.mark.parametrize(
    ("entry", "page", "test", "found"),
    [
        ("mine(given: int) -> str", f"```python\n{MARK}\n```", MARK, []),
        ("mine(given: str) -> str", f"```python\n{MARK}\n```", MARK, ["mine: no entry with (given: int) -> str"]),
        ("mine(given: int) -> str", f"```text\n{MARK}\n```", MARK, ["mine: no example"]),
        ("mine(given: int) -> str", f"```python\n{MARK}\n```", "spec.mine", ["mine: no test"]),
    ],
)
def test_a_hook_that_lacks_something_is_found(entry: str, page: str, test: str, found: list[str]) -> None:
    """Each of the three, also where the signature in the entry is another one."""
    assert missing({"mine": _hook}, f"## mine\n\n```text\n{entry}\n```", [page], [test]) == found
