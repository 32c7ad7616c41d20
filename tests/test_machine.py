"""A whole CRM driven by machine: all stores side by side, against a naive model written apart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from support.crms import STORES, opened

from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.money import Money
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.stage_stay import STAGE_STAYS
from crmkit.core.service.case import CaseType
from crmkit.crm import CRM
from crmkit.testing import FixedClock
from crmkit.transaction import Transaction

ALLOWED: dict[str, dict[str, tuple[str, str]]] = {
    "lead": {
        "contact": ("new contacted", "contacted"),
        "qualify": ("new contacted", "qualified"),
        "disqualify": ("new contacted", "disqualified"),
        "reactivate": ("qualified disqualified", "new"),
    },
    "opportunity": {
        "hold": ("open", "on_hold"),
        "resume": ("on_hold", "open"),
        "win": ("open on_hold", "won"),
        "lose": ("open on_hold", "lost"),
        "reopen": ("won lost", "open"),
    },
    "case": {
        "hold": ("active", "on_hold"),
        "resume": ("on_hold", "active"),
        "resolve": ("active on_hold", "resolved"),
        "close": ("resolved", "closed"),
        "cancel": ("active on_hold", "cancelled"),
        "reactivate": ("resolved cancelled", "active"),
    },
}
"""What may happen, said a second time on purpose: source statuses and target."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "disqualify": {"reason": "lost"},
    "lose": {"reason": "out_sold"},
    "resolve": {"resolution": "done"},
    "win": {"revenue": Money("10.00", "EUR")},
}

COMPANIES = st.sampled_from([None, "El Olivo", "EL OLIVO", "㈜한빛"])
PEOPLE = st.sampled_from([None, "Ann Smith", "홍길동"])
EMAILS = st.sampled_from([None, "ann@example.com", "Ann@Example.com", "hong@example.com"])


