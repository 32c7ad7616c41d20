"""Operations: effect once per operation, whatever fails and however often it is run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Signal
from typing import Any

import pytest
from attrs import define, evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crms import LOCAL, local, opened
from support.faulty import WHEN, Faulty, When

from crmkit.builtin import PLUGINS, open_store
from crmkit.consuming import Held
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Delivery
from crmkit.core.kernel.errors import (
    Ambiguous,
    Conflict,
    IllegalMove,
    Invalid,
    NotFound,
    OutcomeUnknown,
    Retryable,
    StoreError,
    Unavailable,
)
from crmkit.core.kernel.ids import uuid7
from crmkit.core.people.user import SYSTEM, User
from crmkit.core.sales.lead import Lead, lead
from crmkit.core.service.case import CaseType
from crmkit.crm import CRM
from crmkit.patience import ATTEMPTS, Pace
from crmkit.plugins.loading import load
from crmkit.testing import FixedClock, FixedIds
from crmkit.transaction import Transaction, Transactions

OPERATION = uuid7(1_800_000_000_000, 1)
NO_WAIT = Pace(sleep=lambda _: None, chance=lambda: 0.5, monotonic=lambda: 0.0)

Do = Callable[[Transaction], Any]


@pytest.fixture(params=LOCAL)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """An empty CRM that does not wait."""
    with opened(request.param, tmp_path, pace=NO_WAIT) as crm:
        yield crm


def rows(crm: CRM) -> dict[str, list[Any]]:
    """All that a CRM keeps, in the order of ids, and its journal."""
    with crm.transaction() as tx:
        kinds = tx.model.entities.items()
        kept = {kind: [model.flatten(each) for each in tx.of(model.cls).find()] for kind, model in kinds}
        return {**kept, "journal": list(tx.journal())}


def fits_journal(crm: CRM) -> None:
    """Every event's operation is kept, by the same actor; every record in an outcome was made at that version."""
    with crm.transaction() as tx:
        events = list(tx.journal())
        for event in events:
            kept = tx.session.operation(event.stamp.operation)
            assert kept is not None, event
            assert (kept.actor, kept.cause) == (event.stamp.by, event.stamp.cause)
            assert kept.commands
        steps = {(event.kind, str(event.id), event.version) for event in events}
        for id in {event.stamp.operation for event in events}:
            for command in tx.session.operation(id).commands:  # type: ignore[union-attr]
                for found in mentioned(command.outcome):
                    assert (found["$"], found["id"], found["version"]) in steps


def mentioned(outcome: Any) -> Iterator[dict[str, Any]]:
    """The records in an outcome."""
    if isinstance(outcome, dict) and "$" in outcome:
        yield outcome
    elif isinstance(outcome, dict | list):
        for each in outcome.values() if isinstance(outcome, dict) else outcome:
            yield from mentioned(each)


def story(tx: Transaction) -> list[Any]:
    """A command of each shape of answer, one leading to the next."""
    ann = tx.people.add_user(name="Ann")
    found = tx.sales.capture_lead(topic="Oil", company="El Olivo", person="Ann", owner=ann.id)
    revised = tx.revise(evolve(found, topic="Olives"))
    handed = tx.people.assign(revised, to=SYSTEM.id)
    qualified = tx.sales.qualify(handed.id)
    assert qualified.opportunity is not None
    staged = tx.sales.change_stage(qualified.opportunity.id, stage="engaging")
    moved = tx.move(lead.reactivate, found.id)
    direct = tx.add(Lead(id=tx.new_id(Lead), topic="Direct"), "lead.captured")
    return [ann, found, revised, handed, qualified, staged, moved, direct]


def test_the_same_operation_again_answers_as_then_and_does_nothing(crm: CRM) -> None:
    """Every answer is what it was, at the version of then, also when much has happened since."""
    answers = crm.run(None, story, operation=OPERATION)
    with crm.transaction() as tx:
        tx.sales.contact(answers[1].id)
    before = rows(crm)

    assert crm.run(None, story, operation=OPERATION) == answers
    with crm.transaction(operation=OPERATION) as tx:
        assert story(tx) == answers
    assert rows(crm) == before
    fits_journal(crm)


