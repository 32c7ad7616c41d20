"""Events as rows of the journal's table, and back."""

from __future__ import annotations

import json
from typing import Any, Final

from crmkit.core.kernel.journal import Event, make_event, make_stamp
from crmkit.core.kernel.model import Row

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def row_of(event: Event) -> Row:
    """The row of an event, in the order of `tables.EVENT`."""
    stamp = event.stamp
    who_and_when = (stamp.at, stamp.occurred, stamp.by, stamp.operation, stamp.cause)
    what = (event.kind, event.id, event.version, event.name)
    return (event.sequence, *who_and_when, *what, _JSON(dict(event.changes)), _JSON(dict(event.details)))


def event_of(row: Row) -> Event:
    """The event that has this row."""
    sequence, at, occurred, by, operation, cause, kind, id, version, name, changes, details = row
    stamp = make_stamp(at, occurred, by, operation, cause)
    known = {path: (before, after) for path, (before, after) in _read(changes).items()}
    return make_event(name, kind, id, version, stamp, known, _read(details), sequence)


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
