"""`crmkit erase`: let nothing be kept about a person, in the store and in the files of rejected lines."""

from __future__ import annotations

from argparse import Namespace
from typing import Final

from crmkit.cli.options import Commands, add_store, existing
from crmkit.cli.person import add_person, person
from crmkit.core.kernel.errors import Refusal, Refused
from crmkit.crm import CRM
from crmkit.exchange.erasing import Forgotten, erase_person
from crmkit.transaction import Transaction

_UNCONFIRMED: Final = Refusal(code="unconfirmed", says="it cannot be undone; --yes says that it is meant")


def add(commands: Commands) -> None:
    """The grammar of `crmkit erase`."""
    parser = commands.add_parser("erase", help="erase a person from the store and from files of rejected lines")
    add_person(parser)
    parser.add_argument("--yes", action="store_true", help="it is meant; without it nothing is erased")
    add_store(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Erase the person and print what became of them; 1 if a file could not be cleaned."""

    def erase(tx: Transaction) -> Forgotten:
        found = person(tx, options.record)
        if not options.yes:
            raise Refused(f"erasing {options.record}", [_UNCONFIRMED])
        return erase_person(tx, found)

    with CRM.open(existing(options.store), disabled=options.disable) as crm:
        forgotten = crm.run(None, erase)
    erased = forgotten.erased
    print(f"erased: {erased.records:,} records, {erased.events:,} events, {erased.keys:,} keys")
    for file in forgotten.files:
        print(f"{file.path}: {file.problem or f'{file.lines:,} lines erased'}")
    return 1 if any(file.problem for file in forgotten.files) else 0
