"""A whole CRM driven by machine: one in memory as the oracle, others beside it, and a naive model written apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import timedelta
from typing import Any, ClassVar, Final, TypeAlias

import pytest
from attrs import frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import NOTHING, replay
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.replaying import replayed
from crmkit.core.sales.lead import Lead
from crmkit.core.service.case import CaseType
from crmkit.crm import CRM
from crmkit.testing.fixed import FixedClock, FixedIds
from crmkit.testing.machines.story import Call, Revision, Step, Story
from crmkit.transaction import Transaction

Opens: TypeAlias = Callable[[FixedClock, FixedIds], AbstractContextManager[CRM]]
"""Makes an empty CRM with this clock and these ids; leaving the block closes it, and nothing of it is there again."""

UNHURRIED: Final = (HealthCheck.too_slow, HealthCheck.filter_too_much)
"""How long a life takes, and what is drawn in vain, is up to the records and the store: it says nothing of either."""

ALLOWED: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
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

ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "disqualify": {"reason": "lost"},
    "lose": {"reason": "out_sold"},
    "resolve": {"resolution": "done"},
    "win": {"revenue": Money("10.00", "EUR")},
}

COMPANIES: Final = st.sampled_from([None, "El Olivo", "EL OLIVO", "㈜한빛"])
PEOPLE: Final = st.sampled_from([None, "Ann Smith", "홍길동"])
EMAILS: Final = st.sampled_from([None, "ann@example.com", "Ann@Example.com", "hong@example.com"])


@frozen
class Said:
    """A refusal as an answer."""

    code: str
    words: str

    def __str__(self) -> str:
        return self.words


def in_memory(clock: FixedClock, ids: FixedIds) -> CRM:
    """The oracle."""
    return CRM.open("memory:", clock=clock, ids=ids)


class CRMMachine(RuleBasedStateMachine):
    """Every step is done on the oracle and on all of `opens`; they answer alike, and as the naive model says."""

    opens: ClassVar[tuple[Opens, ...]] = ()

    leads = Bundle("leads")
    deals = Bundle("deals")
    cases = Bundle("cases")
    accounts = Bundle("accounts")

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.status: dict[Id[Any], str] = {}
        self._open = ExitStack()
        self.clocks = [FixedClock() for _ in (in_memory, *self.opens)]
        self.ids = [FixedIds() for _ in self.clocks]
        try:
            self.crms = [
                self._open.enter_context(opens(clock, ids))
                for opens, clock, ids in zip((in_memory, *self.opens), self.clocks, self.ids, strict=True)
            ]
        except BaseException:
            self._open.close()
            raise

    def teardown(self) -> None:
        """Close what was opened."""
        self._open.close()

    def done(self, step: Step, back: int = 0) -> Any:
        """The same answer of all CRMs; an error is an answer."""
        with self.story.told():
            name = self.story.tell(step, back=back)
            oracle, *others = [self._answered(crm, step, back) for crm in self.crms]
            for answer in others:
                assert answer == oracle, f"in memory: {oracle}; here: {answer}"
            if isinstance(oracle, Said):
                self.story.refused(oracle)
            elif name:
                self.story.answered(name, oracle)
            return oracle

    def _answered(self, crm: CRM, step: Step, back: int) -> Any:
        try:
            with crm.transaction() as tx, tx.occurred(tx.now - timedelta(days=back)):
                return step(tx)
        except CrmError as error:
            return Said(error.code, str(error))

    def _looked(self, crm: CRM, ids: FixedIds) -> dict[str, dict[Id[Any], Any]]:
        """Its rows; looking leaves no gap in its ids, so that the story gives the same ones."""
        with ids.unspent():
            return checked_rows(crm)

    def moved(self, kind: str, move: str, id: Id[Any], call: Call, back: int = 0) -> Any:
        """The answer of a move that was made; it is legal exactly where the naive table says so."""
        sources, target = ALLOWED[kind][move]
        answer = self.done(call, back)
        with self.story.told():
            if self.status[id] not in sources.split():
                assert isinstance(answer, Said) and answer.code == "illegal_move", answer
                return None
            if isinstance(answer, Said):
                assert answer.code == "refused", answer
                return None
            self.status[id] = target
            return answer

    @rule(target=leads, company=COMPANIES, person=PEOPLE, email=EMAILS, back=st.integers(0, 30))
    def capture(self, company: str | None, person: str | None, email: str | None, back: int) -> Id[Any]:
        """A lead comes."""
        said = {"topic": "Oil", "source": "web", "company": company, "person": person, "email": email}
        lead: Lead = self.done(Call("sales.capture_lead", (), said, "lead"), back)
        self.status[lead.id] = "new"
        return lead.id

    @rule(id=leads, move=st.sampled_from(["contact", "disqualify", "reactivate"]), back=st.integers(0, 30))
    def move_lead(self, id: Id[Any], move: str, back: int) -> None:
        """It moves, or is refused."""
        self.moved("lead", move, id, Call(f"sales.{move}", (id,), ARGUMENTS.get(move, NOTHING)), back)

    @rule(target=deals, id=leads)
    def qualify(self, id: Id[Any]) -> Id[Any]:
        """It is qualified into a deal; where it cannot be, a deal is opened by itself."""
        qualified = self.moved("lead", "qualify", id, Call("sales.qualify", (id,), answer="qualified"))
        opening = Call("sales.open_opportunity", (), {"name": "Oil"}, "deal")
        deal = qualified.opportunity if qualified else self.done(opening)
        self.status[deal.id] = "open"
        return Id.of(deal.id)

    @rule(id=leads, topic=st.sampled_from(["Oil", "Olives"]), company=COMPANIES)
    def revise(self, id: Id[Any], topic: str, company: str | None) -> None:
        """Somebody puts right what was written down."""
        self.done(Revision(Lead, id, {"topic": topic, "company": company}))

    @rule(id=deals, stage=st.sampled_from(["engaging", "closing", "nowhere"]))
    def change_stage(self, id: Id[Any], stage: str) -> None:
        """The deal is nearer."""
        self.done(Call("sales.change_stage", (id,), {"stage": stage}))

    @rule(id=deals, move=st.sampled_from(list(ALLOWED["opportunity"])), back=st.integers(0, 30))
    def move_deal(self, id: Id[Any], move: str, back: int) -> None:
        """The deal moves, or is refused."""
        self.moved("opportunity", move, id, Call(f"sales.{move}", (id,), ARGUMENTS.get(move, NOTHING)), back)

    @rule(target=accounts, name=COMPANIES.filter(bool), parent=st.none() | accounts)
    def add_account(self, name: str, parent: Id[Any] | None) -> Id[Any]:
        """An account comes."""
        return Id.of(self.done(Call("customers.add_account", (), {"name": name, "parent": parent}, "account")).id)

    @rule(target=cases, account=accounts)
    def open_case(self, account: Id[Any]) -> Id[Any]:
        """A customer has a problem."""
        said = {"title": "Leak", "type": CaseType.PROBLEM, "account": account}
        case = self.done(Call("service.open_case", (), said, "case"))
        self.status[case.id] = "active"
        return Id.of(case.id)

    @rule(id=cases, move=st.sampled_from(list(ALLOWED["case"])))
    def move_case(self, id: Id[Any], move: str) -> None:
        """The case moves, or is refused."""
        self.moved("case", move, id, Call(f"service.{move}", (id,), ARGUMENTS.get(move, NOTHING)))

    @rule(days=st.integers(1, 9))
    def wait(self, days: int) -> None:
        """Time passes."""
        self.story.tell_plainly(f"clock.advance(days={days})")
        for clock in self.clocks:
            clock.advance(days=days)

    @rule()
    def fail(self) -> None:
        """A transaction breaks off; nothing of it is seen again."""
        self.story.tell_plainly(
            "with suppress(ZeroDivisionError), crm.transaction() as tx:\n"
            "    tx.customers.add_account(name='Nobody')\n    tx.flush()\n    1 / 0"
        )
        for crm in self.crms:
            with suppress(ZeroDivisionError), crm.transaction() as tx:
                tx.customers.add_account(name="Nobody")
                tx.flush()
                raise ZeroDivisionError

    @invariant()
    def all_agree_and_the_journal_rebuilds_them(self) -> None:
        """The same rows in all; replayed = kept; projections rebuilt = kept; statuses as the naive model says."""
        with self.story.told():
            oracle, *others = [self._looked(crm, ids) for crm, ids in zip(self.crms, self.ids, strict=True)]
            for rows in others:
                assert rows == oracle
            for kind in ALLOWED:
                status = self.crms[0].registry.model.entities[kind].position["status"]
                assert {id: row[status] for id, row in oracle[kind].items()} == {
                    id: self.status[id] for id in oracle[kind]
                }


def checked_rows(crm: CRM) -> dict[str, dict[Id[Any], Any]]:
    """All rows of a CRM by kind and id, once its journal has rebuilt them and its projections have been found right."""
    with crm.transaction() as tx:
        kept, found = rows_of(tx), replayed(tx.session, tx.registry)
        assert found, f"the journal says otherwise: {found}"
        derived = {projection.kind for projection in tx.registry.projections}
        again = replay(tx.model, tx.journal())
        for kind in kept.keys() - derived:
            assert again[kind] == kept[kind], f"the journal does not rebuild the rows of {kind}"
        return kept


def rows_of(tx: Transaction) -> dict[str, dict[Id[Any], Any]]:
    """Every row, by kind and id."""
    return {
        kind: {record.id: model.flatten(record) for record in tx.of(model.cls).find()}
        for kind, model in tx.model.entities.items()
    }


class CRMContract:
    """What a whole CRM does on a store: `opens` makes an empty one there."""

    steps = 25  #: of one life

    @pytest.fixture
    def opens(self) -> Opens:
        """Makes an empty CRM with a given clock and given ids: the fixture that the author of a store supplies."""
        raise NotImplementedError

    def test_a_crm_does_what_one_in_memory_does(self, opens: Opens) -> None:
        """Whatever is done to it: the same answers, the same refusals, the same rows, and a journal that rebuilds."""

        class Machine(CRMMachine):
            pass

        Machine.opens = (opens,)
        lives = settings(
            max_examples=settings().max_examples // 2,
            stateful_step_count=self.steps,
            deadline=None,
            suppress_health_check=UNHURRIED,
        )
        run_state_machine_as_test(Machine, settings=lives)
