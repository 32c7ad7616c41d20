"""`crmkit migrate`: add to a database what a newer program needs."""

from __future__ import annotations

from argparse import Namespace

from crmkit.cli.classes import add_entities, classes
from crmkit.cli.options import Commands, add_store, existing
from crmkit.crm import CRM


def add(commands: Commands) -> None:
    """The grammar of `crmkit migrate`."""
    parser = commands.add_parser(
        "migrate", help="add the tables, columns and indexes that a database does not have yet"
    )
    add_store(parser)
    add_entities(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the statements, and execute none of them")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print each statement that was executed, or would be."""
    entities, extensions = classes(options.entities)
    statements = CRM.migrate(
        existing(options.store),
        entities=entities,
        extensions=extensions,
        disabled=options.disable,
        dry=options.dry_run,
    )
    for statement in statements:
        print(f"{statement};")
    if not statements:
        print("nothing is missing")
    elif not options.dry_run:
        print(f"{len(statements)} statements executed; nothing is missing any more")
    return 0
