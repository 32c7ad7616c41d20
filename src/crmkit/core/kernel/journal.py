"""What happened, once and for ever: one immutable event per step of a record, from which every row can be rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.argument import written
from crmkit.core.kernel.columns import Json, from_json, to_json
from crmkit.core.kernel.derive import replacer
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import EntityModel, Model, Row
from crmkit.core.kernel.text import LONGEST_CODE, clean

E = TypeVar("E", bound=Entity)

Change: TypeAlias = tuple[Json, Json]  #: before and after, each in its canonical form
NOTHING: Mapping[str, Any] = {}

IMPLIED = frozenset({"version", "modified_at"})  #: columns that every event sets by being there


@frozen(kw_only=True)
class Stamp:
    """When, by whom and within what: shared by all events of one transaction."""

    at: datetime  #: recorded: the clock of this CRM
    occurred: datetime  #: in the world; earlier than `at` when somebody writes down later what happened
    by: Id[Any]  #: the user who acts
    operation: Id[Any]  #: the transaction; a new one for each
    cause: str = ""  #: what made it happen when no person did: an import, a rule


@frozen(kw_only=True)
class Event:
    """One step of one record, named in words of the business: `lead.qualified`."""

    name: str
    kind: str
    id: Id[Any]
    version: int  #: the version that the record has after it; (kind, id, version) is unique
    stamp: Stamp
    changes: Mapping[str, Change] = field(factory=dict)  #: by path; those of a birth start from nothing
    details: Mapping[str, Json] = field(factory=dict)  #: what the fields do not say
    sequence: int = 0  #: the order of recording, given by the store


STEPPED: Final = ("version", "modified_at", "created_at")
MOVED: Final = (*STEPPED, "status")


def step(
    record: E, stamp: Stamp, name: str, details: Mapping[str, Json] = NOTHING, *, status: StrEnum | None = None
) -> tuple[E, Event]:
    """The record one version further and the event that says so; a new record is at version 0 before.

    With a `status`, it has that one then. The recorded time never goes back, whatever the clock does.
    """
    at = max(stamp.at, record.modified_at)
    stamp = stamp if at == stamp.at else evolve(stamp, at=at)
    created = record.created_at if record.version else stamp.occurred
    further = (record.version + 1, at, created)
    cls: Any = type(record)
    if status is None:
        stepped: E = replacer(cls, STEPPED)(record, *further)
    else:
        stepped = replacer(cls, MOVED)(record, *further, status)
    event = Event(
        name=name, kind=kind_of(type(record)), id=record.id, version=stepped.version, stamp=stamp, details=details
    )
    return stepped, event


def recordable(event: Event) -> Event:
    """The event, if every store can keep what it says.

    :raises Invalid: a name that does not begin with the kind of record, or details that have no exact form in JSON
    """
    if not clean(event.name, "event", LONGEST_CODE).startswith(f"{event.kind}.") or event.name.endswith("."):
        raise Invalid("event", f"got {shape(event.name)}", accepts=f"a name such as {event.kind}.done")
    return evolve(event, details={name: written(f"details.{name}", value) for name, value in event.details.items()})


def changes(model: EntityModel, before: Row | None, after: Row) -> dict[str, Change]:
    """What an event changed, by path; of a birth (before is None) whatever is there."""
    return {
        column.path: (to_json(old), to_json(new))
        for column, old, new in zip(model.columns, before or model.blank, after, strict=True)
        if old != new and column.path not in IMPLIED
    }


def apply(model: EntityModel, row: Row | None, event: Event) -> Row:
    """The row after an event; before a birth there is none."""
    cells = list(row or model.blank)
    for path, (_, after) in event.changes.items():
        place = model.position[path]
        cells[place] = from_json(model.columns[place].scalar, after)
    cells[model.position["version"]] = event.version
    cells[model.position["modified_at"]] = event.stamp.at
    return tuple(cells)


def replay(model: Model, events: Iterable[Event]) -> dict[str, dict[Id[Any], Row]]:
    """Every row, by kind and id, that these events (in order of recording) leave behind."""
    rows: dict[str, dict[Id[Any], Row]] = {kind: {} for kind in model.entities}
    for event in events:
        of_kind = rows[event.kind]
        of_kind[event.id] = apply(model.entities[event.kind], of_kind.get(event.id), event)
    return rows
