"""Races without a database: a condition read as Python, and moves of a life cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

from statemachine import State, StateMachine
from transitions import Machine

from benchmarks.leads import leads, new_id
from benchmarks.race import CRMKIT, Race
from crmkit import where
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.predicate import predicate
from crmkit.core.kernel.text import fold
from crmkit.core.people.user import SYSTEM
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.sales.opportunity import Opportunity, opportunity

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def races(many: int) -> Iterator[Race]:
    """Over so many leads; a tenth as many moves."""
    yield _predicate(many)
    yield _moves(many // 10)


def _predicate(many: int) -> Race:
    records = list(leads(many))
    wanted = (
        (where("status") == LeadStatus.NEW)
        & where("company").starts_with("ＣOMPANY 0")
        & (where("budget.amount") >= Decimal(2000))
    )
    model = Model.alone(Lead)
    ours = predicate(bind(wanted, model=model, kind="lead", now=NOW), model.of(Lead))
    beginning, least = fold("ＣOMPANY 0"), Decimal(2000)

    def by_hand(lead: Lead) -> bool:
        return (
            lead.status == "new"
            and lead.company is not None
            and fold(lead.company).startswith(beginning)
            and lead.budget is not None
            and lead.budget.amount >= least
        )

    def over_all(holds: Callable[[Lead], bool]) -> Callable[[], int]:
        def counted() -> int:
            sum(map(holds, records))
            return many

        return counted

    contenders = {"a function by hand": over_all(by_hand), CRMKIT: over_all(ours)}
    return Race(
        what="whether a lead fulfils a condition",
        things="leads",
        contenders=contenders,
        reach={"a function by hand": 0.8},
    )


class _Deal:
    """What `transitions` puts its methods on."""

    hold: Callable[[], bool]
    resume: Callable[[], bool]


class _DealMachine(StateMachine):
    """The same two moves, as python-statemachine has them."""

    going = State(initial=True)
    on_hold = State()
    hold = going.to(on_hold)
    resume = on_hold.to(going)


def _moves(many: int) -> Race:
    """Hold and resume a deal; crmkit's moves also give the next version of the record, and its event."""
    deal, machine = _Deal(), _DealMachine()
    Machine(deal, states=["open", "on_hold"], initial="open", auto_transitions=False).add_transitions(
        [["hold", "open", "on_hold"], ["resume", "on_hold", "open"]]
    )
    stamp = Stamp(at=NOW, occurred=NOW, by=SYSTEM.id, operation=new_id())
    one = Opportunity(id=new_id(), name="deal", stage="open")

    def of_transitions() -> int:
        for _ in range(many // 2):
            deal.hold()
            deal.resume()
        return many

    def of_statemachine() -> int:
        for _ in range(many // 2):
            machine.hold()
            machine.resume()
        return many

    def ours() -> int:
        moved = one
        for _ in range(many // 2):
            moved, _event = opportunity.hold(moved, stamp)
            moved, _event = opportunity.resume(moved, stamp)
        return many

    contenders = {"transitions": of_transitions, "python-statemachine": of_statemachine, CRMKIT: ours}
    return Race(what="make a move of a life cycle", things="moves", contenders=contenders, rate=150_000)
