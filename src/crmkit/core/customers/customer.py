"""Whoever buys: an account, or a contact on their own; what needs one says so in the same words."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.flow import Need

HAS_CUSTOMER: Final = Need(
    "customer_missing",
    where("account_id").present() | where("contact_id").present(),
    "a customer: an account or a contact",
)
