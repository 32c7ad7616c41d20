"""Service: what customers ask, report and complain about, and what came of it."""

from __future__ import annotations

from attrs import evolve, frozen

from crmkit.areas.customers import Customers
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.customer import HAS_CUSTOMER
from crmkit.core.kernel.command import command
from crmkit.core.kernel.errors import Refused
from crmkit.core.kernel.fields import Tags
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import User
from crmkit.core.sales.product import Product
from crmkit.core.service.case import Case, CaseStage, CaseType, Priority, case


@frozen
class Service:
    """`tx.service`."""

    work: Work

    @command
    def open_case(
        self,
        *,
        title: str,
        type: CaseType,
        account: Id[Account] | None = None,
        contact: Id[Contact] | None = None,
        product: Id[Product] | None = None,
        priority: Priority = Priority.NORMAL,
        origin: str | None = None,
        description: str | None = None,
        owner: Id[User] | None = None,
        tags: Tags = frozenset(),
        key: str | None = None,
    ) -> Case:
        """Take up a request, a problem or a complaint.

        :raises Refused: neither account nor contact is given
        """
        opened = Case(
            id=self.work.new_id(Case),
            key=key,
            title=title,
            type=type,
            priority=priority,
            origin=origin,
            account_id=account,
            contact_id=contact,
            product_id=product,
            description=description,
            holding=Customers(self.work).held_by(owner),
            tags=tags,
        )
        _require_customer("opening a case", account, contact)
        return self.work.add(opened, "case.opened")

    @command
    def change_customer(
        self, case_id: Id[Case], *, account: Id[Account] | None = None, contact: Id[Contact] | None = None
    ) -> Case:
        """It is somebody else's, or is put down to them only now.

        :raises Refused: neither account nor contact is given
        """
        _require_customer("changing the customer of a case", account, contact)
        found = self.work.of(Case).get(case_id)
        return self.work.change(evolve(found, account_id=account, contact_id=contact), "case.customer_changed")

    @command
    def change_stage(self, case_id: Id[Case], *, stage: CaseStage) -> Case:
        """The work on it has come further, or starts again; to stay in its stage changes nothing."""
        found = self.work.of(Case).get(case_id)
        return found if found.stage is stage else self.work.move(case.change_stage, case_id, stage=stage)

    @command
    def hold(self, case_id: Id[Case]) -> Case:
        """The case waits, for the customer or for somebody else."""
        return self.work.move(case.hold, case_id)

    @command
    def resume(self, case_id: Id[Case]) -> Case:
        """The waiting is over."""
        return self.work.move(case.resume, case_id)

    @command
    def resolve(
        self, case_id: Id[Case], *, resolution: str, minutes: int | None = None, reason: str = "problem_solved"
    ) -> Case:
        """It is solved, by `resolution` and with `minutes` of work; the customer may still come back to it."""
        return self.work.move(case.resolve, case_id, resolution=resolution, minutes=minutes, reason=reason)

    @command
    def close(self, case_id: Id[Case]) -> Case:
        """The customer is content; nothing more happens to it."""
        return self.work.move(case.close, case_id)

    @command
    def cancel(self, case_id: Id[Case]) -> Case:
        """It was none, or the customer took it back."""
        return self.work.move(case.cancel, case_id)

    @command
    def reactivate(self, case_id: Id[Case]) -> Case:
        """It was not solved after all; the journal keeps the resolution that did not hold."""
        return self.work.move(case.reactivate, case_id)


def _require_customer(what: str, account: Id[Account] | None, contact: Id[Contact] | None) -> None:
    if account is None and contact is None:
        raise Refused(what, [HAS_CUSTOMER.refusal])
