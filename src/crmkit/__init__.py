"""The CRM domain as a library: open a CRM, work in transactions, ask for figures."""

from __future__ import annotations

from crmkit.core.kernel.assigns import OCCURRED
from crmkit.core.kernel.criteria import ALWAYS, NEVER, Ago, Criteria, Field, Param, some, where, within
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.tally import Bucket, Per
from crmkit.core.kernel.values import Address, Email, PersonName, Phone
from crmkit.crm import CRM
from crmkit.transaction import Transaction

__all__ = [
    "ALWAYS",
    "CRM",
    "NEVER",
    "OCCURRED",
    "Address",
    "Ago",
    "Bucket",
    "Criteria",
    "CrmError",
    "Email",
    "Field",
    "Money",
    "Param",
    "Per",
    "PersonName",
    "Phone",
    "Sweep",
    "Transaction",
    "some",
    "where",
    "within",
]
