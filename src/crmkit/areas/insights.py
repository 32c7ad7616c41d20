"""Insights: figures of leads and deals, each of which can list the records behind it."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.criteria import ALWAYS, Criteria, where
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.tally import Bucket, Count, Mean, Percentile, Share, Sum, Tally
from crmkit.core.kernel.work import Work
from crmkit.core.sales.opportunity import OpportunityStatus
from crmkit.core.sales.pipeline import Pipeline

OPEN = where("status").in_([OpportunityStatus.OPEN, OpportunityStatus.ON_HOLD])
WON = where("status") == OpportunityStatus.WON
LOST = where("status") == OpportunityStatus.LOST


@frozen
class Insights:
    """`tx.insights`; `by` is a path of the record (`source`, `holding.owner.team.name`) or a `Bucket` of time."""

    work: Work

    def funnel(self, *, by: str | Bucket | None = None, criteria: Criteria = ALWAYS) -> Figures:
        """How many leads came, were contacted, were qualified and led to a deal that was won."""
        measures = (
            Count(name="leads"),
            Count(name="contacted", where=where("contacted_at").present()),
            Count(name="qualified", where=where("qualified_at").present()),
            Count(name="won", where=where("won_at").present()),
            Share(name="won %", of="won", among="leads"),
        )
        return self.work.tally(
            Tally(kind="lead", title="Lead funnel", by=_groups(by), measures=measures, where=criteria)
        )

    def sources(self, *, by: str | Bucket = "source", criteria: Criteria = ALWAYS) -> Figures:
        """What the leads of each source are worth: how many are won, how many are in vain, and how long it takes."""
        measures = (
            Count(name="leads"),
            Count(name="won", where=where("won_at").present()),
            Share(name="won %", of="won", among="leads"),
            Count(name="disqualified", where=where("disqualified_at").present()),
            Mean(name="mean time to win", start="contacted_at", end="won_at"),
            Percentile(name="median time to win", start="contacted_at", end="won_at"),
        )
        return self.work.tally(
            Tally(kind="lead", title="Source quality", by=_groups(by), measures=measures, where=criteria)
        )

    def pipeline(self, *, by: str | Bucket | None = "stage", criteria: Criteria = ALWAYS) -> Figures:
        """Where the deals are, what they are expected to bring, and what became of the closed ones."""
        measures = (
            Count(name="open", where=OPEN),
            Sum(name="expected", path="estimate", where=OPEN),
            Count(name="won", where=WON),
            Count(name="lost", where=LOST),
            Count(name="closed", where=WON | LOST),
            Share(name="win rate %", of="won", among="closed"),
            Sum(name="won value", path="revenue", where=WON),
        )
        found = self.work.tally(
            Tally(kind="opportunity", title="Pipeline", by=_groups(by), measures=measures, where=criteria)
        )
        return found.ordered(self.work.registry.policy(Pipeline).codes) if by == "stage" else found

    def cycle(self, *, by: str | Bucket | None = "status", criteria: Criteria = ALWAYS) -> Figures:
        """How long deals took from opening to their outcome."""
        measures = (
            Count(name="closed"),
            Mean(name="mean cycle", start="created_at", end="closed_at"),
            Percentile(name="median cycle", start="created_at", end="closed_at"),
        )
        closed = where("closed_at").present() & criteria
        return self.work.tally(
            Tally(kind="opportunity", title="Sales cycle", by=_groups(by), measures=measures, where=closed)
        )


def _groups(by: str | Bucket | None) -> tuple[str | Bucket, ...]:
    return () if by is None else (by,)
