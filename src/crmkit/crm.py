"""A CRM: a store, a clock, a source of ids and what it is made of, put together; and its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from random import SystemRandom
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from crmkit.areas.customers import Customers
from crmkit.areas.insights import Insights
from crmkit.areas.people import People
from crmkit.areas.sales import Sales
from crmkit.areas.service import Service
from crmkit.builtin import ENTITIES, PROJECTIONS, open_store
from crmkit.core.kernel.columns import utc
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Conflict, CrmError, Invalid, Refusal, Refused, StoreError, shape
from crmkit.core.kernel.ids import Id, Ids, IdSource
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import SYSTEM, User


class Transaction(Work):
    """A work with the areas of the CRM on it."""

    @property
    def people(self) -> People:
        """Users, teams, units."""
        return People(self)

    @property
    def customers(self) -> Customers:
        """Accounts and contacts."""
        return Customers(self)

    @property
    def sales(self) -> Sales:
        """Leads, opportunities, products."""
        return Sales(self)

    @property
    def service(self) -> Service:
        """Cases."""
        return Service(self)

    @property
    def insights(self) -> Insights:
        """Figures."""
        return Insights(self)


class CRM:
    """One CRM in one store; open it with `CRM.open`, close it or use it as a context manager."""

    def __init__(self, store: Store, registry: Registry, *, clock: Callable[[], datetime], ids: IdSource) -> None:
        self.registry = registry
        self._store: Store | None = store
        self._clock = clock
        self._ids = ids

    @classmethod
    def open(
        cls,
        url: str,
        *,
        entities: Sequence[type[Entity]] = (),
        extensions: Sequence[type[Any]] = (),
        policies: Sequence[Any] = (),
        clock: Callable[[], datetime] | None = None,
        ids: IdSource | None = None,
        zone: str = "UTC",
        prefix: str = "crm_",
    ) -> Self:
        """Open the CRM behind `url`, making its tables where there are none.

        `entities` and `extensions` join the built-in ones; each of `policies` (a `Pipeline`, say) takes the place of the
        standard one of its class; `clock` and `ids` are those of the machine unless given; `zone` is where days begin.

        :raises Invalid: a URL that no store answers to, an unknown zone
        :raises StoreError: the database cannot be opened
        :raises SchemaOutdated: the database was made for other fields
        :raises DefinitionError: entities that contradict each other
        """
        clock = clock or (lambda: datetime.now(UTC))
        registry = Registry(
            model=Model.build((*ENTITIES, *entities), tuple(extensions)),
            projections=PROJECTIONS,
            policies={type(policy): policy for policy in policies},
            zone=_known_zone(zone),
        )
        store = open_store(url, registry.model, prefix=prefix)
        crm = cls(store, registry, clock=clock, ids=ids or Ids(clock=clock, entropy=SystemRandom().getrandbits))
        try:
            store.create()
            crm._welcome_system()
        except BaseException:
            store.close()
            raise
        return crm

    @contextmanager
    def transaction(self, actor: User | Id[User] | None = None, *, cause: str = "") -> Iterator[Transaction]:
        """What happens together, done by `actor` (the system, if nobody is named); leaving by an exception undoes it.

        :raises NotFound: no such user
        :raises Refused: the user is not active
        """
        session = self._opened().begin()
        tx = self._work(session, SYSTEM.id if actor is None else actor.id if isinstance(actor, User) else actor, cause)
        try:
            if actor is not None:
                _require_active(tx.of(User).get(tx.stamp.by))
            yield tx
            tx.flush()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            tx.close()

    def close(self) -> None:
        """Let go of the store; a closed CRM stays closed."""
        store, self._store = self._store, None
        if store is not None:
            store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> Store:
        if self._store is None:
            raise StoreError("this CRM is closed", hint="open it again with CRM.open(...)")
        return self._store

    def _work(self, session: Session, by: Id[Any], cause: str) -> Transaction:
        now = utc(self._clock(), "clock")
        return Transaction(session, self.registry, now=now, by=by, new_id=self._ids, cause=cause)

    def _welcome_system(self) -> None:
        try:
            with self.transaction() as tx:
                if not tx.session.load("user", [SYSTEM.id]):
                    tx.add(SYSTEM, "user.added")
        except CrmError as error:  # somebody else may have opened it at the same moment
            if not isinstance(error, Conflict) and error.facts.get("field") != "id":
                raise
            with self.transaction() as tx:
                if not tx.session.load("user", [SYSTEM.id]):
                    raise


def _require_active(actor: User) -> None:
    if not actor.active:
        raise Refused(f"acting as {actor.name}", [Refusal(code="inactive_user", says="the user is not active")])


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError, TypeError):
        raise Invalid("zone", f"got {shape(zone)}", accepts="a name of the IANA time-zone data such as Asia/Seoul") from None
    return zone
