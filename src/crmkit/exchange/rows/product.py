"""A line about a product."""

from __future__ import annotations

from typing import Annotated, ClassVar

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.fields import Amount, Code, Name
from crmkit.core.sales.product import Product
from crmkit.exchange.cells import To
from crmkit.exchange.desk import Desk
from crmkit.exchange.rows.amounts import money


@frozen(kw_only=True)
class ProductRow:
    """What is sold, by its code."""

    entity: ClassVar[type[Entity]] = Product
    identity: ClassVar[str] = "code"

    code: Annotated[Code | None, To(Product, "code")] = None
    name: Name | None = None  #: the code, unless it is given
    list_price: Amount | None = None
    currency: Code | None = None  #: of the list price

    def enter(self, desk: Desk) -> Product:
        """Add the product, or revise what the line knows better.

        :raises Invalid: no code; a price without currency, or one that is none
        """
        price, product = money(self.list_price, self.currency, "list_price"), desk.find(Product, self.code, "code")
        if product is None:
            code = self.code or ""
            return desk.keep(desk.tx.sales.add_product(code=code, name=self.name or code, list_price=price))
        return desk.tx.revise(evolve(product, name=self.name or product.name, list_price=price or product.list_price))
