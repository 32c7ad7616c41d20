"""`crmkit plugins`: what is loaded, from where, and what failed and why."""

from __future__ import annotations

import json
from argparse import Namespace

from crmkit.cli.options import Commands, add_disable
from crmkit.opening import loaded
from crmkit.plugins.report import State


def add(commands: Commands) -> None:
    """The grammar of `crmkit plugins`."""
    parser = commands.add_parser("plugins", help="print which plugins there are, what each provides, and what failed")
    add_disable(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print the plugins that a CRM would be opened with; 1 if one of them failed."""
    report = loaded(disabled=options.disable).report
    print(json.dumps(report.to_json(), ensure_ascii=False, indent=2) if options.json else report)
    return 1 if report.of(State.FAILED) else 0
