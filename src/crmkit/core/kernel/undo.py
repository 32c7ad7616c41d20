"""Taking back what operations did: every record that they touched is, in the same fields, what it was before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import evolve, frozen

from crmkit.core.kernel.columns import from_json
from crmkit.core.kernel.entity import declared
from crmkit.core.kernel.errors import NotFound, Refusal, Refused
from crmkit.core.kernel.ground import OneOf
from crmkit.core.kernel.identity import Identities, outdated, parents_first
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, changes, standing, withdrawn
from crmkit.core.kernel.model import EntityModel, Model, Row
from crmkit.core.kernel.projection import Projection
from crmkit.core.kernel.replaying import put_right
from crmkit.core.kernel.several import portions
from crmkit.core.kernel.store import Reads, Session

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work

Place: TypeAlias = tuple[str, Id[Any]]  #: kind and id of a record

AT_ONCE: Final = 500  #: ids in one question
MOST_NAMED: Final = 5  #: operations in one message; an import has hundreds


@frozen(kw_only=True)
class Undone:
    """What became of the records of the operations that were undone."""

    changed: int  #: that are again what they were
    removed: int  #: that had come by them
    returned: int  #: that had gone by them


@frozen
class Step:
    """One record, as it is and as it was before (None: not there), and the event that takes it back."""

    model: EntityModel
    id: Id[Any]
    now: Row | None
    then: Row | None
    event: Event

    @property
    def change(self) -> tuple[Any, Any]:
        """The record before it is taken back and after; None: not there."""
        return self.now and self.model.build(self.now), self.then and self.model.build(self.then)


def undo(work: Work, operations: Sequence[Id[Any]]) -> tuple[Undone, Sequence[Step]]:
    """Take back all of these operations at once, by events of this work; raises like `Transaction.undo`."""
    work.flush()
    steps = _planned(work, operations)
    _write(work, steps)
    _remove(work, steps)
    work.forget()
    removed = sum(step.then is None for step in steps)
    returned = sum(step.now is None for step in steps)
    return Undone(changed=len(steps) - removed - returned, removed=removed, returned=returned), steps


def _planned(work: Work, operations: Sequence[Id[Any]]) -> list[Step]:
    session, trails = work.session, dict[Place, list[Event]]()
    lasting = {name for model in work.model.entities.values() for name in declared(model.cls).lasting}
    for operation in operations:
        found = list(session.history(operation=operation))
        if not found:
            raise NotFound(f"no operation {operation} changed a record", facts={"operation": str(operation)})
        for event in found:
            if event.name not in lasting:
                trails.setdefault((event.kind, event.id), []).append(event)
    now = dict(_rows(session, work.model, trails))
    refusals, steps = list[Refusal](), list[Step]()
    for (kind, id), ours in trails.items():
        ours.sort(key=lambda event: event.version)
        row, last = now.get((kind, id)), ours[-1]
        model = work.model.entities[kind]
        work.sight.require(model, id)
        if row is None or row[model.position["version"]] != last.version:
            history = list(session.history(kind=kind, id=id))
            refusals += _changed_since(ours, history)
            last = history[-1]
        steps += _step(work, model, row, ours, last)
    refusals = refusals or list(_still_needed(work, {(step.model.kind, step.id): step for step in steps}))
    if refusals:
        few = len(operations) <= MOST_NAMED
        raise Refused(
            f"undoing {', '.join(map(str, operations)) if few else f'{len(operations):,} operations'}", refusals
        )
    return steps


def _rows(session: Reads, model: Model, places: Iterable[Place]) -> Iterator[tuple[Place, Row]]:
    wanted = dict[str, list[Id[Any]]]()
    for kind, id in places:
        wanted.setdefault(kind, []).append(id)
    for kind, ids in wanted.items():
        for row in session.load(kind, ids):
            yield (kind, row[model.entities[kind].position["id"]]), row


def _step(work: Work, model: EntityModel, row: Row | None, ours: Sequence[Event], last: Event) -> Iterator[Step]:
    """The record without our events; nothing where it came and went by them."""
    cells = list(row or model.blank)
    for event in reversed(ours):
        for path, (before, _) in event.changes.items():
            cells[model.position[path]] = from_json(model.by_path[path].scalar, before)
    at = max(work.stamp.at, last.stamp.at)
    cells[model.position["version"]], cells[model.position["modified_at"]] = last.version + 1, at
    then = None if cells[model.position["id"]] is None else tuple(cells)
    if row is None and then is None:
        return
    event = Event(
        name=f"{model.kind}.undone",
        kind=model.kind,
        id=last.id,
        version=last.version + 1,
        stamp=evolve(work.stamp, at=at),
        changes=changes(model, row, then),
        details={"undoes": list(dict.fromkeys(str(event.stamp.operation) for event in ours))},
    )
    yield Step(model, last.id, row, then, event)


def _changed_since(ours: Sequence[Event], history: Sequence[Event]) -> Iterator[Refusal]:
    """What others did since to the same fields, or to a record that would go or come back; or that it is undone."""
    versions, undone = {event.version for event in ours}, withdrawn(history)
    gone = [event for event in ours if str(event.stamp.operation) in undone]
    if gone:
        yield _refusal("already_undone", "is without it already", gone[-1])
        return
    whole = any("id" in event.changes for event in ours)
    paths = {path for event in ours for path in event.changes}
    for event in history if any(event.undoes for event in ours) else standing(history):
        touched = event.changes.keys() if whole else event.changes.keys() & paths
        if event.version > ours[0].version and event.version not in versions and (whole or touched):
            yield _refusal("changed_since", f"has changed since, by {event.name}", event, sorted(touched))


def _refusal(code: str, says: str, event: Event, paths: Sequence[str] = ()) -> Refusal:
    facts = {"kind": event.kind, "id": str(event.id), "version": event.version, "paths": list(paths)}
    return Refusal(code=code, says=f"the {event.kind} {event.id} {says}", facts=facts)


def _still_needed(work: Work, steps: Mapping[Place, Step]) -> Iterator[Refusal]:
    """What leads to a record that would go, and stays."""
    going = dict[str, list[Id[Any]]]()
    for (kind, id), step in steps.items():
        if step.then is None:
            going.setdefault(kind, []).append(id)
    derived = {projection.kind for projection in work.registry.projections}
    for model in work.model.entities.values():
        for relation in model.relations.values() if model.kind not in derived else ():
            place = model.position[relation.column.path]
            for ids in portions(going.get(relation.target, []), AT_ONCE):
                for row in work.session.page(model.kind, OneOf(relation.column, frozenset(ids))):
                    id = row[model.position["id"]]
                    after = steps[model.kind, id].then if (model.kind, id) in steps else row
                    if after is not None and after[place] == row[place]:
                        seen = work.sight.sees(model, id)
                        facts = {"kind": model.kind, "field": relation.column.path} | ({"id": str(id)} if seen else {})
                        which = f"the {model.kind} {id}" if seen else "a record"
                        says = f"{which} still leads to the {relation.target} {row[place]}"
                        yield Refusal(code="still_needed", says=says, facts=facts)


def _write(work: Work, steps: Sequence[Step]) -> None:
    """What comes back first, then what changes, the events, and what follows from them."""
    session, model = work.writing(step.event for step in steps), work.model
    for kind, each in model.entities.items():
        back = [step.then for step in _of(steps, kind) if step.now is None and step.then is not None]
        session.insert(kind, parents_first(each, back))
        changed = [(step.now, step.then) for step in _of(steps, kind) if step.now is not None and step.then is not None]
        stale = session.update(kind, changed)
        if stale:
            raise outdated(kind, stale)
    known = Identities(model)
    for step in steps:
        if step.then is not None:
            known.refuse_loops(session, step.model, step.now, step.then)
    work.flush()
    for projection in work.registry.projections:
        ids = [step.id for step in _of(steps, projection.subject)]
        if ids:
            fold_again(session, model.of(projection.row), projection, ids)


def _remove(work: Work, steps: Sequence[Step]) -> None:
    """What goes, children before parents, and the keys that it held."""
    session = work.writing()
    for kind in reversed(tuple(work.model.entities)):
        gone = [step.id for step in _of(steps, kind) if step.then is None]
        if gone:
            session.delete(kind, gone)
        for id in gone:
            for space, key in session.keys(id):
                session.reserve(space, [key], before=id)


def _of(steps: Sequence[Step], kind: str) -> list[Step]:
    return [step for step in steps if step.model.kind == kind]


def fold_again(session: Session, model: EntityModel, projection: Projection[Any], ids: Sequence[Id[Any]]) -> None:
    """The rows that follow from what still stands of these records' events."""
    via = model.by_path[projection.via]
    for some in portions(ids, AT_ONCE):
        kept = {row[model.position["id"]]: row for row in session.page(model.kind, OneOf(via, frozenset(some)))}
        right = dict[Id[Any], Row]()
        for id in some:
            for row in projection.of(tuple(session.history(kind=projection.subject, id=id))):
                right[row.id] = model.flatten(row)
        put_right(session, model, kept, right)
