"""What happened, once and for ever: one immutable event per step of a record, from which every row can be rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar

from attrs import evolve, field, fields, frozen

from crmkit.core.kernel.argument import written
from crmkit.core.kernel.cast import caster
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

    @property
    def ends(self) -> bool:
        """The record is no more after it; `changes` have its last values, and nothing after them."""
        return "id" in self.changes and self.changes["id"][1] is None

    @property
    def undoes(self) -> tuple[str, ...]:
        """The ids of the operations that it took back, as far as they concerned this record."""
        found = self.details.get("undoes") if self.name == f"{self.kind}.undone" else None
        return tuple(map(str, found)) if isinstance(found, list) else ()

    def concerns(self, kind: str | None, id: Id[Any] | None, operation: Id[Any] | None) -> bool:
        """It is of this kind, record and operation, as far as they are given."""
        return kind in (None, self.kind) and id in (None, self.id) and operation in (None, self.stamp.operation)


#: A stamp, an event, out of the values of their fields in order.
make_stamp: Final = caster(Stamp, tuple([each.name for each in fields(Stamp)]))
make_event: Final = caster(Event, tuple([each.name for each in fields(Event)]))

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
    return stepped, make_event(name, kind_of(cls), record.id, stepped.version, stamp, {}, details, 0)


def recordable(event: Event) -> Event:
    """The event, if every store can keep what it says.

    :raises Invalid: a name that does not begin with the kind of record, or details that have no exact form in JSON
    """
    if not clean(event.name, "event", LONGEST_CODE).startswith(f"{event.kind}.") or event.name.endswith("."):
        raise Invalid("event", f"got {shape(event.name)}", accepts=f"a name such as {event.kind}.done")
    details: Any = event.details
    if not isinstance(details, Mapping):
        raise Invalid("details", f"got {shape(details)}", accepts="values by their names")
    return _saying(event, "details", written("details", dict(details)))


def with_changes(event: Event, changes: Mapping[str, Change]) -> Event:
    """The same event, which says what it changed."""
    return _saying(event, "changes", changes)


def _saying(event: Event, name: str, what: object) -> Event:
    cls: Any = type(event)
    said: Event = replacer(cls, (name,))(event, what)
    return said


def changes(model: EntityModel, before: Row | None, after: Row | None) -> dict[str, Change]:
    """What an event changed, by path; of a birth (before is None) or an end (after is None) whatever is there."""
    return {
        column.path: (to_json(old), to_json(new))
        for column, old, new in zip(model.columns, before or model.blank, after or model.blank, strict=True)
        if old != new and column.path not in IMPLIED
    }


def apply(model: EntityModel, row: Row | None, event: Event) -> Row | None:
    """The row after an event; before a birth there is none, and none after an end."""
    if event.ends:
        return None
    cells = list(row or model.blank)
    for path, (_, after) in event.changes.items():
        place = model.position[path]
        cells[place] = from_json(model.columns[place].scalar, after)
    cells[model.position["version"]] = event.version
    cells[model.position["modified_at"]] = event.stamp.at
    return tuple(cells)


def withdrawn(events: Sequence[Event]) -> frozenset[str]:
    """The operations of which nothing is left in these events of one record, all of them: they were undone."""
    undone = set[str]()
    for event in reversed(events):
        if str(event.stamp.operation) not in undone:
            undone.update(event.undoes)
    return frozenset(undone)


def standing(events: Sequence[Event]) -> list[Event]:
    """Those of the events of one record, all of them, that were not undone; what undid others is not among them."""
    undone = withdrawn(events)
    return [event for event in events if not event.undoes and str(event.stamp.operation) not in undone]


def replay(model: Model, events: Iterable[Event]) -> dict[str, dict[Id[Any], Row]]:
    """Every row, by kind and id, that these events (in order of recording) leave behind."""
    rows: dict[str, dict[Id[Any], Row]] = {kind: {} for kind in model.entities}
    for event in events:
        of_kind = rows[event.kind]
        row = apply(model.entities[event.kind], of_kind.get(event.id), event)
        if row is None:
            del of_kind[event.id]
        else:
            of_kind[event.id] = row
    return rows
