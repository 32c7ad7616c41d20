"""`crmkit imports`: which files were imported, and what became of each."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Final

from crmkit.cli.options import Commands, add_store, existing
from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.columns import to_json
from crmkit.core.kernel.layout import text_table
from crmkit.crm import CRM

COLUMNS: Final = (
    *("id", "file", "kind", "status", "created", "revised", "unchanged", "rejected", "created_at"),
    "rejects",
)
_NUMBERS: Final = (4, 5, 6, 7)


def add(commands: Commands) -> None:
    """The grammar of `crmkit imports`."""
    parser = commands.add_parser("imports", help="list the imports there were, and what became of each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_store(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print the runs, the latest last."""
    with CRM.open(existing(options.store), disabled=options.disable) as crm, crm.read() as view:
        runs = list(view.of(ImportRun).find(order=("created_at",)))
    if options.json:
        told = [{name: to_json(getattr(one, name)) for name in COLUMNS} for one in runs]
        print(json.dumps(told, ensure_ascii=False, indent=2))
    elif runs:
        print(text_table(COLUMNS, [[getattr(one, name) for name in COLUMNS] for one in runs], right=_NUMBERS))
    else:
        print("nothing was imported")
    return 0
