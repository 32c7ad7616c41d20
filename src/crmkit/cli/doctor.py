"""`crmkit doctor`: what is installed here, and whether a store can be used."""

from __future__ import annotations

import platform
import re
import sqlite3
import zoneinfo
from argparse import Namespace
from collections.abc import Collection, Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from crmkit.builtin import ACCEPTS
from crmkit.cli.classes import add_entities, classes
from crmkit.cli.options import Commands, add_store, file_of
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.tally import Count, Tally
from crmkit.crm import CRM
from crmkit.opening import loaded
from crmkit.opening import store as opened
from crmkit.plugins.loading import Loaded
from crmkit.plugins.report import State
from crmkit.transaction import View

#: And the library that each brings.
EXTRAS: Final = {
    "cli": "rich",
    "phone": "phonenumbers",
    "migrations": "alembic",
    "testing": "hypothesis",
    "postgres": "psycopg",
    "mariadb": "PyMySQL",
}

_REACHED: Final = ("lead", "account", "contact")  #: kinds of record with a phone number
_PHONE: Final = where("phone.rule").present()
_PASSWORD: Final = re.compile(r"(?<=//)([^:/?]*):.*@|(?<=password=)[^&]*")

_Line = tuple[str, str]


def add(commands: Commands) -> None:
    """The grammar of `crmkit doctor`."""
    parser = commands.add_parser("doctor", help="print versions, extras and stores, and whether the store opens")
    add_store(parser)
    add_entities(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print the findings; 1 if something is wrong with the store."""
    entities, extensions = classes(options.entities)
    how: Any = {"entities": entities, "extensions": extensions, "disabled": options.disable}
    plugins = loaded(**how)
    opens, finding = _store(options.store, plugins, how)
    shown = _PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else "***", options.store)
    failed = ", ".join(plugins.report.of(State.FAILED))
    there = f"{len(plugins.report.of(State.LOADED))} loaded{failed and f', failed: {failed} (crmkit plugins says why)'}"
    stores = ("plugins", there), ("stores", ACCEPTS), ("store", f"{shown} {finding}")
    for what, says in (*_versions(), *_extras(), *stores):
        print(f"{what:<16} {says}")
    return 0 if opens else 1


def resets_the_wal(release: tuple[int, ...]) -> bool:
    """Whether this SQLite may damage a database when checkpoints meet writers: 3.7.0 to 3.51.2, back-ports excepted.

    See "the WAL reset bug" on https://www.sqlite.org/wal.html.
    """
    if release[:2] in ((3, 44), (3, 50)):
        return release < ((3, 44, 6) if release[1] == 44 else (3, 50, 7))
    return (3, 7, 0) <= release < (3, 51, 3)


def _versions() -> Iterator[_Line]:
    yield "crmkit", version("crmkit")
    yield "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    for package in ("SQLAlchemy", "attrs"):
        yield package, version(package)
    warning = (
        " (warning: has the WAL-reset bug, which 3.51.3, 3.50.7 and 3.44.6 do not have; the turns that crmkit takes"
        " avoid it, other programs that write to the same file may not)"
    )
    yield "SQLite", sqlite3.sqlite_version + (warning if resets_the_wal(sqlite3.sqlite_version_info) else "")
    yield "time zones", _zones()


def _zones() -> str:
    """Of the data that zoneinfo takes: those of the first folder that has any, else of the package tzdata."""
    folder = next((folder for folder in map(Path, zoneinfo.TZPATH) if (folder / "UTC").exists()), None)
    if folder is None:
        return f"{version('tzdata')}, from the package tzdata"
    try:
        with (folder / "tzdata.zi").open(encoding="utf-8") as data:
            return f"{data.readline().removeprefix('# version').strip()}, from {folder}"
    except OSError:
        return f"of an unknown version, from {folder}"


def _extras() -> Iterator[_Line]:
    for extra, package in EXTRAS.items():
        try:
            yield f"extra {extra}", f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"extra {extra}", f"not installed: pip install 'crmkit[{extra}]'"


def _store(url: str, plugins: Loaded, how: Any) -> tuple[bool, str]:
    """Whether all is well, and what was found; nothing is made where there is nothing yet."""
    path = file_of(url)
    if path is not None and not path.parent.is_dir():
        return False, f"cannot be made: there is no folder {path.parent}"
    if path is not None and not _holds_tables(path):
        return True, "has no CRM yet; what is written first makes one"
    try:
        if url.startswith(("postgresql:", "mariadb:")) and not _begun(url, plugins):
            return True, "has no CRM yet; what is written first makes one"
        with CRM.open(url, **how) as crm, crm.read() as view:
            rules = _phone_rules(view)
        with closing(opened(plugins.door, url, plugins.declared.model, prefix="crm_")) as store:
            store.create(thorough=True)
            risks = _risks(store)
    except CrmError as error:
        return False, f"does not open: {error.code}: {error}"
    return True, f"opens{risks}{_disagreement(rules)}"


def _risks(store: Store) -> str:
    """A warning where a server is set so that it may lose commits."""
    from crmkit.storage.server import ServerStore

    risks = store.risks() if isinstance(store, ServerStore) else ()
    return f" (warning: the last commits may be lost with the power: {', '.join(risks)})" if risks else ""


def _phone_rules(view: View) -> set[str]:
    """The rules under which phone numbers are kept."""
    tallies = [
        Tally(kind=kind, title="rules", by=("phone.rule",), measures=(Count(name="numbers"),), where=_PHONE)
        for kind in _REACHED
    ]
    return {row.group[0] for tally in tallies for row in view.tally(tally).rows}


def _disagreement(rules: Collection[str]) -> str:
    """A warning where phone numbers that are the same may be kept as if they were not."""
    if len(rules) <= 1:
        return ""
    named = " and ".join(sorted(rules))
    return f" (warning: phone numbers are kept as {named} read them; those of different rules are not compared)"


def _begun(url: str, plugins: Loaded) -> bool:
    """Whether a CRM was begun in this database of a server."""
    from crmkit.storage.sql import SQLStore

    with closing(opened(plugins.door, url, plugins.declared.model, prefix="crm_")) as store:
        return isinstance(store, SQLStore) and store.begun()


def _holds_tables(path: Path) -> bool:
    """Whether a CRM was begun in this file; also if nobody can tell, so that the store itself says what is wrong."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found: int = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'crm_schema'").fetchone()[0]
    except sqlite3.Error:
        return True
    return found > 0
