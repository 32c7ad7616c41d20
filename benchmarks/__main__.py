"""Measure: `python -m benchmarks --size 100000 --rounds 5 --stores sqlite postgresql`."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import bulk, crowds, news, rules, start, transactions
from benchmarks.places import PLACES, SERVERS
from benchmarks.race import Standing, run
from benchmarks.table import put_into, written

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"

SUBJECTS: Final = ("transactions", "bulk", "crowds", "news")  #: what there is to measure in a database
ALL: Final = (*SUBJECTS, "rules", "start")
SINGLE: Final = 200  #: a size is so many leads to one transaction of a round


def main() -> None:
    """Run the races, telling each as it ends, and write the table."""
    asked = _asked()
    standings, places = list[Standing](), list[str]()
    with TemporaryDirectory(prefix="crmkit-bench-", dir=asked.folder) as folder:
        for standing in _all(asked, Path(folder), places):
            standings.append(standing)
            said = f"{standing.what} | {standing.place} | {standing.other} | {standing.ratio:.2f}"
            print(said, "" if standing.reached in (None, True) else "MISSED", flush=True)
    sizes = f"{asked.size:,} leads, {_singles(asked)} transactions a round"
    how = f"{asked.rounds} rounds in which all take turns, {sizes}."
    table = written(standings, places, how)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(table)
    print(f"\n{table}")
    if asked.docs:
        put_into(PAGE, table)


def _asked() -> Namespace:
    there = [name for name in PLACES if name not in SERVERS or os.environ.get(SERVERS[name])]
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="leads in bulk; the funnel has ten times as many")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stores", nargs="+", choices=list(PLACES), default=there)
    parser.add_argument("--only", nargs="+", choices=ALL, default=ALL)
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks.md"))
    parser.add_argument("--docs", action="store_true", help="put the table into docs/performance.md too")
    parser.add_argument("--folder", type=Path, help="where the SQLite files are made; else where temporary files are")
    return parser.parse_args()


def _singles(asked: Namespace) -> int:
    return max(int(asked.size) // SINGLE, 10)


def _all(asked: Namespace, folder: Path, says: list[str]) -> Iterator[Standing]:
    if "start" in asked.only:
        yield from run(start.race(), "", asked.rounds)
    if "rules" in asked.only:
        for race in rules.races(asked.size):
            yield from run(race, "memory", asked.rounds)
    for name in asked.stores:
        for subject in SUBJECTS:
            if subject in asked.only:
                yield from _in(name, subject, asked, folder / subject, says)


def _in(name: str, subject: str, asked: Namespace, folder: Path, says: list[str]) -> Iterator[Standing]:
    """One subject in a database of its own."""
    folder.mkdir(exist_ok=True)
    with PLACES[name](folder) as place:
        if place.says not in says:
            says.append(place.says)
        match subject:
            case "transactions":
                opened = transactions.races(place, _singles(asked), asked.rounds)
            case "bulk":
                opened = bulk.races(place, asked.size)
            case "crowds":
                opened = crowds.races(place, asked.size)
            case _:
                opened = news.races(place, asked.size)
        with opened as races:
            for race in races:
                yield from run(race, place.name, asked.rounds)


if __name__ == "__main__":
    main()
