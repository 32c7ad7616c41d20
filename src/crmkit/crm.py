"""A CRM: a store, a clock, a source of ids and what it is made of, put together; and its transactions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from random import SystemRandom
from threading import local
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from attrs import evolve

from crmkit.consuming import Consuming, Held, Round
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Message
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import (
    Ambiguous,
    Conflict,
    CrmError,
    Retryable,
    StoreError,
)
from crmkit.core.kernel.feed import Feed
from crmkit.core.kernel.ids import Id, Ids, IdSource
from crmkit.core.kernel.past import Replayed
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.replaying import replayed
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.told import NOBODY
from crmkit.core.people.user import SYSTEM
from crmkit.patience import AT_EASE, PATIENCE, Pace
from crmkit.transaction import Actor, Transaction, Transactions, View

if TYPE_CHECKING:
    from crmkit.plugins.loading import Loaded
    from crmkit.plugins.report import Report

THREADS: Final = 4  #: that `arun` shares; a SQLite file has one writer at a time whatever their number

T = TypeVar("T")

E = TypeVar("E", bound=Entity)


class CRM:
    """One CRM in one store; open it with `CRM.open`, close it or use it as a context manager."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        loaded: Loaded,
        *,
        clock: Callable[[], datetime],
        ids: IdSource,
        pace: Pace = AT_EASE,
    ) -> None:
        self.registry = registry
        self._loaded = loaded
        self._store: Store | None = store
        self._pace = pace
        self._transactions = Transactions(
            store=self._opened, registry=registry, clock=clock, ids=ids, pace=pace, audience=loaded.audience
        )
        self._consuming = Consuming(store=self._opened, transactions=self._transactions, run=self.run)
        self._here = local()  #: on each thread of `arun`, that it is one
        self._threads = ThreadPoolExecutor(
            THREADS, thread_name_prefix="crmkit", initializer=lambda: setattr(self._here, "arun", True)
        )

    @classmethod
    def open(
        cls,
        url: str,
        *,
        entities: Sequence[type[Entity]] = (),
        extensions: Sequence[type[Any]] = (),
        policies: Sequence[Any] = (),
        plugins: Sequence[object] = (),
        discover: bool = True,
        disabled: Collection[str] = (),
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

        Plugins are the installed ones, unless `discover` says no, and those in `plugins`: modules, objects, or names of
        installed ones. Something wrong with a plugin in `plugins` is an error, with any other one a line in
        `crm.plugins`. Those with a name in `disabled`, or in the environment variable CRMKIT_DISABLE_PLUGINS, stay out.
        A plugin that says what may be seen belongs in `plugins`: an installed one that cannot even be imported is a
        line in `crm.plugins` as well, and hides nothing.

        :raises PluginError: something is wrong with a plugin in `plugins`, or with one that says what may be seen; the
            environment disables one that is both
        :raises Invalid: a URL that no store answers to, an unknown zone; in `disabled`, what is not there, built in, or
            in `plugins` as well
        :raises StoreError: the database cannot be opened
        :raises SchemaOutdated: the database was made for other fields
        :raises DefinitionError: entities that contradict each other
        """
        from crmkit.opening import loaded, registry, store

        clock = clock or (lambda: datetime.now(UTC))
        its_plugins = loaded(
            entities=entities,
            extensions=extensions,
            plugins=plugins,
            discover=discover,
            disabled=disabled,
            patience=pace.listening,
        )
        made_of = registry(its_plugins, policies=policies, zone=zone)
        kept_in = store(its_plugins.door, url, made_of.model, prefix=prefix)
        ids = ids or Ids(clock=clock, entropy=SystemRandom().getrandbits)
        crm = cls(kept_in, made_of, its_plugins, clock=clock, ids=ids, pace=pace)
        try:
            kept_in.create()
            crm._welcome_system()
        except BaseException:
            kept_in.close()
            raise
        return crm

    @staticmethod
    def migrate(
        url: str,
        *,
        entities: Sequence[type[Entity]] = (),
        extensions: Sequence[type[Any]] = (),
        plugins: Sequence[object] = (),
        discover: bool = True,
        disabled: Collection[str] = (),
        prefix: str = "crm_",
        dry: bool = False,
    ) -> tuple[str, ...]:
        """Add to the database behind `url` what a CRM with these entities, extensions and plugins needs besides.

        Returns the statements that were executed, or with `dry` would be. Records keep what they have; in columns that
        are new they have the defaults of their fields.

        :raises SchemaOutdated: adding would not do, as where a field is gone or of another type; nothing is done
        :raises MissingExtra: Alembic is not installed
        :raises StoreError: the database cannot be opened
        """
        from crmkit.opening import loaded, store

        its_plugins = loaded(
            entities=entities, extensions=extensions, plugins=plugins, discover=discover, disabled=disabled
        )
        with closing(store(its_plugins.door, url, its_plugins.declared.model, prefix=prefix)) as kept_in:
            return kept_in.migrate(dry=dry)

    @property
    def plugins(self) -> Report:
        """Which plugins there are, from where, and what each provides; which failed, and why."""
        return self._loaded.report

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
        with self._transactions.once(attempt) as tx:
            yield tx

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
                if not attempt.in_doubt:
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

    @contextmanager
    def as_of(self, moment: datetime, actor: Actor = None) -> Iterator[View]:
        """Everything as it stood at the recorded time `moment`, conditions relative to now included.

        A transaction is in it or out of it as a whole. It is made of the journal alone, in memory, and costs what it
        costs to read that once.

        :raises Invalid: a naive datetime
        :raises NotFound: no such user, as of now
        :raises Refused: the user is not active, as of now
        """
        with self._transactions.past(actor, moment) as view:
            yield view

    def replay(self, *, repair: bool = False) -> Replayed:
        """Hold every row, and every row of a projection, against what the journal alone makes of it.

        Tells which differ; with `repair` they are put right. None does unless somebody wrote to the store behind the
        library's back.

        :raises Conflict: with `repair`, another transaction changed one of them meanwhile
        :raises OutcomeUnknown: with `repair`, like `transaction`
        """
        if repair:
            with self.transaction(operation=self._transactions.ids()) as tx:  # kept: a COMMIT in doubt is looked up
                return replayed(tx.session, self.registry, repair=tx.writing)
        with self.read() as view:
            return replayed(view.session, self.registry)

    def feed(self, *, after: str | None = None, about: Id[Any] | str | None = None, limit: int = 100) -> Feed:
        """The next committed events behind the cursor `after`; about one record (its id), or one kind (its name).

        None is left out and none comes twice, whoever commits meanwhile; those of a record come in the order of their
        versions. It is read with no actor's eyes: show it to nobody without asking what they may see.

        :raises Invalid: a cursor that was made up, an unknown kind, a limit that is not from 1 to 10,000
        :raises Unavailable: the store was busy or away as long as it was tried
        """
        return self._consuming.feed(after, about, limit)

    def deliver(self, consumer: Consumer, handle: Callable[[Held], object], *, limit: int = 100) -> Round:
        """Hand what is due to `handle`, one delivery after the other: at least once, and `limit` of them at most.

        Each is leased first, so that other workers of the same consumer leave it alone; `handle` is called in no
        transaction, and may call `renew` while it takes long. An exception of it is a failed try.

        :raises Invalid: a limit that is not from 1 to 10,000; a kind of record that there is not
        :raises Unavailable: like `run`; what was in hand comes again when its lease has run out
        """
        return self._consuming.deliver(consumer, handle, limit)

    def apply(self, consumer: Consumer, effect: Callable[[Transaction, Message], object], *, limit: int = 100) -> Round:
        """Do to this CRM what follows from what is due, each in the transaction that settles it: exactly once.

        `effect` may be called several times, like `do` of `run`; otherwise as `deliver`.
        """
        return self._consuming.apply(consumer, effect, limit)

    def close(self) -> None:
        """Let go of the store, once the threads of `arun` are through; a closed CRM stays closed.

        :raises StoreError: on one of these threads, which cannot wait for itself; the CRM stays open
        """
        if hasattr(self._here, "arun"):
            raise StoreError("what arun calls cannot close its CRM", hint="close it when arun has answered")
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
            quiet = evolve(self._transactions, audience=NOBODY)  # a new CRM is nothing that happened in it
            try:
                with quiet.once(quiet.attempt(None, None, "", look=False)) as tx:
                    if not tx.session.load("user", [SYSTEM.id]):  # nobody else was quicker
                        tx.add(SYSTEM, "user.added")
            except CrmError as error:  # somebody else may have opened it at the same moment
                if not isinstance(error, Conflict) and error.facts.get("field") != "id":
                    raise
                with self.read() as view:
                    if not view.session.load("user", [SYSTEM.id]):
                        raise
