"""One transaction as a host sees it: a work with the areas of the CRM on it; views; and how both begin and end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from attrs import frozen

from crmkit.areas.customers import Customers
from crmkit.areas.deliveries import Deliveries
from crmkit.areas.fields import Fields
from crmkit.areas.imports import Imports
from crmkit.areas.insights import Insights
from crmkit.areas.people import People
from crmkit.areas.privacy import Privacy
from crmkit.areas.sales import Sales
from crmkit.areas.service import Service
from crmkit.areas.undoing import taken_back
from crmkit.core.kernel.columns import utc
from crmkit.core.kernel.command import command
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Ambiguous, Invalid, OutcomeUnknown, Refusal, Refused, StoreError
from crmkit.core.kernel.ids import Id, IdSource
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.past import everything, recorded_by
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.several import several
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.told import NOBODY, Audience
from crmkit.core.kernel.undo import Undone
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import SYSTEM, User
from crmkit.patience import PATIENCE, Attempt, Pace

Actor: TypeAlias = User | Id[User] | None  #: who acts; None is the system

E = TypeVar("E", bound=Entity)


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
    def fields(self) -> Fields:
        """Fields that are defined while the program runs."""
        return Fields(self)

    @property
    def privacy(self) -> Privacy:
        """What is kept about one person, to be handed over or erased."""
        return Privacy(self)

    @property
    def imports(self) -> Imports:
        """Files that were brought in, to be taken back."""
        return Imports(self)

    @property
    def insights(self) -> Insights:
        """Figures."""
        return Insights(self)

    @property
    def deliveries(self) -> Deliveries:
        """Dead letters of consumers."""
        return Deliveries(self)

    @command
    def undo(self, operations: Id[Any] | Sequence[Id[Any]]) -> Undone:
        """Let every record that these operations changed be what it was before them: all of it, or nothing.

        Fields that others changed since stay as they are; so does what the journal says. What came goes, what went
        comes back. Leads and customers of its deals say what follows from those that are won then. It is an operation
        itself, which can be undone.

        :raises Invalid: something that is no id
        :raises NotFound: one of them changed no record, or one that this actor does not see
        :raises Refused: what they changed has changed since, or a record leads to one that would go; all are named
        :raises Conflict: another transaction changed one of these records meanwhile
        """
        accepts = "the id of an operation, or a list of them"
        given = [operations] if isinstance(operations, Id) else several(operations, "operations", accepts=accepts)
        return taken_back(self, [Id.of(id, "operations") for id in given])


class View(Transaction):
    """What was committed when it began, to be read; whatever would write or lock is refused."""

    def locking(self) -> Session:
        """Refused.

        :raises StoreError: always
        """
        raise StoreError("this is a view, it does not write", hint="crm.transaction() does")


@frozen(kw_only=True, eq=False)
class Transactions:
    """How the transactions of one CRM begin and end."""

    store: Callable[[], Store]  #: raises StoreError once the CRM is closed
    registry: Registry
    clock: Callable[[], datetime]
    ids: IdSource
    pace: Pace
    audience: Audience = NOBODY

    def attempt(self, actor: Actor, operation: Id[Any] | None, cause: str, *, look: bool) -> Attempt:
        """An operation to be tried, under the caller's id or a new one; `look` if it may have been done before."""
        by = _id_of(actor)
        id = self.ids() if operation is None else Id.of(operation, "operation")
        return Attempt(id=id, by=by, cause=cause, checked=actor is not None, asked=operation is not None, look=look)

    @contextmanager
    def once(self, attempt: Attempt) -> Iterator[Transaction]:
        """One transaction whose end is known; raises like `CRM.transaction`."""
        try:
            with self.transacted(attempt) as tx:
                yield tx
        except Ambiguous as error:
            if not attempt.in_doubt:  # it is no COMMIT of ours
                raise
            if not self.was_done(attempt):
                raise OutcomeUnknown(attempt.id) from error
            self.audience.tell(attempt.unsure_told)

    @contextmanager
    def transacted(self, attempt: Attempt) -> Iterator[Transaction]:
        """One transaction that is committed if it is left in peace; raises like `CRM.transaction`, and Ambiguous."""
        self._require_not_asked()
        session = self.store().begin()
        tx: Transaction | None = None
        try:
            known = session.operation(attempt.id) if attempt.look else None
            tx = self._begun(session, attempt, known)
            if attempt.checked:
                _require_active(tx)
            yield tx
            done, told = tx.finish(asked=attempt.asked), tx.told()
            tx.close()  # whoever is asked now finds it over
            self.audience.ask(told)
            try:
                session.commit()
            except Ambiguous:
                if tx.wrote or done is not None:
                    attempt.doubt(done, told)
                    raise
                with suppress(StoreError):  # whatever became of it, nothing was given to it
                    session.rollback()
        except BaseException:
            with suppress(StoreError):  # what went wrong first is what matters
                session.rollback()
            raise
        finally:
            if tx is not None:
                tx.close()
        self.audience.tell(attempt.unsure_told if attempt.settled_by(known) else told)

    def _require_not_asked(self) -> None:
        plugin = self.audience.asking
        if plugin:
            raise StoreError(
                f"the plugin {plugin} is asked before a commit, and opens no transaction",
                hint="crm.read() looks, after_commit writes",
            )

    def _begun(self, session: Session, attempt: Attempt, known: Operation | None) -> Transaction:
        if known is not None and known.actor != attempt.by:
            raise Invalid("operation", "was done before by another actor", accepts="a new operation id")
        return Transaction(
            session,
            self.registry,
            now=utc(self.clock(), "clock"),
            by=attempt.by,
            new_id=self.ids,
            cause=attempt.cause,
            operation=attempt.id,
            known=known,
        )

    def was_done(self, attempt: Attempt) -> bool:
        """Whether an attempt that ended in doubt was committed; False also if that cannot be found out."""
        for _ in self.pace.attempts(PATIENCE):
            with suppress(StoreError):
                session = self.store().begin()
                try:
                    return attempt.settled_by(session.operation(attempt.id))
                finally:
                    with suppress(StoreError):
                        session.rollback()
        return False

    @contextmanager
    def past(self, actor: Actor, moment: datetime) -> Iterator[View]:
        """What stood at a moment, to be read; raises like `CRM.as_of`."""
        from crmkit.storage.past import Past

        moment = utc(moment, "moment")
        with self.view(actor) as now, now.sight.lifted():
            user = now.of(User).get(now.stamp.by)
            events = recorded_by(moment, now.session.history())
        past = Past(self.registry.model, everything(self.registry, events), events)
        view = View(past, self.registry, now=moment, by=user.id, new_id=self.ids)
        view.sight.actor = user  # the rules are asked about the user of today, and of the records as they stood
        try:
            yield view
        finally:
            view.close()

    @contextmanager
    def view(self, actor: Actor) -> Iterator[View]:
        """A snapshot to be read; raises like `CRM.read`."""
        session = self.store().snapshot()
        try:
            view = View(session, self.registry, now=utc(self.clock(), "clock"), by=_id_of(actor), new_id=self.ids)
            try:
                if actor is not None:
                    _require_active(view)
                yield view
            finally:
                view.close()
        finally:
            session.rollback()


def _id_of(actor: Actor) -> Id[Any]:
    return SYSTEM.id if actor is None else actor.id if isinstance(actor, User) else actor


def _require_active(tx: Transaction) -> None:
    with tx.sight.lifted():
        actor = tx.of(User).get(tx.stamp.by)
    if not actor.active:
        raise Refused(f"acting as {actor.name}", [Refusal(code="inactive_user", says="the user is not active")])
