"""Customers: the organisations and people that one does business with, or would like to."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.command import command
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.fields import Tags
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, PersonName, Phone
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import User

C = TypeVar("C", Account, Contact)


@frozen
class Customers:
    """`tx.customers`."""

    work: Work

    @command
    def add_account(
        self,
        *,
        name: str,
        industry: str | None = None,
        email: Email | str | None = None,
        phone: Phone | str | None = None,
        address: Address | None = None,
        founded: int | None = None,
        employees: int | None = None,
        annual_revenue: Money | None = None,
        parent: Id[Account] | None = None,
        owner: Id[User] | None = None,
        tags: Tags = frozenset(),
        key: str | None = None,
    ) -> Account:
        """An organisation, as a prospect; `parent` is the one that it is a subsidiary of."""
        account = Account(
            id=self.work.new_id(Account),
            key=key,
            name=name,
            industry=industry,
            email=Email.given(email, "email"),
            phone=Phone.given(phone, "phone"),
            address=address,
            founded=founded,
            employees=employees,
            annual_revenue=annual_revenue,
            parent_id=parent,
            holding=self.held_by(owner),
            tags=tags,
        )
        return self.work.add(account, "account.added")

    @command
    def add_contact(
        self,
        *,
        name: PersonName | str,
        account: Id[Account] | None = None,
        title: str | None = None,
        email: Email | str | None = None,
        phone: Phone | str | None = None,
        address: Address | None = None,
        owner: Id[User] | None = None,
        tags: Tags = frozenset(),
        key: str | None = None,
    ) -> Contact:
        """A person, as a prospect; `account` is whom they work for."""
        contact = Contact(
            id=self.work.new_id(Contact),
            key=key,
            name=PersonName.needed(name, "name"),
            account_id=account,
            title=title,
            email=Email.given(email, "email"),
            phone=Phone.given(phone, "phone"),
            address=address,
            holding=self.held_by(owner),
            tags=tags,
        )
        return self.work.add(contact, "contact.added")

    def held_by(self, owner: Id[User] | None) -> Holding:
        """The holding of a record that is new: this user's from now on, or nobody's."""
        return UNHELD.passed_to(owner, self.work.stamp.occurred) if owner else UNHELD

    @command
    def became_customer(self, customer: C, since: datetime | None) -> C:
        """Something was won with them first at `since`; None takes it back."""
        if customer.customer_since == since:
            return customer
        event = f"{kind_of(type(customer))}.{_became(customer, since)}"
        return self.work.change(evolve(customer, customer_since=since), event)


def _became(customer: Account | Contact, since: datetime | None) -> str:
    if since is None:
        return "became_prospect"
    return "customer_since_changed" if customer.is_customer else "became_customer"
