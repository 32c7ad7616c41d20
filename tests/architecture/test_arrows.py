"""Who may import whom: the arrows between the parts of crmkit, read from the source; and seeded faults, all found."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from pathlib import Path

import pytest
from attrs import frozen

SRC = Path(__file__).parents[2] / "src"
TREE = {path.relative_to(SRC).as_posix(): path.read_text(encoding="utf-8") for path in sorted(SRC.rglob("*.py"))}

#: What each part may import besides itself.
ARROWS = {
    "core": set[str](),
    "rules": {"core"},
    "areas": {"core", "rules"},
    "storage": {"core"},
    "plugins": {"core", "rules"},
    "exchange": {"core", "areas"},
    "present": {"core", "areas"},
    "extras": {"core"},
    "patience": {"core"},
}
#: The first one is the front page, crmkit/__init__.py.
KNOW_EVERYBODY = {"", "crm", "consuming", "transaction", "opening", "builtin", "cli", "testing"}
TYPED_BY_THE_CRM = {"exchange"}  #: may name the CRM in annotations

ONE_HOME = {"sqlalchemy": "storage", "pluggy": "plugins"}
REQUIRED = {"attrs", "dateutil"}
TOOLS = {"testing": {"hypothesis", "pytest"}}

#: The standard library as far as it computes: no clock, no chance, no files, no network, no processes.
PURE = frozenset(
    """
    __future__ abc base64 bisect calendar collections contextlib datetime decimal difflib enum fractions functools
    graphlib hashlib heapq html inspect itertools json keyword math operator re statistics string textwrap types typing
    unicodedata uuid weakref zoneinfo
    """.split()
)
ALSO_PURE = {"crmkit.core.kernel.ids": {"threading"}}  # two threads never draw one id


class When(Enum):
    """When an import happens."""

    LOADING = auto()
    CALLED = auto()
    NEVER = auto()  #: for type checkers only


@frozen
class Import:
    """One module imported by another, both by their full names."""

    source: str
    line: int
    target: str
    when: When

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def imports(path: str, tree: Mapping[str, str]) -> Iterator[Import]:
    """What the file at `path` imports; `from package import name` imports the module where the name comes from."""
    for node, when in _statements(ast.parse(tree[path])):
        if isinstance(node, ast.Import):
            targets = {alias.name for alias in node.names}
        else:
            targets = {_home(_absolute(node, path), alias.name, tree) for alias in node.names}
        yield from (Import(_module(path), node.lineno, target, when) for target in sorted(targets))


def _statements(node: ast.AST, when: When = When.LOADING) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, when
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and when is When.LOADING:
        when = When.CALLED
    typing = isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
    unseen = node.body if isinstance(node, ast.If) and typing else []
    for child in ast.iter_child_nodes(node):
        yield from _statements(child, When.NEVER if child in unseen else when)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _absolute(node: ast.ImportFrom, path: str) -> str:
    """The full name behind `from ..here import`."""
    if not node.level:
        return node.module or ""
    package = path.split("/")[: -node.level]
    return ".".join([*package, node.module] if node.module else package)


def _home(module: str, name: str, tree: Mapping[str, str]) -> str:
    """The module that `from module import name` takes from, through any number of packages that pass the name on."""
    inside = f"{module}.{name}"
    folder = module.replace(".", "/")
    if f"{inside.replace('.', '/')}.py" in tree or f"{folder}/{name}/__init__.py" in tree:
        return inside
    front = f"{folder}/__init__.py"
    for node, _ in _statements(ast.parse(tree.get(front, ""))):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _home(_absolute(node, front), alias.name, tree)
    return module


def part(module: str) -> str:
    """The part of crmkit that a module belongs to."""
    return f"{module}.".split(".")[1]


def faults(path: str, tree: Mapping[str, str] = TREE) -> list[str]:
    """What the file at `path` imports against the rules."""
    return [f"{each}: {fault}" for each in imports(path, tree) if (fault := _inside(each) or _outside(each))]


def _inside(each: Import) -> str:
    """The fault of an import of crmkit."""
    source, target = part(each.source), part(each.target)
    if each.target.split(".")[0] != "crmkit" or source in KNOW_EVERYBODY:
        return ""
    if source not in ARROWS:
        return f"no arrow is drawn for {source}"
    if each.source.startswith("crmkit.core.kernel") and not each.target.startswith("crmkit.core.kernel"):
        return "the kernel knows no area"
    if source in TYPED_BY_THE_CRM and target in {"crm", "transaction"} and each.when is When.NEVER:
        return ""
    return "" if target in {source, *ARROWS[source]} else f"{source} knows nothing of {target or 'the front page'}"


def _outside(each: Import) -> str:
    """The fault of an import of anything else."""
    source, library = part(each.source), each.target.split(".")[0]
    if library == "crmkit":
        return ""
    if library in ONE_HOME:
        return "" if source == ONE_HOME[library] else f"only {ONE_HOME[library]} knows {library}"
    pure = source in {"core", "rules"}
    if library in sys.stdlib_module_names:
        allowed = PURE | ALSO_PURE.get(each.source, set())
        return f"{source} is pure" if pure and library not in allowed else ""
    if library in REQUIRED:
        return ""
    if pure:
        return f"{source} stands on {' and '.join(sorted(REQUIRED))}"
    loaded = each.when is When.LOADING and library not in TOOLS.get(source, set())
    return f"{library} is optional: import it where it is called" if loaded else ""


@pytest.mark.parametrize("path", TREE)
def test_a_module_imports_along_the_arrows(path: str) -> None:
    """Nothing is known against its direction, and no library outside its home."""
    assert faults(path) == []


SEED = {
    "crmkit/__init__.py": "from crmkit.crm import CRM\nfrom .core.kernel.money import Money as Money",
    "crmkit/crm.py": "class CRM: ...",
    "crmkit/core/__init__.py": "",
    "crmkit/core/kernel/__init__.py": "",
    "crmkit/core/kernel/money.py": "class Money: ...",
    "crmkit/core/sales/__init__.py": "from crmkit.core.sales.lead import Lead",
    "crmkit/core/sales/lead.py": "class Lead: ...",
    "crmkit/rules/__init__.py": "",
    "crmkit/rules/scoring.py": "",
    "crmkit/areas/sales.py": "",
    "crmkit/storage/__init__.py": "from crmkit.storage.tables import tables",
    "crmkit/storage/tables.py": "",
}


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("core/sales/deal.py", "from crmkit.areas.sales import Sales", "core knows nothing of areas"),
        ("core/sales/deal.py", "import crmkit.areas.sales", "core knows nothing of areas"),
        ("core/sales/deal.py", "from ...areas import sales", "core knows nothing of areas"),
        ("core/sales/__init__.py", "from ...areas.sales import Sales", "core knows nothing of areas"),
        ("core/sales/deal.py", "from crmkit import CRM", "core knows nothing of crm"),
        ("core/sales/deal.py", "from crmkit import storage", "core knows nothing of storage"),
        ("core/sales/deal.py", "import crmkit", "core knows nothing of the front page"),
        ("core/sales/deal.py", "def f():\n    import crmkit.rules.scoring", "core knows nothing of rules"),
        ("core/sales/deal.py", "class A:\n    async def f(self):\n        from crmkit.rules import scoring", "rules"),
        ("core/sales/deal.py", "if TYPE_CHECKING:\n    from crmkit.crm import CRM", "core knows nothing of crm"),
        ("core/sales/deal.py", "try:\n    import crmkit.crm\nexcept ImportError:\n    pass", "nothing of crm"),
        ("core/kernel/work.py", "from crmkit.core.sales.lead import Lead", "the kernel knows no area"),
        ("core/kernel/work.py", "from ..sales import Lead", "the kernel knows no area"),
        ("core/kernel/work.py", "from crmkit.core import sales", "the kernel knows no area"),
        ("rules/scoring.py", "from crmkit.storage import tables", "rules knows nothing of storage"),
        ("areas/sales.py", "from crmkit.storage import tables", "areas knows nothing of storage"),
        ("areas/sales.py", "if typing.TYPE_CHECKING:\n    import crmkit.crm", "areas knows nothing of crm"),
        ("storage/sql.py", "from crmkit.rules import scoring", "storage knows nothing of rules"),
        ("exchange/importer.py", "from crmkit import CRM", "exchange knows nothing of crm"),
        ("exchange/importer.py", "if TYPE_CHECKING:\n    pass\nelse:\n    from crmkit import CRM", "nothing of crm"),
        ("exchange/importer.py", "if not typing.TYPE_CHECKING:\n    from crmkit import CRM", "nothing of crm"),
        ("present/html.py", "from crmkit.storage.tables import tables", "present knows nothing of storage"),
        ("extras/phone.py", "from crmkit.rules import scoring", "extras knows nothing of rules"),
        ("surprise.py", "from crmkit import Money", "no arrow is drawn for surprise"),
        ("crm.py", "from sqlalchemy.engine import Engine", "only storage knows sqlalchemy"),
        ("cli/doctor.py", "def f():\n    import sqlalchemy", "only storage knows sqlalchemy"),
        ("core/kernel/tally.py", "import pluggy", "only plugins knows pluggy"),
        ("core/kernel/tally.py", "import time", "core is pure"),
        ("core/kernel/tally.py", "from random import Random", "core is pure"),
        ("core/kernel/tally.py", "import os.path", "core is pure"),
        ("core/kernel/tally.py", "from threading import Lock", "core is pure"),
        ("rules/scoring.py", "def f():\n    import socket", "rules is pure"),
        ("core/kernel/tally.py", "def f():\n    import rich", "core stands on attrs and dateutil"),
        ("cli/progress.py", "from rich.progress import Progress", "rich is optional"),
        ("extras/phone.py", "try:\n    import phonenumbers\nexcept ImportError:\n    pass", "phonenumbers is optional"),
        ("testing/fixed.py", "import rich", "rich is optional"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str, fault: str) -> None:
    """Each rule fails on an import that breaks it, however it is written."""
    path = f"crmkit/{path}"

    assert [fault] == [fault for found in faults(path, {**SEED, path: source}) if fault in found]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/sales/deal.py", "from crmkit import Money"),
        ("core/sales/deal.py", "from . import Lead\nfrom ..kernel import money\nfrom attrs import frozen"),
        ("core/kernel/ids.py", "from threading import Lock"),
        ("core/kernel/tally.py", "from datetime import date, time\nimport dateutil.relativedelta"),
        ("areas/sales.py", "from crmkit.rules.scoring import score\nimport time"),
        ("storage/sql.py", "from sqlalchemy import select\nimport sqlite3"),
        ("exchange/importer.py", "if TYPE_CHECKING:\n    from crmkit import CRM"),
        ("extras/phone.py", "if TYPE_CHECKING:\n    import phonenumbers\ndef f():\n    import phonenumbers"),
        ("cli/__init__.py", "from crmkit.storage import tables\nfrom crmkit import CRM"),
        ("testing/contract.py", "import pytest\nfrom hypothesis import given"),
    ],
)
def test_a_right_import_is_let_through(path: str, source: str) -> None:
    """What the arrows allow is no fault, however it is written."""
    path = f"crmkit/{path}"

    assert faults(path, {**SEED, path: source}) == []
