"""How long modules and functions are, how modules are named, and that every test says its promise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "src" / "crmkit" / "testing").rglob("*.py")))

LONGEST_MODULE, LONGEST_FUNCTION = 400, 60
SAYING_NOTHING = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


def faults(path: Path, source: str) -> list[str]:
    """What is too long or says nothing in a module."""
    name = path.parent.name if path.stem == "__init__" else path.stem
    found = [f"{name} says nothing"] if name in SAYING_NOTHING else []
    lines = len(source.splitlines())
    if lines > LONGEST_MODULE:
        found.append(f"{lines} lines: split it by noun")
    for function in _functions(source):
        size = (function.end_lineno or 0) - function.lineno + 1
        if size > LONGEST_FUNCTION:
            found.append(f"{function.name} has {size} lines")
    return found


def empty_promises(source: str) -> list[str]:
    """The tests without a docstring, or with nothing behind it."""
    tests = (function for function in _functions(source) if function.name.startswith("test_"))
    return [test.name for test in tests if not ast.get_docstring(test) or all(map(_says_only, test.body))]


def _says_only(statement: ast.stmt) -> bool:
    """A docstring, an ellipsis or `pass`: nothing that could fail."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(ast.parse(source))
    return (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=_id)
def test_a_module_is_small_and_named(path: Path) -> None:
    """A module fits into a head: it is short, so are its functions, and its name says what it is about."""
    assert faults(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TESTS, ids=_id)
def test_a_test_says_its_promise(path: Path) -> None:
    """The docstring of a test is the promise that it holds, and what comes behind it sees to that."""
    assert empty_promises(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("core/sales/lead.py", "x = 1\n" * 400, []),
        ("core/sales/lead.py", "x = 1\n" * 401, ["401 lines: split it by noun"]),
        ("core/sales/lead.py", "def f():\n" + "    x = 1\n" * 59, []),
        ("core/sales/lead.py", "class A:\n    async def f(self):\n" + "        x = 1\n" * 60, ["f has 61 lines"]),
        ("core/sales/utils.py", "", ["utils says nothing"]),
        ("core/common/__init__.py", "", ["common says nothing"]),
    ],
)
def test_what_is_too_long_or_says_nothing_is_found(path: str, source: str, found: list[str]) -> None:
    """Each bound holds to the line."""
    assert faults(Path(path), source) == found


def test_a_test_that_promises_nothing_or_does_nothing_is_found() -> None:
    """That is asked of tests only, also inside a class."""
    promise = '\n        "Is true."'
    source = f"def helper(): ...\nclass TestIt:\n    def test_a(self): ...\n    def test_b(self):{promise}\n"

    assert empty_promises(source) == ["test_a", "test_b"]
    assert empty_promises(f"{source}        pass\n        ...\n") == ["test_a", "test_b"]
    assert empty_promises(f"{source}        assert True\n") == ["test_a"]
