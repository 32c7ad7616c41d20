"""Entities and extensions of a host, by the names that a command line has for them."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid, shape

ACCEPTS: Final = "MODULE:NAME,NAME with names of entity classes, of extensions, or of lists of them"


def add_entities(parser: ArgumentParser) -> None:
    """`--entities`: what a host gives to `CRM.open` besides the store."""
    parser.add_argument(
        "--entities",
        metavar="MODULE:NAMES",
        nargs="+",
        default=[],
        help="entities and extensions of the host, such as app.model:Visit,AcmeLead; a name may be that of a list",
    )


def classes(named: Sequence[str]) -> tuple[list[type[Entity]], list[type[Any]]]:
    """The entities and the extensions behind such names; modules are found from the current directory, too.

    :raises Invalid: a module or a name that is not there, or something else under that name
    """
    entities, extensions = list[type[Entity]](), list[type[Any]]()
    for cls in (cls for each in named for cls in _named(each)):
        if isinstance(cls, type) and issubclass(cls, Entity):
            entities.append(cls)
        elif isinstance(cls, type) and "__crm_extends__" in vars(cls):
            extensions.append(cls)
        else:
            raise Invalid("entities", f"got {shape(cls)}", accepts=ACCEPTS)
    return entities, extensions


def _named(text: str) -> Iterable[Any]:
    module, colon, names = text.partition(":")
    if not colon or not names:
        raise Invalid("entities", f"got {shape(text)}", accepts=ACCEPTS)
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = [getattr(import_module(module), name) for name in names.split(",")]
    except (ImportError, AttributeError, ValueError) as error:
        raise Invalid("entities", f"{shape(text)} cannot be imported: {error}", accepts=ACCEPTS) from error
    for each in found:
        yield from each if isinstance(each, list | tuple) else (each,)
