"""What one transaction reads: conditions, figures and histories, as of its moment and as far as its actor sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, cast
from weakref import proxy

from attrs import evolve

from crmkit.core.kernel.access import Sight
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Criteria, Given
from crmkit.core.kernel.definitions import Definitions
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import StoreError
from crmkit.core.kernel.figures import Figures, bind_tally, finish
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.identity import Identities, Known
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import NOTHING, Event, Stamp
from crmkit.core.kernel.model import EntityModel
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.repository import Repository
from crmkit.core.kernel.store import Order, Reads, Session
from crmkit.core.kernel.tally import Tally
from crmkit.core.kernel.watched import Watched

E = TypeVar("E", bound=Entity)


class Reading:
    """One session of a store, in which every record is one value however often it is read."""

    def __init__(self, session: Session, registry: Registry, stamp: Stamp) -> None:
        self.registry = registry
        self.stamp = stamp
        work: Reading = proxy(self)  # its parts do not own it: it goes as soon as nobody has it any more
        self.definitions = Definitions(work)
        self.model = evolve(registry.model, defined=self.definitions.of)
        self.sight = Sight(work)  #: what of all there is
        self._failures: list[BaseException] = []  #: of which one is enough
        self._session: Session | None = cast("Session", Watched(session, self._failures))
        self._records = Identities(self.model)

    @property
    def session(self) -> Reads:
        """The store's side of this work, to be asked.

        :raises StoreError: the work is over
        """
        return self._open()

    def _open(self) -> Session:
        for failure in self._failures:
            raise StoreError(f"this transaction is over, because of this: {failure}", hint="open another") from failure
        if self._session is None:
            raise StoreError("this transaction is over", hint="open another")
        return self._session

    def fail(self, error: BaseException) -> None:
        """Something went wrong half-way: nothing more can be done here, nor can what was done be kept."""
        self._failures.append(error)

    def close(self) -> None:
        """Nothing more can be done with it."""
        self._session = None

    @property
    def now(self) -> datetime:
        """The moment that conditions and moves go by: the clock's, unless `occurred` says another."""
        return self.stamp.occurred

    def flush(self) -> None:
        """Let the store know what whoever asks it has to see; who only reads has nothing to tell."""

    def of(self, cls: type[E]) -> Repository[E]:
        """The records of one class: get, find, page, count."""
        return Repository(self, self.model.of(cls))

    def tally(self, tally: Tally, *, params: Mapping[str, Given] = NOTHING) -> Figures:
        """The figures, over what is committed and what this work did.

        :raises CriteriaError: a path or a condition that these records do not have
        """
        ground = self.sight.tally(bind_tally(tally, now=self.now, **self._asking(params)))
        self.flush()
        return finish(tally, ground, self.session.tally(ground))

    def history(self, record: Entity) -> tuple[Event, ...]:
        """All events of a record, in the order in which they were recorded; none of one that is not found."""
        self.flush()
        if not self.sight.sees(self.model.of(type(record)), record.id):
            return ()
        return tuple(self.session.history(kind=kind_of(type(record)), id=record.id))

    def journal(self, *, after: int = 0, limit: int | None = None) -> Iterator[Event]:
        """The events of all records that are found, with a sequence above `after`."""
        self.flush()
        if self.sight.whole:
            return self.session.history(after=after, limit=limit)
        return islice(self.sight.events(self.session.history(after=after)), limit)

    def ground(self, kind: str, criteria: Criteria, params: Mapping[str, Given] = NOTHING) -> Ground:
        """A condition bound to this work's moment, zone, actor (`Param("me")`) and to what it sees."""
        ground = bind(criteria, kind=kind, now=self.now, **self._asking(params))
        return self.sight.of(kind, ground)

    def _asking(self, params: Mapping[str, Given]) -> dict[str, Any]:
        """What is the same for all that is asked here."""
        given, registry = {"me": self.stamp.by, **params}, self.registry
        return {"model": self.model, "zone": registry.zone, "params": given, "functions": registry.functions}

    def rows(self, model: EntityModel, where: Ground, order: Iterable[Order], limit: int | None) -> list[Any]:
        """The records that fulfil a bound condition; each is the one that this work already has, if it has it."""
        self.flush()
        found = self.session.each(self._records.seen(model), model.kind, where, tuple(order), limit)
        self.sight.had(model, found)
        return found

    def tracked(self, model: EntityModel, id: Id[Any]) -> Any:
        """The record with this id.

        :raises NotFound: there is none
        """
        self.sight.require(model, id)
        return self._records.get(self.session, model, id)

    def _known(self, model: EntityModel, id: Id[Any]) -> Known:
        self.sight.require(model, id)
        return self._records.known(self.session, model, id)
