"""An account: an organisation that one does business with, or would like to; accounts form a tree of subsidiaries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.fields import Code, Name, Stamped, Tags
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, Phone


@entity("account", indexes=(index("name"), index("customer_since")))
@frozen(kw_only=True)
class Account(Entity):
    """A prospect until something is won, a customer from then on."""

    id: Id[Account]
    name: Name
    industry: Code | None = None
    email: Email | None = None
    phone: Phone | None = None
    address: Address | None = None
    founded: int | None = None  #: a year
    employees: int | None = None
    annual_revenue: Money | None = None
    parent_id: Id[Account] | None = None
    tags: Tags = frozenset()
    holding: Annotated[Holding, Stamped] = UNHELD
    customer_since: Annotated[datetime | None, Stamped] = None  #: when the first deal was won; missing for a prospect

    @property
    def is_customer(self) -> bool:
        """Something was won with it."""
        return self.customer_since is not None
