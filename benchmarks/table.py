"""The standings as a table in Markdown, with the machine that they were seen on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.race import Standing

LIBRARIES: Final = ("attrs", "SQLAlchemy", "psycopg", "PyMySQL", "transitions", "python-statemachine")

BEGIN: Final = "<!-- figures -->\n"
END: Final = "<!-- end of the figures -->\n"


def written(standings: Iterable[Standing], places: Sequence[str], how: str) -> str:
    """The whole of it: where, with what, how, and a line for each of the others in each race."""
    now = datetime.now(UTC)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    seen = f"{now:%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), {platform.system()}, load {load} at the end"
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    lines = [
        f"Seen on {seen}; Python {platform.python_version()}, {libraries}.",
        "",
        *(f"- {each}" for each in places),
        "",
        f"{how} The ratio is the median of what the rounds say, and behind it, how far they are apart.",
        "",
        "| what | where | beside | theirs | crmkit | ratio | to reach |",
        "|---|---|---|--:|--:|--:|--:|",
        *map(_line, standings),
    ]
    return "\n".join(lines) + "\n"


def put_into(page: Path, table: str) -> None:
    """Let the table stand between the marks of a page, in the place of the one before."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def _line(standing: Standing) -> str:
    ratio = f"{standing.ratio:.2f} (×{standing.spread:.1f})"
    cells = [
        standing.what,
        standing.place,
        standing.other,
        _rate(standing.theirs, standing.things),
        _rate(standing.ours, standing.things),
        ratio,
        _to_reach(standing),
    ]
    return f"| {' | '.join(cells)} |"


def _to_reach(standing: Standing) -> str:
    if standing.reached is None:
        return ""
    asked = f"{standing.rate:,.0f}/s" if standing.rate >= 1000 else f"{standing.rate:.1f}/s"
    asked = f"{standing.reach:.2f}" if standing.reach else asked
    return f"{asked} {'✓' if standing.reached else 'missed'}"


def _rate(each_second: float, things: str) -> str:
    """So many in a second, or the time that one takes where that says more."""
    if things == "starts":
        return f"{1 / each_second:.2f} s"
    return f"{each_second:,.0f}/s"