def test_it_again_with_other_arguments_is_refused(crm: CRM) -> None:
    """So is another command, and one command more; nothing is done."""
    crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"), operation=OPERATION)
    before = rows(crm)

    others: list[Do] = [
        lambda tx: tx.sales.capture_lead(topic="Olives"),
        lambda tx: tx.sales.capture_lead(topic="Oil", source="web"),
        lambda tx: tx.customers.add_account(name="Oil"),
        lambda tx: [tx.sales.capture_lead(topic="Oil") for _ in range(2)],
    ]
    for other in others:
        with pytest.raises(Invalid) as refused:
            crm.run(None, other, operation=OPERATION)
        assert refused.value.field == "operation"
    assert rows(crm) == before


def test_it_again_by_another_actor_is_refused(crm: CRM) -> None:
    """An answer is for whom it was given to."""
    ann = crm.run(None, lambda tx: tx.people.add_user(name="Ann"))
    crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"), operation=OPERATION)

    with pytest.raises(Invalid, match="another actor"):
        crm.run(ann, lambda tx: tx.sales.capture_lead(topic="Oil"), operation=OPERATION)


def test_what_is_not_asked_for_again_is_passed_over(crm: CRM) -> None:
    """A function that looks first and does less the second time has its answers all the same."""

    def once(tx: Transaction) -> Lead:
        found = tx.of(Lead).by_key("K") or tx.sales.capture_lead(topic="Oil", key="K")
        return tx.sales.contact(found.id)

    first = crm.run(None, once, operation=OPERATION)

    assert crm.run(None, once, operation=OPERATION) == first


def test_a_command_that_failed_is_not_done_when_it_is_run_again(crm: CRM) -> None:
    """What it failed on may be gone by then; those after it answer as they did."""
    found = crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"))

    def twice(tx: Transaction) -> list[Any]:
        answers: list[Any] = [tx.sales.disqualify(found.id, reason="lost")]
        with suppress(IllegalMove, Invalid):
            answers.append(tx.sales.qualify(found.id))
        return [*answers, tx.people.add_user(name="Ann")]

    first = crm.run(None, twice, operation=OPERATION)
    crm.run(None, lambda tx: tx.sales.reactivate(found.id))
    before = rows(crm)

    assert crm.run(None, twice, operation=OPERATION) == first
    assert rows(crm) == before


def test_an_event_without_its_operation_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of operations against the journal fails where one was not kept."""
    with opened("memory", tmp_path) as crm:
        fits_journal(crm)
        monkeypatch.setattr(Transaction, "finish", lambda self, **_: self.flush())
        crm.run(None, lambda tx: tx.people.add_user(name="Ann"))
        with pytest.raises(AssertionError):
            fits_journal(crm)


def test_a_transaction_that_changes_nothing_is_kept_only_under_a_given_id(crm: CRM) -> None:
    """Looking leaves nothing behind; an id that somebody gave stands for what was done, be it nothing."""
    with crm.transaction() as tx:
        tx.of(Lead).find()
        unnamed = tx.stamp.operation
    with crm.transaction(operation=OPERATION) as tx:
        tx.of(Lead).find()

    with crm.transaction() as tx:
        assert tx.session.operation(unnamed) is None
        kept = tx.session.operation(OPERATION)
        assert kept is not None
        assert kept.commands == ()


@pytest.mark.parametrize("operation", ["", "x", 5, "c232ab00-9414-11ec-b3c8-9e6bdeced846"])
def test_an_operation_id_is_a_uuid_of_version_7(operation: Any) -> None:
    """As all ids are."""
    with CRM.open("memory:") as crm, pytest.raises(Invalid) as refused:
        crm.run(None, lambda _: None, operation=operation)
    assert refused.value.field == "operation"


# random commands

KEYS = st.sampled_from(["a", "b", "c"])


@st.composite
def commands(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Things to do with three leads and their deals, in any order; many will be refused."""
    what = st.sampled_from(["contact", "qualify", "disqualify", "reactivate", "revise", "win", "case", "user"])
    return [(draw(what), draw(KEYS), draw(st.sampled_from(["x", "y"]))) for _ in range(draw(st.integers(1, 6)))]


