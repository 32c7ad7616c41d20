"""The score of a lead: the rules asked of the store, all in one statement, and then the scorers of plugins."""

from __future__ import annotations

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.tally import Count, Tally
from crmkit.core.kernel.work import Work
from crmkit.core.sales.lead import Lead
from crmkit.rules.scoring import Rule, Score, Scoring, score


def scored(work: Work, lead: Lead) -> Score:
    """What the lead is worth, as of the moment of the work."""
    scoring = work.registry.policy(Scoring)
    met = _met(work, lead, scoring.rules) if scoring.rules else ()
    return score(lead, now=work.now, scoring=scoring, met=met, scorers=work.registry.scorers)


def _met(work: Work, lead: Lead, rules: tuple[Rule, ...]) -> tuple[bool, ...]:
    """Which of the rules the lead fulfils: how many of one there are."""
    measures = tuple(Count(name=rule.because, where=rule.criteria) for rule in rules)
    figures = work.tally(Tally(kind="lead", title="Score", measures=measures, where=where("id") == lead.id))
    return tuple([value == 1 for value in figures.rows[0].values])
