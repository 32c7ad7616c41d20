"""A line about an account."""

from __future__ import annotations

from typing import Annotated, ClassVar

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Amount, Code, Name
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address
from crmkit.core.people.user import User
from crmkit.exchange.cells import Dispensable, To
from crmkit.exchange.desk import Desk
from crmkit.exchange.rows.amounts import money
from crmkit.exchange.rows.places import place


@frozen(kw_only=True)
class AccountRow:
    """An organisation; its parent may stand in a line behind it."""

    entity: ClassVar[type[Entity]] = Account
    identity: ClassVar[str] = "key"

    key: Annotated[Code | None, To(Account)] = None
    name: Name | None = None
    industry: Annotated[Code | None, Dispensable] = None
    founded: Annotated[int | None, Dispensable] = None  #: a year
    employees: Annotated[int | None, Dispensable] = None
    annual_revenue: Amount | None = None
    currency: Code | None = None  #: of the annual revenue
    city: Annotated[Name | None, Dispensable] = None
    country: Annotated[Code | None, Dispensable] = None  #: ISO 3166-1 alpha-2
    parent: Annotated[Code | None, To(Account)] = None  #: the key of the account that it is a subsidiary of
    owner: Annotated[Code | None, To(User), Dispensable] = None

    def enter(self, desk: Desk) -> Account:
        """Add the account, or revise what the line knows better.

        :raises Invalid: neither key nor name; an annual revenue without currency, or one that is none
        """
        account, owner, parent = desk.find(Account, self.key), desk.user(self.owner), self._parent(desk)
        revenue = money(self.annual_revenue, self.currency, "annual_revenue")
        address = place(desk, account.address if account else None, self.city, self.country)
        if account is None:
            added = desk.tx.customers.add_account(
                name=self._name(desk),
                industry=self.industry,
                address=address,
                founded=self.founded,
                employees=self.employees,
                annual_revenue=revenue,
                parent=parent,
                owner=owner,
                key=self.key,
            )
            return desk.keep(added)
        revised = self._revised(desk, account, address, revenue, parent)
        return desk.tx.people.assign(revised, to=owner) if owner else revised

    def _revised(
        self, desk: Desk, account: Account, address: Address | None, revenue: Money | None, parent: Id[Account] | None
    ) -> Account:
        known_better = evolve(
            account,
            name=self.name or account.name,
            industry=self.industry or account.industry,
            address=address,
            founded=self.founded or account.founded,
            employees=self.employees if self.employees is not None else account.employees,
            annual_revenue=revenue or account.annual_revenue,
            parent_id=parent or account.parent_id,
        )
        try:
            return desk.tx.revise(known_better)
        except Invalid as error:
            if error.field == "parent_id":
                raise error.inside("parent") from None
            raise

    def _parent(self, desk: Desk) -> Id[Account] | None:
        found = desk.find(Account, self.parent)
        if found is None and self.parent is not None:
            desk.note("parent", "no such account, so nobody's subsidiary", self.parent)
            desk.wait()
        return found.id if found else None

    def _name(self, desk: Desk) -> str:
        if self.name is None and self.key is not None:
            desk.note("account", "known by its key only", self.key)
        return self.name or self.key or ""
