"""The records that one work has read or changed, each once; of those that it changes, the rows that the store has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define

from crmkit.core.kernel.errors import Conflict, Invalid, NotFound
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import EntityModel, Model, Row
from crmkit.core.kernel.store import Reads, Session


@define
class Known:
    """A record as its work has it, and the row that the store has (None: not there yet)."""

    record: Any
    row: Row
    stored: Row | None


class Identities:
    """An identity map whose writes are put off until `write`."""

    def __init__(self, model: Model) -> None:
        self._models = model.entities
        self._locked: set[tuple[str, Id[Any]]] = set()
        # By the numbers of their ids, which are quicker to find:
        self._records: dict[str, dict[int, Any]] = {kind: {} for kind in model.entities}
        self._known: dict[str, dict[int, Known]] = {kind: {} for kind in model.entities}  # of some of these
        self._changed: dict[str, dict[int, Known]] = {kind: {} for kind in model.entities}

    def get(self, session: Reads, model: EntityModel, id: Id[Any]) -> Any:
        """The record with this id, loaded if nobody has asked for it yet.

        :raises NotFound: there is none
        """
        id = Id.of(id, f"{model.kind}.id")
        record = self._records[model.kind].get(id.int)
        return self._loaded(session, model, id).record if record is None else record

    def known(self, session: Reads, model: EntityModel, id: Id[Any]) -> Known:
        """The same with its row, which of records that were found is made again: most of them are only read.

        :raises NotFound: there is none
        """
        id = Id.of(id, f"{model.kind}.id")
        return self._had(model, id) or self._loaded(session, model, id)

    def _loaded(self, session: Reads, model: EntityModel, id: Id[Any]) -> Known:
        for row in session.load(model.kind, [id]):
            return self._keep(model, row)
        raise missing(model.kind, id)

    def _keep(self, model: EntityModel, row: Row) -> Known:
        """What the store has by now."""
        number = row[model.position["id"]].int
        known = self._known[model.kind][number] = Known(model.build(row), row, row)
        self._records[model.kind][number] = known.record
        return known

    def _had(self, model: EntityModel, id: Id[Any]) -> Known | None:
        known = self._known[model.kind].get(id.int)
        record = self._records[model.kind].get(id.int) if known is None else None
        if record is not None:
            row = model.flatten(record)
            known = self._known[model.kind][id.int] = Known(record, row, row)
        return known

    def seen(self, model: EntityModel) -> Callable[[Row], Any]:
        """The way from a row that the store gives to its record: the one that is known already, if it is."""
        of_kind, place, build = self._records[model.kind], model.position["id"], model.build

        def record(row: Row) -> Any:
            number = row[place].int
            known = of_kind.get(number)
            if known is None:
                known = of_kind[number] = build(row)
            return known

        return record

    def lock(self, session: Reads, model: EntityModel, ids: Iterable[Id[Any]]) -> list[Known]:
        """Those of these records that there are, in the order of their ids, as they are by now and stay for all others.

        One that this work has changed is what it will be: if somebody was quicker, writing it says so.
        """
        kind, wanted = model.kind, sorted({Id.of(id, f"{model.kind}.id") for id in ids})
        changed = self._changed[kind]
        free = [id for id in wanted if (kind, id) not in self._locked and not _is_new(changed.get(id.int))]
        for row in session.lock(kind, free) if free else ():
            id = row[model.position["id"]]
            self._locked.add((kind, id))
            known = self._had(model, id)
            if id.int not in changed and (known is None or known.row != row):
                self._keep(model, row)
        return [self.known(session, model, id) for id in wanted if (kind, id) in self._locked or id.int in changed]

    def put(self, model: EntityModel, row: Row) -> Any:
        """The record of a row that is to be written in the place of what there is."""
        id = row[model.position["id"]]
        record, known = model.build(row), self._had(model, id) or Known(None, row, None)
        known.record, known.row = record, row
        self._records[model.kind][id.int] = record
        self._known[model.kind][id.int] = self._changed[model.kind][id.int] = known
        return record

    def forget(self, kind: str) -> None:
        """Read the records of this kind again when they are asked for; none of them may be waiting to be written."""
        self._records[kind].clear()
        self._known[kind].clear()

    def write(self, session: Session) -> None:
        """Let the store have what was put, parents before children.

        :raises Conflict: another transaction changed one of these records first
        :raises Invalid: a unique key is taken, or a reference leads nowhere
        """
        for kind, changed in self._changed.items():
            if changed:
                new = [known.row for known in changed.values() if known.stored is None]
                session.insert(kind, parents_first(self._models[kind], new))
                stale = session.update(
                    kind, [(known.stored, known.row) for known in changed.values() if known.stored is not None]
                )
                if stale:
                    raise outdated(kind, stale)
                for known in changed.values():
                    known.stored = known.row
                changed.clear()

    def refuse_loops(self, session: Reads, model: EntityModel, before: Row | None, row: Row) -> None:
        """Nothing, unless the row would be below itself in a tree.

        What is above a record that moves is locked from below to above: of two moves that make a loop together, each
        would have to change a record that the other one has locked.

        :raises Invalid: it would; names the field
        """
        for column in model.parents:
            place = model.position[column.path]
            parent, seen = row[place], {row[model.position["id"]]}
            if before is not None and before[place] == parent:
                continue
            while parent is not None:
                if parent in seen:
                    raise Invalid(
                        column.path, "leads back to the record itself", accepts=f"a {model.kind} that is not below it"
                    )
                seen.add(parent)
                if before is not None:  # nobody else can put something below a record that is new
                    self.lock(session, model, [parent])
                parent = self.known(session, model, parent).row[place]


def _is_new(known: Known | None) -> bool:
    return known is not None and known.stored is None


def parents_first(model: EntityModel, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of one kind in an order in which none leads to a later one; otherwise in that in which they came."""
    places = [model.position[column.path] for column in model.parents] if rows[1:] else []
    if not places:
        return rows
    own = model.position["id"]
    given = {row[own]: row for row in rows}
    ordered, begun, waiting = dict[Id[Any], Row](), set[Id[Any]](), list(reversed(rows))
    while waiting:
        row = waiting.pop()
        id = row[own]
        above = [] if id in begun else [given[row[place]] for place in places if row[place] in given]
        begun.add(id)
        if above:
            waiting += [row, *above]
        else:
            ordered.setdefault(id, row)
    return list(ordered.values())


def missing(kind: str, id: Id[Any]) -> NotFound:
    """What to raise for a record that is not there, or may not be known to be."""
    return NotFound(f"there is no {kind} {id}", facts={"kind": kind, "id": str(id)})


def leads_nowhere(field: str, target: str) -> Invalid:
    """What to raise for a reference to a record that is not there, or may not be known to be."""
    return Invalid(field, "leads nowhere", accepts=f"the id of a {target}")


def outdated(kind: str, ids: Sequence[Id[Any]]) -> Conflict:
    """What to raise for records that changed since they were read."""
    which = ", ".join(map(str, ids))
    return Conflict(
        f"{kind} {which} has changed since it was read", hint="read it again", facts={"ids": list(map(str, ids))}
    )
