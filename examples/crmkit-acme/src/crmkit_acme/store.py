"""A store in a folder: crmkit's store in memory, and a log from which it is rebuilt when it is opened.

It keeps the contract of crmkit, and a commit is on the disk when it returns. It holds everything in memory, reads the
whole log to open, never makes it shorter, and has one process at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crmkit.core.kernel.columns import from_json, to_json
from crmkit.core.kernel.errors import SchemaOutdated, StoreError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import EntityModel, Model, Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.store import Session
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.whole import LARGEST_INTEGER
from crmkit.storage.memory import MemoryStore
from crmkit_acme.log import Log
from crmkit_acme.said import read, said


class JsonLinesStore:
    """One CRM in `folder`; see `Log` for what its errors mean."""

    def __init__(self, folder: Path, model: Model, *, prefix: str = "crm_") -> None:
        self._model = model
        self._memory = MemoryStore(model)
        self.snapshot, self.feed = self._memory.snapshot, self._memory.feed  # the log has it in the same order
        self._log = Log(folder / f"{prefix}log.jsonl")
        self._read = False

    def create(self, *, thorough: bool = False) -> None:  # noqa: ARG002 - the log is read as a whole each time
        """Do again whatever was committed; a field that is new since then has its default."""
        if not self._read:
            self._read = True
            for steps in self._log.lines():
                session = self._memory.begin()
                for name, *words in steps:
                    done_again(session, self._model, name, words)
                session.commit()

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:  # noqa: ARG002 - as every store
        """Nothing is ever missing: the log says what a row has, not which fields there are."""
        return ()

    def begin(self) -> Recorded:
        """A new transaction, as soon as the one before it is over."""
        return Recorded(self._memory.begin(), self._model, self._log)

    def close(self) -> None:
        """Let go of the file."""
        self._log.close()


class Recorded:
    """A transaction in memory that notes what it writes, and writes it down before it is committed."""

    def __init__(self, session: Session, model: Model, log: Log) -> None:
        self._session, self._model, self._log = session, model, log
        self._steps: list[list[Any]] = []  #: the name of what was done and with what, as JSON
        self.load, self.lock, self.page, self.each = session.load, session.lock, session.page, session.each
        self.tally, self.history, self.keys = session.tally, session.history, session.keys

    def insert(self, kind: str, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._session.insert(kind, rows)
        self._note_rows(kind, rows)

    def update(self, kind: str, changed: Sequence[tuple[Row, Row]]) -> list[Id[Any]]:
        """Change rows; noted is what is there afterwards, whoever was stale."""
        stale = self._session.update(kind, changed)
        self._note_rows(kind, self._session.load(kind, [after[0] for _, after in changed]))
        return stale

    def delete(self, kind: str, ids: Sequence[Id[Any]]) -> None:
        """Remove rows."""
        self._session.delete(kind, ids)
        self._steps.append(["delete", kind, said(list(ids))])

    def sweep(self, sweep: GroundSweep) -> Swept:
        """Change many rows; noted are the rows and events that came of it."""
        kind, swept = sweep.model.kind, self._session.sweep(sweep)
        events = list(self._session.history(kind=kind, after=swept.batch))
        self._note_rows(kind, self._session.load(kind, [event.id for event in events]))
        self._steps.append(["events", said(events)])
        return swept

    def record(self, events: Sequence[Event]) -> None:
        """Append to the journal."""
        self._session.record(events)
        self._steps.append(["events", said(list(events))])

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:
        """Noted like the rest: nobody is told any more what they said, but the lines of before still have it."""
        self._session.redact(events, operations)
        self._steps.append(["redact", [said(list(events)), said(list(operations))]])

    def count(self, key: str, by: int = 0, *, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int | None:
        """What a counter says, once it is changed."""
        value = self._session.count(key, by, least=least, most=most)
        if by and value is not None:
            self._steps.append(["count", key, by])
        return value

    def reserve(
        self, space: str, keys: Sequence[str], *, before: Id[Any] | None = None, after: Id[Any] | None = None
    ) -> dict[str, Id[Any]]:
        """Who holds these keys, once they are given."""
        holders = self._session.reserve(space, keys, before=before, after=after)
        if before != after:
            self._steps.append(["reserve", space, list(keys), said(before), said(after)])
        return dict(holders)

    def operation(self, id: Id[Any], *, done: Operation | None = None) -> Operation | None:
        """The operation with this id, or the one that is kept under it."""
        found = self._session.operation(id, done=done)
        if done is not None:
            self._steps.append(["operation", said(done)])
        return found

    def commit(self) -> None:
        """On the disk first, and only then for others to see."""
        self._session.keys(Id(int=0))  # refused where it is over
        steps = [step for step in self._steps if step[-1] != []]  # nothing was added, nothing changed
        if steps:
            self._log.append(steps)
        self._session.commit()

    def rollback(self) -> None:
        """Nothing was written down yet."""
        self._session.rollback()

    def _note_rows(self, kind: str, rows: Sequence[Row]) -> None:
        """By path, what is not as in a row of which nothing was said."""
        model = self._model.entities[kind]
        cells = [zip(model.columns, model.blank, row, strict=True) for row in rows]
        words = [{column.path: to_json(new) for column, old, new in row if new != old} for row in cells]
        self._steps.append(["rows", kind, words])


def done_again(session: Session, model: Model, name: str, words: list[Any]) -> None:
    """One step of a commit; what was refused is not in the log."""
    match name, words:
        case "rows", [kind, rows]:
            if kind not in model.entities:
                raise SchemaOutdated(f"the log has a {kind}", hint="open it with the plugin that brought it")
            _put(session, kind, [_row_of(model.entities[kind], row) for row in rows])
        case "delete", [kind, ids]:
            session.delete(kind, [Id(id) for id in ids])
        case "events", [events]:
            session.record([read(Event, event) for event in events])
        case "redact", [[events, operations]]:
            session.redact([read(Event, each) for each in events], [read(Operation, each) for each in operations])
        case "count", [key, by]:
            session.count(key, by)
        case "reserve", [space, keys, before, after]:
            session.reserve(space, keys, before=before and Id(before), after=after and Id(after))
        case "operation", [operation]:
            done = read(Operation, operation)
            session.operation(done.id, done=done)
        case _:
            raise StoreError(f"the log has «{name}», which a later version wrote")


def _row_of(model: EntityModel, words: dict[str, Any]) -> Row:
    cells = list(model.blank)
    for path, word in words.items():
        if path not in model.by_path:
            raise SchemaOutdated(f"the log has {model.kind}.{path}", hint="open it with the plugin that brought it")
        cells[model.position[path]] = from_json(model.by_path[path].scalar, word)
    return tuple(cells)


def _put(session: Session, kind: str, rows: Sequence[Row]) -> None:
    """New rows as they stand, others in the place of what is there."""
    there = {row[0]: row for row in session.load(kind, [row[0] for row in rows])}
    session.insert(kind, [row for row in rows if row[0] not in there])
    session.update(kind, [(there[row[0]], row) for row in rows if row[0] in there])
