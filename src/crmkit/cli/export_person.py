"""`crmkit export`: all that is kept about a person, as JSON."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from crmkit.cli.options import Commands, add_store, existing
from crmkit.cli.person import add_person, person
from crmkit.crm import CRM


def add(commands: Commands) -> None:
    """The grammar of `crmkit export`."""
    parser = commands.add_parser("export", help="print all that is kept about a person, as JSON")
    add_person(parser)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write it to this file instead")
    add_store(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print it, or write it."""
    with CRM.open(existing(options.store), disabled=options.disable) as crm, crm.read() as view:
        told = view.privacy.export(person(view, options.record))
    text = json.dumps(told, ensure_ascii=False, indent=2)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(f"{text}\n", encoding="utf-8")
    return 0
