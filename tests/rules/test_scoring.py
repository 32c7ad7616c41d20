"""Scores of leads: every point has somebody who says it and a reason, whatever strangers' code does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from support.crms import STORES, opened, plugged

from crmkit.core.kernel.criteria import ALWAYS, NEVER, where
from crmkit.core.kernel.errors import DefinitionError, Invalid
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.money import Money
from crmkit.core.sales.lead import Lead
from crmkit.rules.scoring import Contribution, Part, Rule, Scoring, score
from crmkit.testing import FixedClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAD = Lead(id=uuid7(1, 1), topic="Van")
NO_RULES = Scoring(rules=())


def by(**scorers: Any) -> Any:
    """The score that these scorers give."""
    return score(LEAD, now=NOW, scoring=NO_RULES, met=(), scorers=scorers)


def test_a_score_is_the_sum_of_what_is_said() -> None:
    """By rules that are met and by scorers, most points first; a scorer may say several things, or nothing."""

    def several(lead: Lead, now: datetime) -> Iterator[Contribution]:
        yield Contribution(3, f"asks for a {lead.topic}")
        yield Contribution(-10, f"in {now:%B}")

    rules = Scoring(rules=(Rule("a", ALWAYS, 3), Rule("b", NEVER, 1)), grades=())
    scorers: Any = {"zeta": several, "acme": lambda *_: Contribution(3, "c"), "none": lambda *_: ()}
    found = score(LEAD, now=NOW, scoring=rules, met=(True, False), scorers=scorers)

    assert found.total == -1
    assert found.parts == (
        Part("acme", 3, "c"),
        Part("crmkit", 3, "a"),
        Part("zeta", 3, "asks for a Van"),
        Part("zeta", -10, "in March"),
    )
    assert (found.failed, found.grade) == ((), None)


@given(st.permutations([("a", 1), ("b", 2), ("c", 2), ("d", -1)]))
def test_the_order_of_plugins_does_not_show(order: list[tuple[str, int]]) -> None:
    """The same score, part by part."""
    scorers = {name: (lambda *_, points=points: Contribution(points, "x")) for name, points in order}

    assert by(**scorers) == by(**dict(sorted(scorers.items())))


def breaks_half_way(lead: Lead, now: datetime) -> Iterator[Contribution]:
    yield Contribution(50, "before it breaks")
    raise ZeroDivisionError("out of order")


@pytest.mark.parametrize(
    ("scorer", "says"),
    [
        (breaks_half_way, "ZeroDivisionError: out of order"),
        (lambda *_: 5, "TypeError"),
        (lambda *_: None, "TypeError"),
        (lambda *_: ["x"], "accepted: a Contribution"),
        (lambda *_: "hot", "accepted: a Contribution"),
        (lambda *_: Contribution(1.5, "half"), "points: got 1.5"),
        (lambda *_: Contribution(True, "yes"), "points: got True"),
        (lambda *_: Contribution(10**9, "best"), "points"),
        (lambda *_: Contribution(1, " "), "because: is blank"),
        (lambda *_: Contribution(1, "x" * 255), "because"),
        (lambda: Contribution(1, "x"), "TypeError"),
        (lambda lead, now: setattr(lead, "topic", "mine"), "FrozenInstanceError"),
    ],
)
def test_a_scorer_that_fails_is_named_and_the_others_count(scorer: Any, says: str) -> None:
    """Nothing of what it said before counts; its error is in the score, not in the way."""
    found = by(bad=scorer, good=lambda *_: Contribution(7, "fine"))

    assert (found.total, [part.says for part in found.parts]) == (7, ["good"])
    ((name, error),) = found.failed
    assert name == "bad"
    assert says in error
    assert LEAD.topic == "Van"


def test_a_score_prints_what_it_is_made_of() -> None:
    """Failures too."""
    scoring = evolve(NO_RULES, grades=(("hot", 5),))
    scorers: Any = {"acme": lambda *_: Contribution(7, "fine"), "bad": lambda *_: 1 // 0}
    text = str(score(LEAD, now=NOW, scoring=scoring, met=(), scorers=scorers))

    assert [line.split() for line in text.splitlines() if "-" not in line][:1] == [["7", "hot"]]
    assert "+7" in text
    assert "fine" in text
    assert "ZeroDivisionError" in text


def test_grades_begin_where_they_say() -> None:
    """From their points on."""
    scoring = Scoring()

    assert [scoring.grade(total) for total in (29, 30, 59, 60)] == [None, "warm", "warm", "hot"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": (Rule("a", ALWAYS, 1), Rule("a", NEVER, 2))},
        {"grades": (("warm", 30), ("hot", 60))},
        {"grades": (("a", 30), ("b", 30))},
    ],
)
def test_a_scoring_that_contradicts_itself_is_refused(wrong: Any) -> None:
    """When it is made."""
    with pytest.raises(DefinitionError):
        Scoring(**wrong)
    with pytest.raises(Invalid):
        Rule("a", ALWAYS, 1.5)


@pytest.mark.parametrize("store", STORES)
def test_every_rule_lists_the_leads_that_it_gives_points_to(store: str, tmp_path: Path) -> None:
    """One rule, one meaning: a lead has the points of exactly those rules whose condition finds it; they fade."""
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    with opened(store, tmp_path, clock=clock) as crm:
        with crm.transaction() as tx:
            leads = [
                tx.sales.capture_lead(topic="a"),
                tx.sales.capture_lead(topic="b", email="b@example.com", source="referral", budget=Money(5, "KRW")),
                tx.sales.capture_lead(topic="c", company="Hanbit", phone="010-1234-5678"),
            ]
            tx.sales.contact(leads[1].id)
            tx.sales.disqualify(leads[2].id, reason="lost")
        totals = []
        for days in (0, 20, 100):
            clock.advance(days=days)
            with crm.read() as view:
                for one in leads:
                    found = view.sales.score(one.id)
                    rules = {rule.because: rule for rule in Scoring().rules}
                    meets = {because for because, rule in rules.items() if view.of(Lead).holds(one.id, rule.criteria)}
                    assert {part.because for part in found.parts} == meets
                    assert found.total == sum(rules[because].points for because in meets)
                    totals.append(found.total)
        assert totals == [10, 85, -65, 0, 75, -75, -20, 35, -95]


@pytest.mark.parametrize("store", STORES)
def test_a_host_scores_by_rules_of_its_own(store: str, tmp_path: Path) -> None:
    """As a policy, in one statement; rules may look at other records."""
    own = Scoring(rules=(Rule("of the east", where("holding.owner.team.name") == "EAST", 5),), grades=(("good", 5),))
    with opened(store, tmp_path, policies=(own,)) as crm, crm.transaction() as tx:
        east = tx.people.add_team(name="East")
        kim = tx.people.add_user(name="Kim", team=east.id)
        one = tx.sales.capture_lead(topic="Van", owner=kim.id)
        assert (tx.sales.score(one.id).total, tx.sales.score(one.id).grade) == (5, "good")


def test_scorers_of_plugins_are_asked_with_the_moment_of_the_work(tmp_path: Path) -> None:
    """Also of a score as of a moment that has passed; without rules no statement is asked."""
    seen: list[datetime] = []

    def note(lead: Lead, now: datetime) -> Contribution:
        seen.append(now)
        return Contribution(1, lead.topic)

    policies = {Scoring: NO_RULES}
    with plugged("memory", tmp_path, scorers={"acme": note}, policies=policies) as crm, crm.transaction() as tx:
        one = tx.sales.capture_lead(topic="Van")
        with tx.occurred(NOW):
            assert tx.sales.score(one.id).parts == (Part("acme", 1, "Van"),)
    assert seen == [NOW]
