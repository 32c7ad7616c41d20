"""`crmkit demo`: leads and deals imported, their figures printed and written as a page."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Final

from crmkit.cli.options import Commands
from crmkit.cli.progress import watched
from crmkit.core.kernel.errors import StoreError

DATABASE: Final = "demo.db"  #: in the folder of `--out`; the demo made it, so the next one may replace it
_BESIDE: Final = ("", "-wal", "-shm", "-journal")  # what SQLite keeps beside a database


def add(commands: Commands) -> None:
    """The grammar of `crmkit demo`."""
    parser = commands.add_parser("demo", help="import a sample, print its figures and write them as an HTML page")
    fresh = f"a fresh {DATABASE} in the folder of --out"
    known = "a folder with a known data set; unless given, the sample that crmkit brings"
    parser.add_argument("--data", metavar="DIR", type=Path, help=known)
    stores = "memory:, sqlite:PATH, postgresql://... or mariadb://..."
    parser.add_argument("--store", metavar="URL", help=f"{stores}; unless given, {fresh}")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("out"), help="for the page; unless given, out")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Run the demo."""
    from crmkit.cli import demo

    store = options.store or f"sqlite:{_fresh(options.out / DATABASE)}"
    with watched("Importing") as bar:
        demo.run(data=options.data, store=store, out=options.out, say=bar.say, progress=bar)
    return 0


def _fresh(database: Path) -> Path:
    """The place of a database that is not there any more."""
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        for ending in _BESIDE:
            database.with_name(f"{database.name}{ending}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{database} cannot be made: {error.strerror}", hint="--out names another folder") from error
    return database
