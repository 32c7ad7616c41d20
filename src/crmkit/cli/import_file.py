"""`crmkit import`: a CSV file into a CRM, and what became of its lines."""

from __future__ import annotations

from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crmkit.cli.options import Commands, add_store, add_zone
from crmkit.cli.progress import watched
from crmkit.core.kernel.layout import text_table
from crmkit.crm import CRM
from crmkit.exchange.cells import targets
from crmkit.exchange.imported import Imported
from crmkit.exchange.importer import import_csv, require_readable
from crmkit.exchange.kinds import KINDS
from crmkit.exchange.mapping import Plan
from crmkit.exchange.rejects import require_place


def add(commands: Commands) -> None:
    """The grammar of `crmkit import`."""
    parser = commands.add_parser("import", help="import a CSV file, and list what in it could not be right")
    parser.add_argument("file", metavar="FILE", type=Path, help="a CSV file with a header")
    parser.add_argument("--as", dest="kind", choices=KINDS, required=True, help="what its lines are about")
    add_store(parser)
    parser.add_argument("--rejected", metavar="FILE", type=Path, help="where the lines that are not taken go, with why")
    _add_reading(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Import the file and print what became of it; 1 if lines were rejected."""
    plan = Plan(
        columns=options.map,
        values=_by_field(options.value),
        constants=options.set,
        zone=options.zone,
        dates=options.date,
    )
    if options.rejected is not None:
        require_place(options.rejected)
    read = {"kind": options.kind, "plan": plan, "encoding": options.encoding, "delimiter": options.delimiter}
    if not options.file.is_fifo():  # which is opened once only
        require_readable(options.file, **read)  # where it cannot be read, no store is made for it
    with CRM.open(options.store, disabled=options.disable) as crm, watched("Importing") as bar:
        imported = import_csv(
            crm,
            options.file,
            **read,
            rejected=options.rejected,
            progress=bar,
        )
    print("\n".join(_told(imported, options)))
    return 1 if imported.rejected else 0


class _Collect(Action):
    """Makes a mapping of an option that may be given several times, each time with another key."""

    def __call__(self, _parser: ArgumentParser, namespace: Namespace, values: Any, _option: str | None = None) -> None:
        key, value = values
        found = getattr(namespace, self.dest)
        if key in found:
            raise ArgumentError(self, f"{key if isinstance(key, str) else ':'.join(key)} is given twice")
        setattr(namespace, self.dest, {**found, key: value})


def _add_reading(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("how its columns are read; the first four can be given several times")
    for name, form, read, says in (
        ("--map", "COLUMN=FIELD", _column, "a column is a field, which otherwise takes the column of its own name"),
        ("--value", "FIELD:FROM=TO", _value, "what is written in the column of a field means something else"),
        ("--set", "FIELD=VALUE", _constant, "what a field is wherever the file has nothing"),
    ):
        group.add_argument(name, metavar=form, action=_Collect, default={}, type=read, help=says)
    written = "how dates are written, such as %%d/%%m/%%Y; unless given, as in 2025-03-31 or 2025-03-31 17:05"
    group.add_argument("--date", metavar="FORMAT", action="append", default=[], help=written)
    add_zone(group, "the zone of times that name none")
    group.add_argument("--encoding", metavar="NAME", default="utf-8-sig", help="of the file; unless given, UTF-8")
    group.add_argument("--delimiter", metavar="CHARACTER", default=",", help="between cells; unless given, a comma")


def _column(text: str) -> tuple[str, str]:
    column, field = _parted(*text.rpartition("=")[::2], "COLUMN=FIELD")
    return field, column


def _constant(text: str) -> tuple[str, str]:
    return _parted(*text.partition("=")[::2], "FIELD=VALUE")


def _value(text: str) -> tuple[tuple[str, str], str]:
    field, pair = _parted(*text.partition(":")[::2], "FIELD:FROM=TO")
    written, equals, meant = pair.rpartition("=")
    _parted(written, equals, "FIELD:FROM=TO")
    return (field, written), meant


def _parted(left: str, right: str, form: str) -> tuple[str, str]:
    if not left or not right:
        raise ArgumentTypeError(f"is not of the form {form}")
    return left, right


def _by_field(values: Mapping[tuple[str, str], str]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (field, written), meant in values.items():
        found.setdefault(field, {})[written] = meant
    return found


def _told(imported: Imported, options: Namespace) -> Iterator[str]:
    yield f"{options.file.name}: {imported}"
    names = [target.name for target in targets(KINDS[options.kind])]
    for column in imported.unread:
        near = get_close_matches(column.casefold(), names, n=1)
        yield f"column «{column}» is not read{f'; did you mean {near[0]}?' if near else ''}"
    rows = [
        (reason.count, "rejected" if reason.rejected else "noted", str(reason), _first(reason.lines, reason.count))
        for reason in imported.reasons
    ]
    rows += [(count, "mapped", f"{field}: «{written}»", "") for (field, written), count in imported.replaced.items()]
    if rows:
        yield f"\n{text_table(('lines', 'were', 'for', 'first of them'), rows, right=(0,))}"
    if imported.rejected:
        there = f"are in {options.rejected}" if options.rejected else "can be written to a file with --rejected"
        yield f"\nThe rejected lines {there}; put right, they can be imported again."


def _first(lines: tuple[int, ...], count: int) -> str:
    return ", ".join(map(str, lines)) + (", …" if count > len(lines) else "")
