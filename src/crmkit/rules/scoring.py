"""How promising a lead is: points for conditions, by rules that anybody can read, and by whatever plugins know.

A rule is a condition, so what gives the points in a score is also what lists the leads that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeAlias

from attrs import field, frozen

from crmkit.core.kernel.criteria import Ago, Criteria, Unit, where
from crmkit.core.kernel.errors import DefinitionError, Invalid, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.layout import text_table
from crmkit.core.kernel.text import LONGEST_NAME, clean
from crmkit.core.sales.lead import Lead, LeadStatus

MOST_POINTS: Final = 1_000_000  #: that one contribution may give or take
STANDARD: Final = "crmkit"  #: who says what the rules of the policy say


def _points(points: object) -> int:
    if type(points) is not int or not -MOST_POINTS <= points <= MOST_POINTS:
        raise Invalid("points", f"got {shape(points)}", accepts=f"a whole number, {MOST_POINTS:,} at most either way")
    return points


@frozen
class Contribution:
    """What speaks for a lead, or against it: a scorer gives one of them, several, or none.

    :raises Invalid: points that are no whole number, or a reason that is blank or longer than 254 characters
    """

    points: int = field(converter=_points)
    because: str

    def __attrs_post_init__(self) -> None:
        if not clean(self.because, "because", LONGEST_NAME).strip():
            raise Invalid("because", "is blank", accepts="what speaks for the lead, or against it, in words")


#: A plugin's: pure, of the lead and the moment that the score is asked for.
Scorer: TypeAlias = Callable[[Lead, datetime], Contribution | Iterable[Contribution]]


@frozen
class Rule:
    """Points for every lead that fulfils a condition; a condition with `Ago` in it lets them fade."""

    because: str
    criteria: Criteria
    points: int = field(converter=_points)


STANDARD_RULES: Final = (
    Rule("they can be reached", where("email").present() | where("phone").present(), 15),
    Rule("it is known whom they work for", where("company").present(), 10),
    Rule("they have a budget", where("budget").present(), 25),
    Rule("they were referred", where("source") == "referral", 15),
    Rule("they came within two weeks", where("created_at").in_last(14, "days"), 10),
    Rule("somebody spoke with them within 30 days", where("contacted_at").in_last(30, "days"), 20),
    Rule(
        "nobody spoke with them for 90 days",
        (where("created_at") < Ago(90, Unit.DAYS)) & ~where("contacted_at").in_last(90, "days"),
        -20,
    ),
    Rule("they are disqualified", where("status") == LeadStatus.DISQUALIFIED, -100),
)


@frozen
class Scoring:
    """The rules of a CRM, and from how many points on a lead is called what; a host brings its own as a policy.

    :raises DefinitionError: two rules with the same words, grades that do not descend
    """

    rules: tuple[Rule, ...] = STANDARD_RULES
    grades: tuple[tuple[str, int], ...] = (("hot", 60), ("warm", 30))  #: the best first

    def __attrs_post_init__(self) -> None:
        words = [rule.because for rule in self.rules]
        for place, because in enumerate(words):
            if because in words[:place]:
                raise DefinitionError(f"two rules of scoring say «{because}»", hint="each has words of its own")
        floors = [least for _, least in self.grades]
        if any(low >= high for high, low in pairwise(floors)):
            raise DefinitionError(f"grades from {floors} points on", hint="the best first, each lower")

    def grade(self, total: int) -> str | None:
        """What a lead of so many points is called; None below all grades."""
        return next((name for name, least in self.grades if total >= least), None)


@frozen
class Part:
    """One contribution to a score, and who says it."""

    says: str
    points: int
    because: str


@frozen(kw_only=True)
class Score:
    """What a lead is worth now, and why; prints as a table."""

    lead_id: Id[Lead]
    total: int
    grade: str | None
    parts: tuple[Part, ...]  #: most points first, then by who says it and why
    failed: tuple[tuple[str, str], ...]  #: scorers that could not tell, and what went wrong; nothing of theirs counts

    def __str__(self) -> str:
        rows = [(f"{part.points:+}", part.because, part.says) for part in self.parts]
        rows += [("?", error, says) for says, error in self.failed]
        return text_table((str(self.total), self.grade or "", ""), rows, right=(0,))


def score(lead: Lead, *, now: datetime, scoring: Scoring, met: Sequence[bool], scorers: Mapping[str, Scorer]) -> Score:
    """The lead's score: the rules that are `met`, in their order, and what each scorer adds by itself.

    A scorer that raises, or gives what is no contribution, is named in the score; the others count all the same.
    """
    rules = [Part(STANDARD, rule.points, rule.because) for rule, holds in zip(scoring.rules, met, strict=True) if holds]
    parts, failed = rules, list[tuple[str, str]]()
    for name in sorted(scorers):
        try:
            parts += [Part(name, given.points, given.because) for given in _given(scorers[name], lead, now)]
        except Exception as error:  # noqa: BLE001 - whatever a stranger's code does, it is that code which failed
            failed.append((name, f"{type(error).__name__}: {error}"[:LONGEST_NAME]))
    total = sum(part.points for part in parts)
    return Score(
        lead_id=lead.id,
        total=total,
        grade=scoring.grade(total),
        parts=tuple(sorted(parts, key=lambda part: (-part.points, part.says, part.because))),
        failed=tuple(failed),
    )


def _given(scorer: Scorer, lead: Lead, now: datetime) -> list[Contribution]:
    found = scorer(lead, now)
    given = [found] if isinstance(found, Contribution) else list(found)
    for each in given:
        if not isinstance(each, Contribution):
            raise Invalid("score", f"got {shape(each)}", accepts="a Contribution")
    return given
