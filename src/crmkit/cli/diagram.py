"""`crmkit diagram`: a life cycle as text for Mermaid, or as a table."""

from __future__ import annotations

from argparse import Namespace
from typing import Any, Final

from crmkit import builtin
from crmkit.cli.options import Commands
from crmkit.core.kernel.flow import Flow
from crmkit.crm import CRM

FLOWS: Final[dict[str, Flow[Any, Any]]] = {flow.kind: flow for flow in builtin.FLOWS}


def add(commands: Commands) -> None:
    """The grammar of `crmkit diagram`."""
    parser = commands.add_parser("diagram", help="print the life cycle of a kind of record")
    parser.add_argument("kind", choices=FLOWS, help="whose life cycle")
    parser.add_argument("--table", action="store_true", help="print its moves as a table in Markdown instead")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print the life cycle."""
    with CRM.open("memory:") as crm:
        flow = crm.registry.flow(FLOWS[options.kind])
    print(flow.table() if options.table else flow.mermaid())
    return 0
