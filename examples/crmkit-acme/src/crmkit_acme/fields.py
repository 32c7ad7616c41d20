"""What Acme wants to know of a lead."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.entity import extends
from crmkit.core.sales.lead import Lead


@extends(Lead, prefix="acme")
@frozen(kw_only=True)
class AcmeLead:
    """How much oil they use, and whether they know ours."""

    litres: int | None = None  #: a month
    tasted: bool = False