def done(tx: Transaction, plan: list[tuple[str, str, str]]) -> list[Any]:
    """The answers to all of a plan."""
    leads = {key: tx.sales.capture_lead(topic=key, company=f"Firm {key}", key=f"{key}-{len(plan)}") for key in "abc"}
    return [*leads.values(), *(one(tx, leads[key], *step) for step in plan for key in [step[1]])]


def one(tx: Transaction, found: Lead, what: str, key: str, word: str) -> Any:
    """The answer to one step."""
    match what:
        case "contact" | "reactivate" | "qualify":
            return getattr(tx.sales, what)(found.id)
        case "disqualify":
            return tx.sales.disqualify(found.id, reason="lost")
        case "revise":
            return tx.revise(evolve(tx.of(Lead).get(found.id), topic=f"{key}{word}"))
        case "win":
            account = tx.customers.add_account(name=word)
            return tx.sales.win(tx.sales.open_opportunity(name=word, account=account.id).id)
        case "case":
            account = tx.customers.add_account(name=word)
            return tx.service.open_case(title=word, type=CaseType.PROBLEM, account=account.id)
        case _:
            return tx.people.add_user(name=word)


@settings(max_examples=25)
@given(plan=commands())
@pytest.mark.parametrize("store", LOCAL)
def test_twice_is_once(store: str, plan: list[tuple[str, str, str]]) -> None:
    """Whatever an operation does: done twice it is done once, with the same answers or the same refusal."""
    with TemporaryDirectory() as folder, opened(store, Path(folder), pace=NO_WAIT) as crm:
        answers = tried(crm, lambda tx: done(tx, plan))
        once = rows(crm)

        assert tried(crm, lambda tx: done(tx, plan)) == answers
        assert rows(crm) == once
        fits_journal(crm)


def tried(crm: CRM, do: Do) -> Any:
    """The answer, or the error as one."""
    try:
        return crm.run(None, do, operation=OPERATION)
    except IllegalMove as error:
        return str(error)


# faults


class Unlooking(Transactions):
    """Seeded bug: what is in doubt is run again as if it were new."""

    def transacted(self, attempt: Any) -> Any:
        attempt.look, attempt.id = False, self.ids()
        return super().transacted(attempt)


@define
class Hasty(Faulty):
    """Seeded bug: acknowledges before it is committed."""

    def asked(self, do: Callable[[], Any], *, commit: bool = False) -> Any:
        try:
            return super().asked(do, commit=commit)
        except StoreError:
            if not commit:
                raise


def faulty(
    folder: Path, store: str, kind: type[Transactions] = Transactions, front: type[Faulty] = Faulty
) -> tuple[CRM, Faulty]:
    """A CRM over a store that can be told to fail."""
    with opened("memory", folder) as plain:
        registry, nobody = plain.registry, load(PLUGINS, version="", discover=False)
    store_ = front(open_store(local(store, folder), registry.model, prefix="crm_"))
    store_.create()
    crm = CRM(store_, registry, nobody, clock=FixedClock(), ids=FixedIds(), pace=NO_WAIT)
    whole = crm._transactions
    crm._transactions = kind(store=whole.store, registry=registry, clock=whole.clock, ids=whole.ids, pace=whole.pace)
    crm._welcome_system()
    return crm, store_


def effects(crm: CRM) -> list[tuple[str, int]]:
    """What happened, by name and version; ids differ between attempts."""
    return [(event.name, event.version) for event in rows(crm)["journal"]]


@frozen
class Trial:
    """A function whose effects are known, run on a store that fails."""

    crm: CRM
    store: Faulty
    do: Do
    added: list[tuple[str, int]]  #: its effects
    again: bool  #: after the first fault everything fails
    given: bool  #: under an id of the caller


def check_faults(crm: CRM, store: Faulty, do: Do, *, again: bool, given: bool = False) -> None:
    """With a fault at any call, before or after it took effect, nothing is lost or doubled and the answer is true."""
    before = effects(crm)
    crm.run(None, do)
    added, number, fell = effects(crm)[len(before) :], 0, True
    assert added
    trial = Trial(crm, store, do, added, again, given)
    while fell:
        number += 1
        for when in WHEN:
            fell = check_fault(trial, number, when)


