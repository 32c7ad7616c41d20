"""Where somebody is, as far as a file says it."""

from __future__ import annotations

from attrs import evolve

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.values import Address
from crmkit.exchange.desk import Desk
from crmkit.exchange.note import doubted


def place(desk: Desk, before: Address | None, city: str | None, country: str | None) -> Address | None:
    """The address with the city and the country of the line; a country that is none is left out and noted."""
    if country is not None:
        try:
            Address(country=country)
        except Invalid as error:
            desk.notes.append(doubted(desk.line, error))
            country = None
    if city is None and country is None:
        return before
    if before is None:
        return Address(city=city, country=country)
    return evolve(before, city=city or before.city, country=country or before.country)
