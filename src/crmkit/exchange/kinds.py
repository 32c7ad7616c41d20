"""The kinds of record that a file can be about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crmkit.exchange.desk import Row
from crmkit.exchange.rows.account import AccountRow
from crmkit.exchange.rows.lead import LeadRow
from crmkit.exchange.rows.opportunity import OpportunityRow
from crmkit.exchange.rows.product import ProductRow
from crmkit.exchange.rows.user import UserRow

KINDS: Final[Mapping[str, type[Row]]] = {
    "user": UserRow,
    "product": ProductRow,
    "account": AccountRow,
    "lead": LeadRow,
    "opportunity": OpportunityRow,
}
"""The row of each, in an order in which files can be imported: what is named by others comes first."""
