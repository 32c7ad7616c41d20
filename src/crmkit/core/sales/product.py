"""A product: what is sold, at the price that stands in the list."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.entity import Entity, entity, unique
from crmkit.core.kernel.fields import Code, Name
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money


@entity("product", indexes=(unique("code"),))
@frozen(kw_only=True)
class Product(Entity):
    """Something with a code that no other product has."""

    id: Id[Product]
    code: Code
    name: Name
    list_price: Money | None = None