def check_fault(trial: Trial, number: int, when: When) -> bool:
    """One fault: whether there was such a call at all."""
    crm, store, do, added = trial.crm, trial.store, trial.do, trial.added
    before, answer = effects(crm), None
    operation = crm._transactions.ids() if trial.given else None
    with store.failing(number, when, again=trial.again):
        try:
            answer = crm.run(None, do, operation=operation)
            expected = [added]
        except Unavailable:
            expected = [[]]
        except OutcomeUnknown as error:
            operation, expected = error.operation, [[], added]  # type: ignore[assignment]
        fell = store.failed > 0
    assert effects(crm)[len(before) :] in expected, (number, when)
    if operation is not None:
        settled = crm.run(None, do, operation=operation)
        assert answer in (None, settled)
        assert effects(crm)[len(before) :] == added
    fits_journal(crm)
    return fell


def captured(tx: Transaction) -> Any:
    """Commands with several statements."""
    found = tx.sales.capture_lead(topic="Oil")
    account = tx.customers.add_account(name=f"For {found.id}")
    done = tx.sales.qualify(found.id, account=account.id)
    assert done.opportunity
    return tx.sales.win(done.opportunity.id)


@pytest.mark.parametrize("lasting", ["once", "for good"])
@pytest.mark.parametrize("named", ["unnamed", "named"])
@pytest.mark.parametrize("store", LOCAL)
def test_a_fault_anywhere_loses_and_doubles_nothing(store: str, named: str, lasting: str, tmp_path: Path) -> None:
    """The n-th call fails, for every n: effect once, or `Unavailable` and none, or `OutcomeUnknown` to be settled."""
    crm, front = faulty(tmp_path, store)
    with crm:
        check_faults(crm, front, captured, again=lasting == "for good", given=named == "named")


@pytest.mark.parametrize(("kind", "front"), [(Unlooking, Faulty), (Transactions, Hasty)])
def test_the_check_of_faults_finds_a_bug(kind: type[Transactions], front: type[Faulty], tmp_path: Path) -> None:
    """Trying again without looking doubles, acknowledging before commit loses: both are found."""
    crm, store = faulty(tmp_path, "memory", kind, front)
    with crm, pytest.raises(AssertionError):
        check_faults(crm, store, captured, again=False)


def test_a_single_attempt_in_doubt_is_looked_up(tmp_path: Path) -> None:
    """`transaction` ends well if the store says it was done, and with `OutcomeUnknown` if it does not."""
    crm, store = faulty(tmp_path, "memory")
    with crm:
        before = len(effects(crm))
        with store.failing(1, "after", commits=True), crm.transaction() as tx:
            tx.people.add_user(name="Ann")
        assert len(effects(crm)) == before + 1

        with (
            pytest.raises(OutcomeUnknown) as unknown,
            store.failing(1, "before", commits=True),
            crm.transaction() as tx,
        ):
            tx.people.add_user(name="Bob")
        assert len(effects(crm)) == before + 1
        assert crm.run(None, lambda tx: tx.people.add_user(name="Bob"), operation=unknown.value.operation).name == "Bob"  # type: ignore[arg-type]


# whatever writes

MAILER = Consumer(name="mailer", kinds=("lead",), schedule=(timedelta(0),))


def dead_letter(crm: CRM) -> Delivery:
    """One that no mailer could take."""

    def stumble(_: Held) -> None:
        raise ValueError

    crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"))
    crm.deliver(MAILER, stumble)
    with crm.read() as view:
        return view.deliveries.dead()[0]


@pytest.mark.parametrize("when", WHEN)
def test_a_letter_in_doubt_is_looked_up(when: When, tmp_path: Path) -> None:
    """Sent again it has no event, and its COMMIT may be lost all the same."""
    crm, store = faulty(tmp_path, "memory")
    with crm:
        letter = dead_letter(crm)
        with store.failing(1, when, commits=True):
            if when == "before":
                with pytest.raises(OutcomeUnknown), crm.transaction() as tx:
                    tx.deliveries.resend(letter.id)
            else:
                with crm.transaction() as tx:
                    tx.deliveries.resend(letter.id)
        assert store.failed
        with crm.read() as view:
            assert len(view.deliveries.dead()) == (when == "before")


