"""Erasing what is said of a person: in the rows, in the journal and in what operations answered, as if never written.

What is erased is not there for replay either: everything is rebuilt, and seen as it stood, without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import evolve, frozen

from crmkit.core.kernel.columns import Column, Json, from_json, to_json
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.identity import outdated
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Change, Event
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.undo import fold_again

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work

Place: TypeAlias = tuple[str, Id[Any]]  #: kind and id of a record
Subjects: TypeAlias = Mapping[Place, frozenset[str]]  #: by record, the paths that say something of the person

ERASED: Final = "[erased]"  #: what stands where something has to stand

LONG_ENOUGH: Final = 5  #: characters by which a text within another one tells of somebody

_UNTELLING: Final = ("rule", "country", "order")  #: the last words of paths that many people have the same at
_CHOSEN: Final = f":{Scalar.CHOICE}"  #: the end of names under which `custom` has what many others have as well
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@frozen(kw_only=True)
class Erased:
    """How much of a person was erased."""

    records: int  #: rows that were changed
    events: int  #: of the journal that were rewritten
    keys: int  #: that were reserved and are free again


@frozen
class Traces:
    """Texts by which somebody is known, folded."""

    texts: frozenset[str]

    def tells(self, text: str) -> bool:
        """The text is one of them, or has one in it that is no mere word."""
        folded = text.casefold()
        found = folded in self.texts or any(len(each) >= LONG_ENOUGH and each in folded for each in self.texts)
        return found and not _ID.fullmatch(folded)

    def without(self, value: Json) -> Json:
        """The same value, with `[erased]` for every text in it that tells."""
        match value:
            case str():
                return ERASED if self.tells(value) else value
            case list():
                return [self.without(each) for each in value]
            case dict():
                return {name: self.without(each) for name, each in value.items()}
            case _:
                return value


def personal(model: EntityModel) -> frozenset[str]:
    """The paths of a kind that say something of a person, whatever plugins added included."""
    return frozenset(column.path for column in model.columns if column.personal)


def texts(changes: Mapping[str, Change], paths: Iterable[str]) -> Iterator[str]:
    """What these changes say at these paths that tells people apart."""
    for path in paths:
        if path in changes and path.rpartition(".")[2] not in _UNTELLING:
            for value in changes[path]:
                for name, each in value.items() if isinstance(value, dict) else (("", value),):
                    if isinstance(each, str) and each != ERASED and not name.endswith(_CHOSEN):
                        yield each.casefold()


def erase(work: Work, subjects: Subjects, nearby: Iterable[Place]) -> Erased:
    """Erase what the subjects say at their paths, and its traces nearby: in all operations that changed one of them.

    :raises Conflict: another transaction changed one of the records meanwhile
    :raises Invalid: the cause of this very transaction tells of the person
    """
    model, asked = work.model, work.session
    rows = {place: row for place in subjects for row in asked.load(place[0], [place[1]])}  # before the journal
    journal = {event.sequence: event for kind, id in (*subjects, *nearby) for event in asked.history(kind=kind, id=id)}
    operations = list(dict.fromkeys(event.stamp.operation for event in journal.values()))
    for operation in operations:
        journal.update({event.sequence: event for event in asked.history(operation=operation)})
    traces = Traces(
        frozenset(
            text
            for event in journal.values()
            for text in texts(event.changes, subjects.get((event.kind, event.id), ()))
        )
    )
    if traces.tells(work.stamp.cause):
        raise Invalid("cause", "tells of the person who is erased", accepts="a cause without their name or address")
    rewritten = [
        (event, after)
        for event in journal.values()
        if (after := _redacted(model.entities[event.kind], event, subjects, traces)) != event
    ]
    session = work.writing()
    session.redact([after for _, after in rewritten], list(_answers(work, operations, traces)))
    records = sum([_emptied(work, model.entities[place[0]], row, subjects[place]) for place, row in rows.items()])
    work.flush()
    for projection in work.registry.projections:
        ids = sorted({event.id for event, _ in rewritten if event.kind == projection.subject})
        fold_again(session, model.of(projection.row), projection, ids)
    freed = [(space, key, id) for _, id in subjects for space, key in session.keys(id)]
    for space, key, id in freed:
        session.reserve(space, [key], before=id)
    work.forget()
    return Erased(records=records, events=len(rewritten), keys=len(freed))


def _emptied(work: Work, model: EntityModel, row: Row, paths: frozenset[str]) -> bool:
    """Let a row say nothing at these paths, by an event of their names only; whether it said something."""
    cells, said = list(row), dict[str, Change]()
    for path in sorted(paths):
        column, place = model.by_path[path], model.position[path]
        blank = _blank(column, to_json(row[place]))
        if blank != to_json(row[place]):
            cells[place], said[path] = from_json(column.scalar, blank), (blank, blank)
    if not said:
        return False
    version, at = row[model.position["version"]] + 1, max(work.stamp.at, row[model.position["modified_at"]])
    cells[model.position["version"]], cells[model.position["modified_at"]] = version, at
    event = Event(
        name=f"{model.kind}.erased",
        kind=model.kind,
        id=row[model.position["id"]],
        version=version,
        stamp=evolve(work.stamp, at=at),
        changes=said,
    )
    if work.writing([event]).update(model.kind, [(row, tuple(cells))]):
        raise outdated(model.kind, [event.id])
    return True


def _redacted(model: EntityModel, event: Event, subjects: Subjects, traces: Traces) -> Event:
    paths = subjects.get((event.kind, event.id), frozenset())
    changed = {
        path: (_blank(model.by_path[path], change[0]), _blank(model.by_path[path], change[1]))
        if path in paths
        else change
        for path, change in event.changes.items()
    }
    details = {name: traces.without(value) for name, value in event.details.items()}
    cause = ERASED if traces.tells(event.stamp.cause) else event.stamp.cause
    return evolve(event, changes=changed, details=details, stamp=evolve(event.stamp, cause=cause))


def _answers(work: Work, operations: Sequence[Id[Any]], traces: Traces) -> Iterator[Operation]:
    """The operations of which a cause or an answer tells, without it; the digests of their arguments stay."""
    for id in operations:
        kept = work.session.operation(id)
        if kept is not None:
            commands = tuple([evolve(each, outcome=traces.without(each.outcome)) for each in kept.commands])
            after = evolve(kept, cause=ERASED if traces.tells(kept.cause) else kept.cause, commands=commands)
            if after != kept:
                yield after


def _blank(column: Column, value: Json) -> Json:
    """What stands in the place of a value, in JSON: nothing, if nothing may stand there."""
    if value is None or column.nullable:
        return None
    if column.default is not None:
        return to_json(from_json(column.scalar, column.default))
    return ERASED if column.scalar in (Scalar.CODE, Scalar.NAME, Scalar.TEXT) else value
