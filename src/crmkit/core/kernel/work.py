"""One transaction over a store: every record once, writes put off until they are needed, every change an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar

from attrs import evolve

from crmkit.core.kernel.columns import Json, utc
from crmkit.core.kernel.command import Commands, command
from crmkit.core.kernel.counters import Counters
from crmkit.core.kernel.criteria import Given, where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.flow import Move
from crmkit.core.kernel.identity import Identities, outdated
from crmkit.core.kernel.ids import Id, IdSource
from crmkit.core.kernel.journal import NOTHING, Event, Stamp, changes, recordable, step, with_changes
from crmkit.core.kernel.keys import Keys
from crmkit.core.kernel.normal import as_read
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.projection import Projection
from crmkit.core.kernel.reading import Reading
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.several import several
from crmkit.core.kernel.store import Session
from crmkit.core.kernel.sweep import MOST_GUARDED, GroundSweep, Guarded, Sweep, Swept, bind_sweep
from crmkit.core.kernel.text import clean
from crmkit.core.kernel.told import NOTHING as UNTOLD
from crmkit.core.kernel.told import Told, told

E = TypeVar("E", bound=Entity)
P = ParamSpec("P")

GIVEN_BY_WORK = frozenset({"id", "version", "created_at", "modified_at"})


class Work(Reading):
    """What happens together: all of it is kept, or nothing.

    Records are read and written through `of`; changes are events, stamped with who, when and within what.
    """

    def __init__(
        self,
        session: Session,
        registry: Registry,
        *,
        now: datetime,
        by: Id[Any],
        new_id: IdSource,
        cause: str = "",
        operation: Id[Any] | None = None,
        known: Operation | None = None,
    ) -> None:
        stamp = Stamp(at=now, occurred=now, by=by, operation=operation or new_id(), cause=clean(cause, "cause"))
        super().__init__(session, registry, stamp)
        self.commands = Commands(known)
        self._new_id = new_id
        self._events: list[Event] = []
        self._swept: list[Swept] = []
        self._recorded: list[Event] = []
        self.steps = 0  #: taken so far, whether they were kept or not
        self.wrote = False  #: there is something to be kept

    def writing(self, events: Iterable[Event] = ()) -> Session:
        """The store, to be written to, now that there is something to be kept; events are recorded with the next."""
        session = self.trying()
        self._events += events
        self.wrote = True
        return session

    def trying(self) -> Session:
        """The store, to be written to if it lets itself; whatever fails from here on leaves no half of it."""
        session = self.locking()
        self.steps += 1
        return session

    def locking(self) -> Session:
        """The store, to lock something in it, which changes nothing yet."""
        return self._open()

    @property
    def counters(self) -> Counters:
        """Counters, and limits to them."""
        return Counters(self)

    @property
    def keys(self) -> Keys:
        """Keys that one record holds and no other."""
        return Keys(self)

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

    @command
    def add(self, record: E, event: str, details: Mapping[str, Json] = NOTHING) -> E:
        """Bring a new record into being, as the event of this name says; returns it at version 1.

        :raises Invalid: a field holds what cannot be kept, or a tree would bite its tail
        """
        return self.save(*step(record, self.stamp, event, details))

    @command
    def change(self, record: E, event: str, details: Mapping[str, Json] = NOTHING) -> E:
        """Let the changed `record` take the place of the one of its version, as the event of this name says.

        :raises Conflict: it was changed after that version
        :raises Invalid: like `add`
        """
        return self.save(*step(record, self.stamp, event, details))

    @command
    def revise(self, record: E) -> E:
        """Put right what people wrote down: any field but those that commands stamp.

        :raises Conflict: the record was changed after the version that `record` has
        :raises Invalid: a stamped field differs, or a field holds what cannot be kept
        """
        model = self.model.of(type(record))
        known = self._known(model, record.id)
        if record.version != known.record.version:
            raise outdated(model.kind, [record.id])  # what it has of stamped fields is of then
        record = as_read(record, known.record, model, self.registry.normalizers.get("phone"))
        before, after = known.row, self.definitions.row(record, known.row, model)
        for column, old, new in zip(model.columns, before, after, strict=True):
            if old != new and (column.stamped or column.path in GIVEN_BY_WORK - {"version"}):
                raise Invalid(
                    column.path, "is not changed by a revision", accepts="the command that stands for this change"
                )
        return record if before == after else self.change(record, f"{model.kind}.revised")

    @command
    def move(self, move: Move[E, P], id: Id[E], *args: P.args, **kwargs: P.kwargs) -> E:
        """Make a move of a life cycle.

        :raises NotFound: no such record
        :raises IllegalMove: not from its status
        :raises Refused: needs are not met; all of them are named
        :raises Invalid: an argument that the move does not take
        """
        move = self.registry.move(move)
        record = self.of(move.entity).get(id)
        self.require(move, record)
        return self.save(*move(record, self.stamp, *args, **kwargs))

    def require(self, move: Move[E, Any], record: E) -> None:
        """Nothing, if the record can make this move now, by all that this CRM demands.

        :raises IllegalMove: not from its status
        :raises Refused: needs are not met; all of them are named
        """
        holds = partial(self.of(move.entity).holds, record.id)
        with self.sight.lifted():  # a need is about what is so, not about what somebody sees of it
            self.registry.move(move).require(record, now=self.now, holds=holds)

    def lock(self, cls: type[E], ids: Iterable[Id[E]]) -> list[E]:
        """Those of these records that there are, in the order of their ids, as they are by now.

        Nobody else changes or locks them until this work ends. Lock first and read then, where a record has to say
        what follows from others: it is locked also if it turns out to say so already.

        :raises NotFound: one of them may not be known to this work
        """
        session, model, wanted = self.locking(), self.model.of(cls), tuple(ids)
        for id in wanted:
            self.sight.require(model, id)
        return [known.record for known in self._records.lock(session, model, wanted)]

    @command
    def sweep(self, sweep: Sweep, *, params: Mapping[str, Given] = NOTHING) -> Swept:
        """Change all records that fulfil a condition at once; those that this work has read have to be read again.

        :raises CriteriaError: a condition that cannot be asked, a parameter that is not given
        :raises DefinitionError: a field that this sweep may not set, see `bind_sweep`
        :raises Invalid: a value that its field does not take, a unique key is taken, or a reference leads nowhere
        :raises Conflict: another transaction changed one of these records meanwhile
        """
        return self._sweep(sweep, params)

    @command
    def guarded(self, sweep: Sweep, ids: Sequence[Id[Any]], *, params: Mapping[str, Given] = NOTHING) -> Guarded:
        """Do what a sweep does to those of these records that fulfil its condition now, whoever else is at them.

        Of several transactions that want the same change of a record at once exactly one makes it, if it no longer
        fulfils the condition then; the others wait for that one to end and are told that it is left.

        :raises Invalid: like `sweep`; something that is no id, or over 1,000 ids
        :raises CriteriaError: like `sweep`
        :raises DefinitionError: like `sweep`
        :raises Conflict: a key refused the change, and another transaction changed one of these records meanwhile
        """
        given = several(ids, "ids", accepts=f"a list of at most {MOST_GUARDED:,} ids", most=MOST_GUARDED)
        wanted = tuple(dict.fromkeys([Id.of(id, "ids") for id in given]))
        done = frozenset(self._sweep(sweep, params, among=wanted).done)
        return Guarded(
            done=tuple([id for id in wanted if id in done]), left=tuple([id for id in wanted if id not in done])
        )

    def _sweep(self, sweep: Sweep, params: Mapping[str, Given], among: Sequence[Id[Any]] | None = None) -> Swept:
        sees = None if self.sight.whole else self.sight.of
        bound = self.registry.sweep(sweep)
        ground = bind_sweep(bound, stamp=self.stamp, among=among, sees=sees, **self._asking(params))
        self.sight.require_given(ground)
        self.flush()
        swept = self.trying().sweep(ground)
        self.wrote = self.wrote or swept.count > 0
        self._records.forget(ground.model.kind)
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

    @command
    def save(self, record: E, event: Event) -> E:
        """Keep a record together with the event that made it what it is, as moves return them.

        :raises Conflict: the event is not the next one of this record
        :raises Invalid: like `add`
        """
        model = self.model.of(type(record))
        event = recordable(event)
        known = self._known(model, record.id) if event.version > 1 else None
        before, normalizer = known.row if known else None, self.registry.normalizers.get("phone")
        record = as_read(record, known.record if known else None, model, normalizer)
        row = self.definitions.row(record, before, model)
        if before is not None and event.version != before[model.position["version"]] + 1:
            raise outdated(model.kind, [record.id])
        self.sight.require_targets(model, before, row)
        self._records.refuse_loops(self.locking(), model, before, row)
        self.writing()
        self.sight.had(model, [record])
        kept: E = self._records.put(model, row)
        event = with_changes(event, changes(model, before, row))
        self._events.append(event)
        for projection in self.registry.projections:
            if event.name in projection.events:
                self._project(projection, event)
        return kept

    def flush(self) -> None:
        """Write what was put off; happens before every query and at the end by itself.

        :raises Conflict: another transaction changed one of these records first
        :raises Invalid: a unique key is taken, or a reference leads nowhere
        """
        session = self._open()
        try:
            self._records.write(session)
            if self._events:
                session.record(self._events)
                if self.registry.heard:
                    self._recorded += self._events
                self._events.clear()
        except BaseException as error:
            self.fail(error)
            raise

    def forget(self) -> None:
        """Read every record again when it is asked for: the store was written to beside the records of this work."""
        self._records = Identities(self.model)

    def finish(self, *, asked: bool = False) -> Operation | None:
        """Flush, and keep what was done here as an operation, if commands did; else only if its id was `asked` for.

        Returns it if it is kept now.

        :raises Conflict: like `flush`, or it was committed meanwhile
        """
        self.flush()
        if self.commands.known is not None or not (asked or (self.wrote and self.commands.done)):
            return None
        stamp, done = self.stamp, tuple(self.commands.done)
        operation = Operation(id=stamp.operation, actor=stamp.by, at=stamp.at, cause=stamp.cause, commands=done)
        self._open().operation(operation.id, done=operation)
        return operation

    def told(self) -> Told:
        """What was done here and is written by now; nothing if no plugin wants to know, as the registry says."""
        return told(self._recorded, self._swept) if self.registry.heard else UNTOLD

    def _project(self, projection: Projection[Any], event: Event) -> None:
        model = self.model.of(projection.row)
        with self.sight.lifted():
            kept = () if event.version == 1 else self.of(projection.row).find(where(projection.via) == event.id)
        for row in projection.fold(kept, event):
            if row not in kept:
                self._records.put(model, model.flatten(row))
