"""Taking back what operations did, with what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.areas.credit import credit
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.undo import Undone, undo
from crmkit.core.kernel.work import Work
from crmkit.core.sales.opportunity import Opportunity


def taken_back(work: Work, operations: Sequence[Id[Any]]) -> Undone:
    """What became of the records of these operations; leads and customers of their deals say what still follows.

    Raises like `Transaction.undo`.
    """
    undone, steps = undo(work, operations)
    credit(work, *[step.change for step in steps if step.model.cls is Opportunity])
    return undone
