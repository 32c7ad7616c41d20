"""The same world once more inside of `custom`: what a field of a record says, a field says that was defined since.

So every question about the one has the same answer when it is asked about the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from attrs import evolve, fields, has

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import In, Some
from crmkit.core.kernel.custom import CUSTOM, Custom, Entry
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.model import Model, Row
from crmkit.core.kernel.tally import Sum, Tally
from crmkit.testing.world.naive import World
from crmkit.testing.world.records import MODEL

T = TypeVar("T")
E = TypeVar("E", bound=Entity)

_PATHS: Final = ("path", "start", "end")  #: the attributes in which conditions and measures have paths


def _defined(kind: str) -> Mapping[str, Column]:
    return {column.path: column for column in map(mirrored_column, MODEL.entities[kind].columns) if column.defined}


def mirrored_column(column: Column) -> Column:
    """The column of the field that says the same; a reference stays what it is."""
    if column.scalar in (Scalar.ID, Scalar.CUSTOM):
        return column
    return Column(
        path=f"{CUSTOM}.{column.name}", scalar=column.scalar, nullable=True, choices=column.choices, defined=True
    )


def mirrored_row(kind: str, row: Row) -> Row:
    """The row with all that it says inside of `custom`, too."""
    model, cells = MODEL.entities[kind], list(row)
    entries: dict[str, Entry] = {
        column.name: (column.scalar, value)
        for column, value in zip(model.columns, row, strict=True)
        if value not in (None, frozenset()) and mirrored_column(column).defined
    }
    cells[model.position[CUSTOM]] = Custom.kept(entries)
    return tuple(cells)


def mirrored(record: E) -> E:
    """The record with all that it says inside of `custom`, too."""
    model = MODEL.of(type(record))
    built: E = model.build(mirrored_row(model.kind, model.flatten(record)))
    return built


def mirrored_world(world: World) -> World:
    """All of its records."""
    return {kind: {id: mirrored(record) for id, record in records.items()} for kind, records in world.items()}


#: The model with the fields that were defined since.
MIRROR: Final[Model] = evolve(MODEL, defined=_defined)


def asked(question: T, kind: str) -> T:
    """A condition, a tally or a part of them on records of a kind, asked about the fields that were defined since."""
    found: Any = question
    if isinstance(found, tuple):
        found = tuple(path(each, kind) if isinstance(each, str) else asked(each, kind) for each in found)
    elif isinstance(found, Some):
        found = evolve(found, where=asked(found.where, found.kind))
    elif isinstance(found, Sum):
        found = evolve(found, where=asked(found.where, kind))
    elif isinstance(found, In):
        found = evolve(found, term=asked(found.term, kind))
    elif has(type(found)):
        names = [each.name for each in fields(type(found))]
        found = evolve(found, **{name: _part(name, getattr(found, name), kind) for name in names})
    return found  # type: ignore[no-any-return]


def _part(name: str, value: Any, kind: str) -> Any:
    return path(value, kind) if name in _PATHS else asked(value, kind)


def asked_tally(tally: Tally) -> Tally:
    """The tally of the same figures."""
    return asked(tally, tally.kind)


def path(said: str, kind: str) -> str:
    """The path to the field that says the same as the one at this path."""
    at = MODEL.resolve(kind, said)
    hops = "".join(f"{hop.path}." for hop in at.hops)
    return f"{hops}{mirrored_column(at.column).path}" if said == f"{hops}{at.column.path}" else said
