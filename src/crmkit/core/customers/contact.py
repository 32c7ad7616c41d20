"""A contact: a person, on their own account or working for one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.holding import UNHELD, Holding
from crmkit.core.kernel.entity import Entity, entity, index
from crmkit.core.kernel.fields import Name, Personal, Stamped, Tags
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.values import Address, Email, PersonName, Phone


@entity("contact", indexes=(index("email"), index("name.full"), index("phone.number")))
@frozen(kw_only=True)
class Contact(Entity):
    """A prospect until something is won with the person, a customer from then on."""

    id: Id[Contact]
    name: Annotated[PersonName, Personal]
    account_id: Id[Account] | None = None  #: whom they work for
    title: Name | None = None
    email: Annotated[Email | None, Personal] = None
    phone: Annotated[Phone | None, Personal] = None
    address: Annotated[Address | None, Personal] = None
    tags: Tags = frozenset()
    holding: Annotated[Holding, Stamped] = UNHELD
    customer_since: Annotated[datetime | None, Stamped] = None  #: when the first deal was won; missing for a prospect

    @property
    def is_customer(self) -> bool:
        """Something was won with them."""
        return self.customer_since is not None
