"""`crmkit report`: figures as a table, or as JSON for other programs."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable

from crmkit.areas.insights import Insights
from crmkit.cli.options import Commands, add_store, add_zone, existing
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.tally import Bucket, Group, Per
from crmkit.crm import CRM

REPORTS: dict[str, Callable[..., Figures]] = {
    "funnel": Insights.funnel,
    "sources": Insights.sources,
    "pipeline": Insights.pipeline,
    "cycle": Insights.cycle,
}


def add(commands: Commands) -> None:
    """The grammar of `crmkit report`."""
    parser = commands.add_parser("report", help="print a funnel, the quality of sources, a pipeline or a cycle")
    parser.add_argument("figures", choices=REPORTS, help="which figures")
    parser.add_argument(
        "--by",
        metavar="PATH",
        type=_group,
        help="what to group by: a path such as source or holding.owner.team.name, or a moment with the width of its "
        "buckets, such as created_at:month",
    )
    add_store(parser)
    add_zone(parser, "the zone in which days and months begin")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Print the figures."""
    grouped = {} if options.by is None else {"by": options.by}
    with CRM.open(existing(options.store), zone=options.zone, disabled=options.disable) as crm, crm.read() as view:
        figures = REPORTS[options.figures](view.insights, **grouped)
    print(json.dumps(figures.to_json(), ensure_ascii=False, indent=2) if options.json else figures)
    return 0


def _group(text: str) -> Group:
    path, colon, per = text.partition(":")
    if not colon:
        return path
    if per not in list(Per):
        raise ArgumentTypeError(f"got {per!r} for the width of a bucket, accepted: {', '.join(Per)}")
    return Bucket(path, Per(per))