@pytest.mark.parametrize("when", WHEN)
def test_a_letter_is_sent_again_once(when: When, tmp_path: Path) -> None:
    """`run` knows its own commit again."""
    crm, store = faulty(tmp_path, "memory")
    with crm:
        letter = dead_letter(crm)
        with store.failing(1, when, commits=True):
            crm.run(None, lambda tx: tx.deliveries.resend(letter.id))
        assert store.failed
        with crm.read() as view:
            assert view.deliveries.dead() == ()


@pytest.mark.parametrize("when", WHEN)
def test_a_repair_in_doubt_is_looked_up(when: When, tmp_path: Path) -> None:
    """It says that it put right what it did put right."""
    crm, store = faulty(tmp_path, "memory")
    with crm:
        found = crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"))
        with crm.transaction() as tx:
            tx.writing().delete("lead", [found.id])
        repaired: list[bool] = []
        with suppress(OutcomeUnknown), store.failing(1, when, commits=True):
            crm.replay(repair=True)
            repaired.append(True)
        assert repaired == [True] * bool(crm.replay())


def test_only_what_wrote_nothing_is_never_in_doubt(tmp_path: Path) -> None:
    """Writing without any command is nothing that could be looked up; reading needs no commit."""
    crm, store = faulty(tmp_path, "memory")
    with crm:
        found = crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"))
        with store.failing(1, "before", commits=True), crm.transaction():
            pass
        assert store.failed
        with pytest.raises(OutcomeUnknown), store.failing(1, "before", commits=True), crm.transaction() as tx:
            tx.writing().delete("lead", [found.id])
        assert store.failed


def test_the_doubt_of_somebody_else_is_none_of_its_own() -> None:
    """What is raised inside is raised, and the transaction is undone."""
    with CRM.open("memory:") as crm:
        with pytest.raises(Ambiguous), crm.transaction() as tx:
            tx.sales.capture_lead(topic="Oil")
            raise Ambiguous("the connection of something else was lost")

        with crm.read() as view:
            assert view.of(Lead).count() == 0


@pytest.mark.parametrize("store", LOCAL)
def test_a_host_that_goes_on_after_a_fault_keeps_nothing(store: str, tmp_path: Path) -> None:
    """Whatever was asked: a database may have undone the half of it already when it says no."""
    crm, front = faulty(tmp_path, store)
    with crm:
        letter = dead_letter(crm)
        before, number, fell = effects(crm), 1, True
        while fell:
            number += 1
            with suppress(StoreError, OutcomeUnknown), front.failing(number, "before"), crm.transaction() as tx:
                tx.people.add_user(name="Ann")
                tx.flush()
                with suppress(StoreError):
                    tx.of(Lead).count()
                with suppress(StoreError):
                    tx.deliveries.resend(letter.id)
                with suppress(StoreError):
                    list(tx.journal())
            fell = front.failed > 0
            assert effects(crm)[len(before) :] == ([] if fell else [("user.added", 1)]), number


# waiting and giving up


class Waiting:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def pace(self) -> Pace:
        """Chance at its highest."""
        return Pace(sleep=self.slept.append, chance=lambda: 1.0, monotonic=lambda: sum(self.slept))


def busy(error: Exception, times: int) -> tuple[Do, list[int]]:
    """Something that is in somebody's way that many times."""
    calls: list[int] = []

    def do(tx: Transaction) -> str:
        calls.append(1)
        tx.people.add_user(name="Ann")
        if len(calls) <= times:
            raise error
        return "done"

    return do, calls


@pytest.mark.parametrize("error", [Retryable("busy"), Conflict("stale")])
def test_what_is_in_the_way_is_waited_for(error: Exception, tmp_path: Path) -> None:
    """Longer each time, up to a quarter of a second; nothing of a failed attempt stays."""
    waiting = Waiting()
    with opened("memory", tmp_path, pace=waiting.pace()) as crm:
        do, calls = busy(error, ATTEMPTS - 1)
        assert crm.run(None, do) == "done"
        assert len(calls) == ATTEMPTS
        assert waiting.slept == [0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.25, 0.25, 0.25]
        assert effects(crm) == [("user.added", 1)] * 2


