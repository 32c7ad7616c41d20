"""`crmkit undo`: take an import back."""

from __future__ import annotations

from argparse import Namespace

from crmkit.cli.options import Commands, add_store, existing
from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.undo import Undone
from crmkit.crm import CRM
from crmkit.transaction import Transaction


def add(commands: Commands) -> None:
    """The grammar of `crmkit undo`."""
    parser = commands.add_parser("undo", help="take an import back: all that it did, or nothing")
    parser.add_argument("import_", metavar="RUN", help="its id, as crmkit imports lists it")
    add_store(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Undo it, and print what became of its records."""
    id: Id[ImportRun] = Id.of(options.import_, "run")

    def undo(tx: Transaction) -> tuple[str, Undone]:
        return tx.of(ImportRun).get(id).file, tx.imports.undo(id)

    with CRM.open(existing(options.store), disabled=options.disable) as crm:
        file, undone = crm.run(None, undo)
    counts = (("removed", undone.removed), ("as before", undone.changed), ("back", undone.returned))
    print(f"{file}: taken back" + "".join(f", {many:,} {what}" for what, many in counts if many))
    return 0
