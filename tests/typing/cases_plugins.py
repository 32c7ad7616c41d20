"""What a type checker makes of implementations: a line with an ignored error has to have exactly that error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.sweep import Swept
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.plugins import implements, spec
from crmkit.rules.scoring import Contribution


@implements(spec.score_lead)
def right(lead: Lead, now: datetime) -> Contribution:
    """A narrower answer is an answer."""
    return Contribution(1, "so")


@implements(spec.score_lead)
def also_right(lead: Entity, now: datetime) -> Iterable[Contribution]:
    """Who takes more takes that."""
    return []


class Plugin:
    """Methods are implementations, too."""

    @implements(spec.before_commit)
    def before(self, events: Sequence[Event], swept: Sequence[Swept]) -> None:
        """Asked."""


@implements(spec.score_lead)  # type: ignore[arg-type]
def of_another(lead: Opportunity, now: datetime) -> Contribution:
    """Takes another record."""
    return Contribution(1, "so")


@implements(spec.score_lead)  # type: ignore[arg-type]
def answers(lead: Lead, now: datetime) -> int:
    """Answers something else."""
    return 1


@implements(spec.entities)  # type: ignore[arg-type]
def takes() -> Sequence[str]:
    """Gives something else."""
    return []


@implements(spec.after_commit)  # type: ignore[arg-type]
def misnamed(happened: Sequence[Event], swept: Sequence[Swept]) -> None:
    """Has a parameter of another name."""


class Wrong:
    """Methods with another signature."""

    @implements(spec.before_commit)  # type: ignore[arg-type]
    def before(self, events: Sequence[Event], swept: int) -> None:  # type: ignore[misc]
        """Takes something else."""
