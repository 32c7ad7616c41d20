"""One transaction over a store: every record once, writes put off until they are needed, every change an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from attrs import define, evolve

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.columns import Json, utc
from crmkit.core.kernel.criteria import Criteria, Given, where
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import Conflict, Invalid, NotFound, StoreError
from crmkit.core.kernel.figures import Figures, bind_tally, finish
from crmkit.core.kernel.flow import Move
from crmkit.core.kernel.ground import Const, Ground
from crmkit.core.kernel.ids import Id, IdSource
from crmkit.core.kernel.journal import NOTHING, Event, Stamp, changes, step
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.projection import Projection, rebuilt
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.repository import Repository
from crmkit.core.kernel.store import Order, Session
from crmkit.core.kernel.sweep import GroundSweep, Sweep, Swept, bind_sweep
from crmkit.core.kernel.tally import Tally

E = TypeVar("E", bound=Entity)
P = ParamSpec("P")

GIVEN_BY_WORK = frozenset({"id", "version", "created_at", "modified_at"})


@define
class _Known:
    """A record as this work has it, and the row that the store has (None: not there yet)."""

    record: Any
    row: Row
    stored: Row | None


class Work:
    """What happens together: all of it is kept, or nothing.

    Records are read and written through `of`; changes are events, stamped with who, when and within what.
    """

    def __init__(
        self, session: Session, registry: Registry, *, now: datetime, by: Id[Any], new_id: IdSource, cause: str = ""
    ) -> None:
        self.registry = registry
        self.model = registry.model
        self.stamp = Stamp(at=now, occurred=now, by=by, operation=new_id(), cause=cause)
        self._session: Session | None = session
        self._new_id = new_id
        self._known: dict[str, dict[Id[Any], _Known]] = {kind: {} for kind in self.model.entities}
        self._changed: dict[str, dict[Id[Any], _Known]] = {kind: {} for kind in self.model.entities}
        self._events: list[Event] = []
        self._swept: list[Swept] = []

    @property
    def session(self) -> Session:
        """The store's side of this work.

        :raises StoreError: the work is over
        """
        if self._session is None:
            raise StoreError("this transaction is over", hint="open another with crm.transaction()")
        return self._session

    @property
    def now(self) -> datetime:
        """The moment that conditions and moves go by: the clock's, unless `occurred` says another."""
        return self.stamp.occurred

    @contextmanager
    def occurred(self, at: datetime) -> Iterator[None]:
        """Whatever is done inside happened then, in the world; it is recorded now all the same.

        :raises Invalid: a naive datetime
        """
        before = self.stamp
        self.stamp = evolve(before, occurred=utc(at, "occurred"))
        try:
            yield
        finally:
            self.stamp = before

    def new_id(self, cls: type[E]) -> Id[E]:  # noqa: ARG002 - it says what the id is of
        """An id for a new record of this class, after all before it."""
        return self._new_id()

    def of(self, cls: type[E]) -> Repository[E]:
        """The records of one class: get, find, page, count."""
        return Repository(self, self.model.of(cls))

    def add(self, record: E, event: str, details: Mapping[str, Json] = NOTHING) -> E:
        """Bring a new record into being, as the event of this name says; returns it at version 1.

        :raises Invalid: a field holds what cannot be kept, or a tree would bite its tail
        """
        return self.save(*step(record, self.stamp, event, details))

    def change(self, record: E, event: str, details: Mapping[str, Json] = NOTHING) -> E:
        """Let the changed `record` take the place of the one of its version, as the event of this name says.

        :raises Conflict: it was changed after that version
        :raises Invalid: like `add`
        """
        return self.save(*step(record, self.stamp, event, details))

    def revise(self, record: E) -> E:
        """Put right what people wrote down: any field but those that commands stamp.

        :raises Conflict: the record was changed after the version that `record` has
        :raises Invalid: a stamped field differs, or a field holds what cannot be kept
        """
        model = self.model.of(type(record))
        before, after = self._tracked(model, record.id).row, model.flatten(record)
        for column, old, new in zip(model.columns, before, after, strict=True):
            if old != new and (column.stamped or column.path in GIVEN_BY_WORK - {"version"}):
                raise Invalid(
                    column.path, "is not changed by a revision", accepts="the command that stands for this change"
                )
        return record if before == after else self.change(record, f"{model.kind}.revised")

    def move(self, move: Move[E, P], id: Id[E], *args: P.args, **kwargs: P.kwargs) -> E:
        """Make a move of a life cycle.

        :raises NotFound: no such record
        :raises IllegalMove: not from its status
        :raises Refused: needs are not met; all of them are named
        :raises Invalid: an argument that the move does not take
        """
        record = self.of(move.entity).get(id)
        move.require(record, now=self.now, holds=lambda criteria: self.of(move.entity).holds(id, criteria))
        return self.save(*move(record, self.stamp, *args, **kwargs))

    def sweep(self, sweep: Sweep, *, params: Mapping[str, Given] = NOTHING) -> Swept:
        """Change all records that fulfil a condition at once; those that this work has read have to be read again.

        :raises CriteriaError: a condition that cannot be asked, a parameter that is not given
        :raises DefinitionError: a field that this sweep may not set, see `bind_sweep`
        :raises Invalid: a value that its field does not take, a unique key is taken, or a reference leads nowhere
        :raises Conflict: another transaction changed one of these records meanwhile
        """
        given = {"me": self.stamp.by, **params}
        ground = bind_sweep(sweep, model=self.model, stamp=self.stamp, zone=self.registry.zone, params=given)
        self.flush()
        session, self._session = self.session, None  # as in flush
        swept = session.sweep(ground)
        self._session = session
        self._known[ground.model.kind].clear()
        for projection in self.registry.projections:
            if ground.event in projection.events:
                for event in self._swept_events(ground, swept):
                    self._project(projection, event)
        self._swept.append(swept)
        return swept

    @property
    def swept(self) -> tuple[Swept, ...]:
        """What the sweeps of this work did, in their order; of their records nothing else is told one by one."""
        return tuple(self._swept)

    def _swept_events(self, ground: GroundSweep, swept: Swept) -> list[Event]:
        recorded = self.session.history(kind=ground.model.kind, after=swept.batch)
        return [event for event in recorded if event.stamp.operation == ground.stamp.operation]

    def save(self, record: E, event: Event) -> E:
        """Keep a record together with the event that made it what it is, as moves return them.

        :raises Conflict: the event is not the next one of this record
        :raises Invalid: like `add`
        """
        model = self.model.of(type(record))
        row = model.flatten(record)
        before = self._tracked(model, record.id).row if event.version > 1 else None
        if before is not None and event.version != before[model.position["version"]] + 1:
            raise _stale(model.kind, [record.id])
        self._refuse_loops(model, before, row)
        kept: E = self._put(model, row)
        event = evolve(event, changes=changes(model, before, row))
        self._events.append(event)
        for projection in self.registry.projections:
            if event.name in projection.events:
                self._project(projection, event)
        return kept

    def tally(self, tally: Tally, *, params: Mapping[str, Given] = NOTHING) -> Figures:
        """The figures, over what is committed and what this work did.

        :raises CriteriaError: a path or a condition that these records do not have
        """
        ground = bind_tally(
            tally, model=self.model, now=self.now, zone=self.registry.zone, params={"me": self.stamp.by, **params}
        )
        self.flush()
        return finish(tally, ground, self.session.tally(ground))

    def history(self, record: Entity) -> tuple[Event, ...]:
        """All events of a record, in the order in which they were recorded."""
        self.flush()
        return tuple(self.session.history(kind=kind_of(type(record)), id=record.id))

    def journal(self, *, after: int = 0, limit: int | None = None) -> Iterator[Event]:
        """The events of all records with a sequence above `after`."""
        self.flush()
        return self.session.history(after=after, limit=limit)

    def rebuild(self, projection: Projection[Any]) -> int:
        """Put the rows of a projection right from the journal; returns how many were not.

        Nothing changes unless somebody wrote to the store behind the library's back.
        """
        self.flush()
        model = self.model.of(projection.row)
        right = {id: model.flatten(row) for id, row in rebuilt(projection, self.journal()).items()}
        kept = {row[model.position["id"]]: row for row in self.session.page(model.kind, Const(True))}
        self.session.delete(model.kind, [id for id in kept if id not in right])
        self.session.insert(model.kind, [row for id, row in right.items() if id not in kept])
        wrong = [(kept[id], row) for id, row in right.items() if id in kept and kept[id] != row]
        self.session.update(model.kind, wrong)
        self._known[model.kind].clear()
        return len(wrong) + len(kept.keys() ^ right.keys())

    def flush(self) -> None:
        """Write what was put off; happens before every query and at the end by itself.

        :raises Conflict: another transaction changed one of these records first
        :raises Invalid: a unique key is taken, or a reference leads nowhere
        """
        session, self._session = self.session, None  # whatever fails half-way leaves a work that is over
        for kind, changed in self._changed.items():
            if changed:
                session.insert(kind, [known.row for known in changed.values() if known.stored is None])
                stale = session.update(
                    kind, [(known.stored, known.row) for known in changed.values() if known.stored is not None]
                )
                if stale:
                    raise _stale(kind, stale)
                for known in changed.values():
                    known.stored = known.row
                changed.clear()
        if self._events:
            session.record(self._events)
            self._events.clear()
        self._session = session

    def close(self) -> None:
        """Nothing more can be done with it."""
        self._session = None

    def ground(self, kind: str, criteria: Criteria, params: Mapping[str, Given] = NOTHING) -> Ground:
        """A condition bound to this work's moment, zone and actor (`Param("me")`)."""
        return bind(
            criteria,
            model=self.model,
            kind=kind,
            now=self.now,
            zone=self.registry.zone,
            params={"me": self.stamp.by, **params},
        )

    def rows(self, model: EntityModel, where: Ground, order: Iterable[Order], limit: int | None) -> list[Any]:
        """The records that fulfil a bound condition; each is the one that this work already has, if it has it."""
        self.flush()
        return [self._seen(model, row) for row in self.session.page(model.kind, where, tuple(order), limit)]

    def _seen(self, model: EntityModel, row: Row) -> Any:
        id = row[model.position["id"]]
        known = self._known[model.kind].get(id)
        if known is None:
            known = self._known[model.kind][id] = _Known(model.build(row), row, row)
        return known.record

    def tracked(self, model: EntityModel, id: Id[Any]) -> Any:
        """The record with this id.

        :raises NotFound: there is none
        """
        return self._tracked(model, id).record

    def _tracked(self, model: EntityModel, id: Id[Any]) -> _Known:
        id = Id.of(id, f"{model.kind}.id")
        known = self._known[model.kind].get(id)
        if known is None:
            for row in self.session.load(model.kind, [id]):
                known = self._known[model.kind][id] = _Known(model.build(row), row, row)
        if known is None:
            raise NotFound(f"there is no {model.kind} {id}", facts={"kind": model.kind, "id": str(id)})
        return known

    def _put(self, model: EntityModel, row: Row) -> Any:
        id = row[model.position["id"]]
        record = model.build(row)
        known = self._known[model.kind].setdefault(id, _Known(record, row, None))
        known.record, known.row = record, row
        self._changed[model.kind][id] = known
        return record

    def _project(self, projection: Projection[Any], event: Event) -> None:
        model = self.model.of(projection.row)
        kept = () if event.version == 1 else self.of(projection.row).find(where(projection.via) == event.id)
        for row in projection.fold(kept, event):
            if row not in kept:
                self._put(model, model.flatten(row))

    def _refuse_loops(self, model: EntityModel, before: Row | None, row: Row) -> None:
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
                parent = self._tracked(model, parent).row[place]


def _stale(kind: str, ids: list[Id[Any]]) -> Conflict:
    which = ", ".join(map(str, ids))
    return Conflict(
        f"{kind} {which} has changed since it was read", hint="read it again", facts={"ids": list(map(str, ids))}
    )