def test_after_ten_attempts_nothing_is_done(tmp_path: Path) -> None:
    """`Unavailable`, and the reason of the last attempt."""
    with opened("memory", tmp_path, pace=NO_WAIT) as crm:
        do, calls = busy(Retryable("somebody is in the way"), 99)
        with pytest.raises(Unavailable, match="somebody is in the way"):
            crm.run(None, do)
        assert len(calls) == ATTEMPTS
        assert effects(crm) == [("user.added", 1)]


def test_a_conflict_at_every_attempt_is_told_as_one(crm: CRM) -> None:
    """Who brings a record of yesterday is told which, and that trying again is of no use."""
    old = crm.run(None, lambda tx: tx.sales.capture_lead(topic="Oil"))
    crm.run(None, lambda tx: tx.sales.contact(old.id))

    with pytest.raises(Unavailable, match="has changed since it was read.*within what is run") as told:
        crm.run(None, lambda tx: tx.revise(evolve(old, topic="Olives")))

    assert told.value.facts == {"because": "conflict", "ids": [str(old.id)]}
    with crm.read() as view:
        assert view.of(Lead).get(old.id).topic == "Oil"


def test_no_attempt_begins_after_the_deadline(tmp_path: Path) -> None:
    """Waits that would end later are not begun either; there is always a first attempt."""
    for deadline, attempts in ((0.0, 1), (0.011, 2), (0.012, 3)):
        waiting = Waiting()
        with opened("memory", tmp_path, pace=waiting.pace()) as crm:
            do, calls = busy(Retryable("busy"), 99)
            with pytest.raises(Unavailable):
                crm.run(None, do, deadline=timedelta(seconds=deadline))
            assert len(calls) == attempts


@pytest.mark.parametrize("error", [NotFound("no"), Invalid("x", "no"), StoreError("broken"), KeyError("mine")])
def test_what_no_waiting_helps_is_raised_at_once(error: Exception, crm: CRM) -> None:
    """Errors of the business, of the host and of a broken store."""
    do, calls = busy(error, 99)
    with pytest.raises(type(error)):
        crm.run(None, do)
    assert len(calls) == 1


def test_nobody_but_an_active_user_runs_anything(crm: CRM) -> None:
    """As in a transaction."""
    with pytest.raises(NotFound):
        crm.run(OPERATION, lambda tx: tx.people.add_user(name="Ann"))


# async hosts


def test_an_async_host_runs_the_same_function(crm: CRM) -> None:
    """Many at once, each kept once."""

    async def host() -> list[User]:
        def named(name: str) -> Do:
            return lambda tx: tx.people.add_user(name=name)

        return list(await asyncio.gather(*(crm.arun(None, named(f"U{number}")) for number in range(8))))

    users = asyncio.run(host())

    with crm.transaction() as tx:
        assert {tx.of(User).get(user.id) for user in users} == set(users)
    fits_journal(crm)


def test_a_closed_crm_runs_nothing(crm: CRM) -> None:
    """On its threads neither."""
    crm.close()
    with pytest.raises(StoreError, match="closed"):
        asyncio.run(crm.arun(None, story))


def test_a_crm_is_not_closed_by_what_arun_calls(crm: CRM) -> None:
    """Its thread would wait for itself; nothing is done, and the CRM stays open."""
    with pytest.raises(StoreError, match="close it when arun has answered"):
        asyncio.run(crm.arun(None, lambda _: crm.close()))

    assert asyncio.run(crm.arun(None, lambda tx: tx.people.add_user(name="Ann"))).name == "Ann"


def test_a_cancelled_run_leaves_nothing_half_way(crm: CRM) -> None:
    """What has begun goes on to its end on its thread; `close` waits for it."""
    begun, go = Signal(), Signal()

    def slow(tx: Transaction) -> User:
        found = tx.people.add_user(name="Ann")
        begun.set()
        go.wait()
        return found

    async def host() -> None:
        task = asyncio.create_task(crm.arun(None, slow, operation=OPERATION))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        go.set()

    asyncio.run(host())

    assert asyncio.run(crm.arun(None, lambda tx: tx.people.add_user(name="Ann"), operation=OPERATION)).name == "Ann"
    assert effects(crm) == [("user.added", 1)] * 2
