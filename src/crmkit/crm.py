"""A CRM: a store, a clock, a source of ids and what it is made of, put together; and its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import SystemRandom
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from zoneinfo import ZoneInfo

from crmkit.builtin import ENTITIES, PROJECTIONS, open_store
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import (
    Ambiguous,
    Conflict,
    CrmError,
    Invalid,
    OutcomeUnknown,
    Retryable,
    StoreError,
    shape,
)
from crmkit.core.kernel.ids import Id, Ids, IdSource
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.store import Store
from crmkit.core.people.user import SYSTEM
from crmkit.patience import AT_EASE, PATIENCE, Pace
from crmkit.transaction import Actor, Transaction, Transactions, View

THREADS: Final = 4  #: that `arun` shares; a SQLite file has one writer at a time whatever their number

T = TypeVar("T")

E = TypeVar("E", bound=Entity)


class CRM:
    """One CRM in one store; open it with `CRM.open`, close it or use it as a context manager."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        *,
        clock: Callable[[], datetime],
        ids: IdSource,
        pace: Pace = AT_EASE,
    ) -> None:
        self.registry = registry
        self._store: Store | None = store
        self._pace = pace
        self._transactions = Transactions(store=self._opened, registry=registry, clock=clock, ids=ids, pace=pace)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="crmkit")

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
        pace: Pace = AT_EASE,
    ) -> Self:
        """Open the CRM behind `url`, making its tables where there are none.

        `entities` and `extensions` join the built-in ones; each of `policies` (a `Pipeline`, say) stands in for the
        standard one of its class; `clock` and `ids` are those of the machine unless given; in `zone` days begin;
        `pace` is how `run` waits between attempts.

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
        ids = ids or Ids(clock=clock, entropy=SystemRandom().getrandbits)
        crm = cls(store, registry, clock=clock, ids=ids, pace=pace)
        try:
            store.create()
            crm._welcome_system()
        except BaseException:
            store.close()
            raise
        return crm

    @staticmethod
    def migrate(
        url: str,
        *,
        entities: Sequence[type[Entity]] = (),
        extensions: Sequence[type[Any]] = (),
        prefix: str = "crm_",
        dry: bool = False,
    ) -> tuple[str, ...]:
        """Add to the database behind `url` what a CRM of these entities and extensions needs besides what is there.

        Returns the statements that were executed, or with `dry` would be. Records keep what they have; in columns that
        are new they have the defaults of their fields.

        :raises SchemaOutdated: adding would not do, as where a field is gone or of another type; nothing is done
        :raises MissingExtra: Alembic is not installed
        :raises StoreError: the database cannot be opened
        """
        with closing(open_store(url, Model.build((*ENTITIES, *entities), tuple(extensions)), prefix=prefix)) as store:
            return store.migrate(dry=dry)

    @contextmanager
    def transaction(
        self, actor: Actor = None, *, operation: Id[Any] | None = None, cause: str = ""
    ) -> Iterator[Transaction]:
        """What happens together, done by `actor` (the system, if nobody is named); leaving by an exception undoes it.

        It is tried once. Under an `operation` id that was committed before, every command answers as it did then, and
        nothing is done.

        :raises NotFound: no such user
        :raises Refused: the user is not active
        :raises Invalid: the operation was another actor's, or had other commands
        :raises StoreError: the store could not do it, or was busy; nothing is done
        :raises OutcomeUnknown: an error at the end, and the store does not say that it was done all the same
        """
        attempt = self._transactions.attempt(actor, operation, cause, look=operation is not None)
        try:
            with self._transactions.transacted(attempt) as tx:
                yield tx
        except Ambiguous as error:
            if attempt.unsure is not None and not self._transactions.was_done(attempt):
                raise OutcomeUnknown(attempt.id) from error

    def run(
        self,
        actor: Actor,
        do: Callable[[Transaction], T],
        *,
        operation: Id[Any] | None = None,
        deadline: timedelta = PATIENCE,
        cause: str = "",
    ) -> T:
        """What `do` answers, in a transaction that is tried again as a whole while others are in its way.

        `do` may be called several times, and only the effects of one call are kept: it should do nothing outside its
        transaction. After `deadline` no further attempt begins.

        :raises Unavailable: ten attempts, or the deadline, and nothing is done
        :raises OutcomeUnknown: it may be done; its `operation` tells, when it is run again
        :raises CrmError: whatever `do` or `transaction` raises, at once
        """
        attempt = self._transactions.attempt(actor, operation, cause, look=operation is not None)
        failed: CrmError | None = None
        for _ in self._pace.attempts(deadline):
            try:
                with self._transactions.transacted(attempt) as tx:
                    settled = attempt.settled_by(tx.commands.known)
                    answer: T = attempt.unsure_answer if settled else do(tx)
                    attempt.answer = answer
            except (Retryable, Conflict, Ambiguous) as error:
                failed = error
            except StoreError as error:
                if attempt.unsure is None:
                    raise
                failed = error
            else:
                return answer
            attempt.look = True
        raise attempt.given_up(failed) from failed

    async def arun(
        self,
        actor: Actor,
        do: Callable[[Transaction], T],
        *,
        operation: Id[Any] | None = None,
        deadline: timedelta = PATIENCE,
        cause: str = "",
    ) -> T:
        """`run`, on a thread of this CRM, for a host with an event loop.

        Cancelled before its turn it does not begin; cancelled later its thread goes on to the end: no transaction is
        left half-way, and its operation tells what became of it.
        """
        from asyncio import wrap_future

        self._opened()
        begun = partial(self.run, actor, do, operation=operation, deadline=deadline, cause=cause)
        return await wrap_future(self._threads.submit(begun))

    @contextmanager
    def read(self, actor: Actor = None) -> Iterator[View]:
        """What is committed by now, as `actor` asks for it: beside whoever writes, who neither waits nor shows in it.

        :raises NotFound: no such user
        :raises Refused: the user is not active
        """
        with self._transactions.view(actor) as view:
            yield view

    def close(self) -> None:
        """Let go of the store, once the threads of `arun` are through; a closed CRM stays closed."""
        self._threads.shutdown()
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

    def _welcome_system(self) -> None:
        with self.read() as view:
            there = view.session.load("user", [SYSTEM.id])
        if not there:
            try:
                with self.transaction() as tx:
                    if not tx.session.load("user", [SYSTEM.id]):  # nobody else was quicker
                        tx.add(SYSTEM, "user.added")
            except CrmError as error:  # somebody else may have opened it at the same moment
                if not isinstance(error, Conflict) and error.facts.get("field") != "id":
                    raise
                with self.read() as view:
                    if not view.session.load("user", [SYSTEM.id]):
                        raise


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError, TypeError):
        raise Invalid(
            "zone", f"got {shape(zone)}", accepts="a name of the IANA time-zone data such as Asia/Seoul"
        ) from None
    return zone
