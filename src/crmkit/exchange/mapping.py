"""How the columns of a file become the fields of a row, as data: which column, which words for which, which zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from attrs import Factory, field, frozen

from crmkit.core.kernel.errors import Invalid
from crmkit.exchange.cells import Target, targets
from crmkit.exchange.csv_file import Line
from crmkit.exchange.desk import Row
from crmkit.exchange.note import Note, doubted

_NOTHING: Mapping[str, Any] = {}


def _formats(formats: Iterable[str]) -> tuple[str, ...]:
    return tuple(formats)


@frozen(kw_only=True)
class Plan:
    """How one file is to be read.

    A field that no column is declared for takes the column of its own name, if there is one; a column that no field
    takes is not read.
    """

    columns: Mapping[str, str] = _NOTHING  #: field: column; several fields may take the same one
    values: Mapping[str, Mapping[str, str]] = _NOTHING  #: field: what is written: what is meant ("" for nothing)
    constants: Mapping[str, str] = _NOTHING  #: field: what it is wherever the file has nothing
    times: Mapping[str, int] = _NOTHING  #: amount: what it is to be multiplied with, 1_000_000 for millions
    zone: str = "UTC"  #: of the dates and times that say none; a date alone is the midnight it begins with
    dates: tuple[str, ...] = field(default=(), converter=_formats)  #: formats of strptime, in turn; none: ISO 8601
    repeats: bool = False  #: several lines may be about the same record: that is nothing to note


@frozen
class _Source:
    """Where one field comes from, and what is done with it on the way."""

    target: Target
    column: str | None
    values: Mapping[str, str]
    constant: str | None
    parse: Callable[[str], Any]

    def text(self, line: Line) -> tuple[str | None, str | None]:
        """What is meant, and what was written if that was something else."""
        written = line.cells[self.column] if self.column else None
        meant = self.values.get(written, written) if written else None
        return meant or self.constant, written if meant != written else None


@frozen
class Reading:
    """A plan that fits a file: it makes a row of every line."""

    row: Callable[..., Row]
    fields: frozenset[str]  #: those that the file has a column for
    _sources: tuple[_Source, ...]
    unread: tuple[str, ...] = ()  #: columns that no field takes
    replaced: dict[tuple[str, str], int] = Factory(dict)  #: (field, what was written): how often a value map changed it

    def read(self, line: Line) -> tuple[Row, list[Note]]:
        """The row, and what was left out of it.

        :raises Invalid: a line without cells, or one with a cell that cannot be left out and cannot be read
        """
        if line.problem is not None:
            raise line.problem
        found, notes = dict[str, Any](), list[Note]()
        for source in self._sources:
            text, written = source.text(line)
            if written is not None:
                place = source.target.name, written
                self.replaced[place] = self.replaced.get(place, 0) + 1
            if text is not None:
                try:
                    found[source.target.name] = source.parse(text)
                except Invalid as error:
                    if not source.target.dispensable:
                        raise
                    notes.append(doubted(line.number, error))
        return self.row(**found), notes


def fitted(plan: Plan, row: type[Row], columns: Sequence[str]) -> Reading:
    """The plan, applied to the columns that a file has.

    :raises Invalid: a field that the row does not have, a column that the file does not have, an unknown zone
    """
    known = {target.name: target for target in targets(row)}
    for said in ("columns", "values", "constants", "times"):
        for name in getattr(plan, said):
            require_known(name, known, said, "there is no field")
    for name, column in plan.columns.items():
        require_known(column, columns, f"columns.{name}", "the file has no column")
    parsers = {
        name: target.parser(zone=plan.zone, dates=plan.dates, times=plan.times.get(name, 1))
        for name, target in known.items()
    }
    taken = {name: plan.columns.get(name, name if name in columns else None) for name in known}
    sources = tuple(
        _Source(target, taken[name], plan.values.get(name, _NOTHING), plan.constants.get(name), parsers[name])
        for name, target in known.items()
        if taken[name] or name in plan.constants
    )
    unread = tuple(column for column in columns if column and column not in taken.values())
    return Reading(row, frozenset(name for name, column in taken.items() if column), sources, unread)


def require_known(word: str, words: Iterable[str], field: str, says: str) -> None:
    """Nothing, if the word is one of these.

    :raises Invalid: it is not; names the nearest of them first
    """
    if word not in (known := list(words)):
        near = get_close_matches(word, known, n=3, cutoff=0.5)
        raise Invalid(field, f"{says} «{word}»", accepts=", ".join(dict.fromkeys([*near, *known])))
