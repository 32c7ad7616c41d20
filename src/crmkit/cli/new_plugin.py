"""`crmkit new-plugin`: a package of one's own that works from the first minute, with code, tests and a README."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Final

from crmkit.cli.options import Commands
from crmkit.core.kernel.errors import Invalid, shape

LONGEST: Final = 20  #: its kinds of record begin with the name, and PostgreSQL takes 63 bytes for that of an index
TAKEN: Final = frozenset({"crmkit", "custom"})
"""The name is the prefix of fields; these lead elsewhere."""


def add(commands: Commands) -> None:
    """The grammar of `crmkit new-plugin`."""
    parser = commands.add_parser("new-plugin", help="write a package that extends crmkit, with code, tests and README")
    parser.add_argument("name", metavar="NAME", help="how it is called: olives gives crmkit-olives")
    parser.add_argument("--into", metavar="DIR", type=Path, default=Path(), help="the folder that it is put into")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Write the package, and say what to do next."""
    folder = write(options.name, into=options.into)
    print(f"{folder} is written. Now:\n\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  crmkit plugins")
    return 0


def write(name: str, *, into: Path) -> Path:
    """The folder of the new package, written whole; nothing that is there is touched.

    :raises Invalid: no name for a package, or a folder that there is already
    """
    said = {"name": _checked(name), "title": name.replace("_", " ").capitalize(), "class": _class(name)}
    folder = into / f"crmkit-{name.replace('_', '-')}"
    written = {
        folder / path.replace("NAME", name): Template(page.read_text(encoding="utf-8")).substitute(said)
        for path, page in _pages(files("crmkit.cli") / "plugin")
    }
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Invalid("name", f"{folder} is there already", accepts="a name that is free, or another --into") from None
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _checked(name: str) -> str:
    plain = name.isidentifier() and name.isascii() and name == name.lower() and name.strip("_") == name
    if not plain or len(name) > LONGEST:
        raise Invalid("name", f"got {shape(name)}", accepts=f"lower-case letters, digits and _, at most {LONGEST}")
    if iskeyword(name) or name in TAKEN or name in sys.stdlib_module_names:
        raise Invalid("name", f"«{name}» means something else already", accepts="a name of its own")
    return name


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _pages(folder: Traversable, path: str = "") -> Iterator[tuple[str, Traversable]]:
    """What a package is made of: the paths, without the ending .in, and what is in them."""
    for each in sorted(folder.iterdir(), key=lambda page: page.name):
        inside = f"{path}{each.name}"
        if each.is_dir():
            yield from _pages(each, f"{inside}/")
        else:
            yield inside.removesuffix(".in"), each