class Machine(RuleBasedStateMachine):
    """Every rule is done on all stores; they answer alike, and as the naive model says."""

    leads = Bundle("leads")
    deals = Bundle("deals")
    cases = Bundle("cases")
    accounts = Bundle("accounts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clocks = [FixedClock() for _ in STORES]
        self.opened = [
            opened(store, Path(self.folder.name), clock) for store, clock in zip(STORES, self.clocks, strict=True)
        ]
        self.crms: list[CRM] = [context.__enter__() for context in self.opened]
        self.status: dict[Id[Any], str] = {}

    def teardown(self) -> None:
        """Close what was opened."""
        for context in self.opened:
            context.__exit__(None, None, None)
        self.folder.cleanup()

    def done(self, command: Callable[[Transaction], Any], back: int = 0) -> Any:
        """The same answer of all stores; an error is an answer."""
        answers = []
        for crm in self.crms:
            try:
                with crm.transaction() as tx, tx.occurred(tx.now - timedelta(days=back)):
                    answers.append(command(tx))
            except CrmError as error:
                answers.append((error.code, str(error)))
        assert all(answer == answers[0] for answer in answers)
        return answers[0]

    def moved(self, kind: str, move: str, id: Id[Any], command: Callable[[Transaction], Any], back: int = 0) -> Any:
        """A move is legal exactly where the naive table says so."""
        sources, target = ALLOWED[kind][move]
        answer = self.done(command, back)
        if self.status[id] in sources.split():
            if isinstance(answer, tuple) and answer[0] == "refused":
                return None
            self.status[id] = target
        else:
            assert answer[0] == "illegal_move"
            return None
        return answer

    @rule(target=leads, company=COMPANIES, person=PEOPLE, email=EMAILS, back=st.integers(0, 30))
    def capture(self, company: str | None, person: str | None, email: str | None, back: int) -> Id[Any]:
        """A lead comes."""
        lead: Lead = self.done(
            lambda tx: tx.sales.capture_lead(topic="Oil", source="web", company=company, person=person, email=email),
            back,
        )
        self.status[lead.id] = "new"
        return lead.id

    @rule(id=leads, move=st.sampled_from(["contact", "disqualify", "reactivate"]), back=st.integers(0, 30))
    def move_lead(self, id: Id[Any], move: str, back: int) -> None:
        """It moves, or is refused."""
        self.moved("lead", move, id, lambda tx: getattr(tx.sales, move)(id, **ARGUMENTS.get(move, {})), back)

    @rule(target=deals, id=leads)
    def qualify(self, id: Id[Any]) -> Id[Any]:
        """It is qualified into a deal; where it cannot be, a deal is opened by itself."""
        qualified = self.moved("lead", "qualify", id, lambda tx: tx.sales.qualify(id))
        deal = qualified.opportunity if qualified else self.done(lambda tx: tx.sales.open_opportunity(name="Oil"))
        self.status[deal.id] = "open"
        return Id.of(deal.id)

    @rule(id=leads, topic=st.sampled_from(["Oil", "Olives"]), company=COMPANIES)
    def revise(self, id: Id[Any], topic: str, company: str | None) -> None:
        """Somebody puts right what was written down."""
        self.done(lambda tx: tx.revise(evolve(tx.of(Lead).get(id), topic=topic, company=company)))

    @rule(id=deals, stage=st.sampled_from(["engaging", "closing", "nowhere"]))
    def change_stage(self, id: Id[Any], stage: str) -> None:
        """The deal is nearer."""
        self.done(lambda tx: tx.sales.change_stage(id, stage=stage))

    @rule(id=deals, move=st.sampled_from(list(ALLOWED["opportunity"])), back=st.integers(0, 30))
    def move_deal(self, id: Id[Any], move: str, back: int) -> None:
        """The deal moves, or is refused."""
        self.moved("opportunity", move, id, lambda tx: getattr(tx.sales, move)(id, **ARGUMENTS.get(move, {})), back)

    @rule(target=accounts, name=COMPANIES.filter(bool), parent=st.none() | accounts)
    def add_account(self, name: str, parent: Id[Any] | None) -> Id[Any]:
        """An account comes."""
        return Id.of(self.done(lambda tx: tx.customers.add_account(name=name, parent=parent)).id)

    @rule(target=cases, account=accounts)
    def open_case(self, account: Id[Any]) -> Id[Any]:
        """A customer has a problem."""
        case = self.done(lambda tx: tx.service.open_case(title="Leak", type=CaseType.PROBLEM, account=account))
        self.status[case.id] = "active"
        return Id.of(case.id)

    @rule(id=cases, move=st.sampled_from(list(ALLOWED["case"])))
    def move_case(self, id: Id[Any], move: str) -> None:
        """The case moves, or is refused."""
        self.moved("case", move, id, lambda tx: getattr(tx.service, move)(id, **ARGUMENTS.get(move, {})))

    @rule(days=st.integers(0, 9))
    def wait(self, days: int) -> None:
        """Time passes."""
        for clock in self.clocks:
            clock.advance(days=days)

    @rule()
    def fail(self) -> None:
        """A transaction breaks off; nothing of it is seen again."""
        for crm in self.crms:
            with suppress(ZeroDivisionError), crm.transaction() as tx:
                tx.customers.add_account(name="Nobody")
                tx.flush()
                raise ZeroDivisionError

    @invariant()
    def stores_agree_and_the_journal_rebuilds_them(self) -> None:
        """The same rows on all; replayed = kept; projections rebuilt = kept; statuses as the naive model says."""
        kept = [self.done_rows(crm) for crm in self.crms]
        assert all(rows == kept[0] for rows in kept)
        for kind in ALLOWED:
            for id, row in kept[0][kind].items():
                assert row[self.crms[0].registry.model.entities[kind].position["status"]] == self.status[id]

    def done_rows(self, crm: CRM) -> dict[str, dict[Id[Any], Any]]:
        """All rows of a CRM, checked against its journal."""
        with crm.transaction() as tx:
            assert tx.rebuild(STAGE_STAYS) == 0
            kept = rows_of(tx)
            derived = {projection.kind for projection in tx.registry.projections}
            replayed = replay(tx.model, tx.journal())
            assert {kind: rows for kind, rows in kept.items() if kind not in derived} == {
                kind: rows for kind, rows in replayed.items() if kind not in derived
            }
            return kept


def rows_of(tx: Transaction) -> dict[str, dict[Id[Any], Any]]:
    """Every row, by kind and id."""
    return {
        kind: {record.id: model.flatten(record) for record in tx.of(model.cls).find()}
        for kind, model in tx.model.entities.items()
    }


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=25, deadline=None)
