"""Consumers: at least once, effect once, one worker at a time, whatever fails and however the clock jumps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.crms import STORES, opened

from crmkit import CRM
from crmkit.areas import leases
from crmkit.consuming import Held, Round
from crmkit.core.deliveries.consumer import SCHEDULE, Consumer
from crmkit.core.deliveries.delivery import NOT_ENDED, Delivery, DeliveryStatus, Message
from crmkit.core.kernel.errors import IllegalMove, Invalid, NotFound
from crmkit.core.kernel.ids import Id
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.product import Product
from crmkit.testing import FixedClock
from crmkit.transaction import Transaction

MAILER = Consumer(name="mailer", kinds=("lead",))
NOW = timedelta(0)


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the CRM."""
    return FixedClock()


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[CRM]:
    """A CRM on every store."""
    with opened(request.param, tmp_path, clock) as crm:
        yield crm


def captured(crm: CRM, topic: str = "Oil") -> Lead:
    """A new lead, in a transaction of its own."""
    return crm.run(None, lambda tx: tx.sales.capture_lead(topic=topic, source="web"))


def contacted(crm: CRM, lead: Lead) -> None:
    """The same lead, a step further."""
    crm.run(None, lambda tx: tx.sales.contact(lead.id))


def kept(crm: CRM) -> tuple[Delivery, ...]:
    """What is not done yet."""
    with crm.read() as view:
        return view.of(Delivery).find(order=("position", "sequence"))


class Receiver:
    """Takes down what it is handed, and fails where it is told to."""

    def __init__(self, *fails_at: str) -> None:
        self.fails_at = fails_at
        self.got: list[str] = []
        self.ids: list[Id[Delivery]] = []

    def __call__(self, held: Held) -> None:
        """Take a delivery."""
        self.ids.append(held.message.id)
        event = held.message.event
        self.got.append(event.name)
        if event.name in self.fails_at or str(event.id) in self.fails_at:
            raise ConnectionError(f"no line for {event.name}\0\ud800")


def test_what_happened_is_delivered_once_and_in_order(crm: CRM) -> None:
    """What the consumer wants, from the beginning; a second round has what happened since."""
    lead = captured(crm)
    contacted(crm, lead)
    receiver = Receiver()

    assert crm.deliver(MAILER, receiver) == Round(done=2)
    assert crm.deliver(MAILER, receiver) == Round()
    captured(crm)
    assert crm.deliver(MAILER, receiver) == Round(done=1)
    assert receiver.got == ["lead.captured", "lead.contacted", "lead.captured"]
    assert len(set(receiver.ids)) == 3
    assert kept(crm) == ()


def test_consumers_do_not_know_of_each_other(crm: CRM) -> None:
    """Each has a cursor and message ids of its own."""
    captured(crm)
    one, other = Receiver(), Receiver()
    crm.deliver(MAILER, one)
    assert crm.deliver(Consumer(name="ledger", events=("lead.captured", "case.opened")), other) == Round(done=1)

    assert one.got == other.got == ["lead.captured"]
    assert one.ids != other.ids


def test_a_limit_is_how_many_are_tried(crm: CRM) -> None:
    """The rest waits for the next round."""
    for _ in range(3):
        captured(crm)

    assert [crm.deliver(MAILER, Receiver(), limit=2).tried for _ in range(3)] == [2, 1, 0]


def test_deliveries_leave_no_trace_in_the_journal(crm: CRM) -> None:
    """Their keeping is no event, and brings nothing to the feed."""
    captured(crm)
    before = crm.feed()
    crm.deliver(MAILER, Receiver("lead.captured"))
    crm.deliver(MAILER, Receiver())

    assert crm.feed() == before


def test_a_failure_is_tried_again_on_schedule_under_the_same_id(crm: CRM, clock: FixedClock) -> None:
    """Not before its time, a tenth sooner or later; after the last try it is a dead letter with what went wrong."""
    captured(crm)
    receiver = Receiver("lead.captured")
    for wait in SCHEDULE:
        clock.now += wait * 0.89
        assert wait == NOW or crm.deliver(MAILER, receiver) == Round()
        clock.now += wait * 0.22
        assert crm.deliver(MAILER, receiver) == (Round(dead=1) if wait == SCHEDULE[-1] else Round(failed=1))
    clock.advance(days=99)
    assert crm.deliver(MAILER, receiver) == Round()

    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == len(SCHEDULE)
    with crm.read() as view:
        (letter,) = view.deliveries.dead(consumer="mailer")
        assert view.deliveries.dead(consumer="other") == ()
    assert (letter.status, letter.tries, letter.fault) == (
        DeliveryStatus.DEAD,
        len(SCHEDULE),
        "ConnectionError: no line for lead.captured??",
    )


def test_a_bad_delivery_does_not_stop_the_others(crm: CRM) -> None:
    """Those behind it are delivered in the same round."""
    bad, good = captured(crm), captured(crm)
    receiver = Receiver(str(bad.id))

    assert crm.deliver(MAILER, receiver) == Round(done=1, failed=1)
    assert [each.record for each in kept(crm)] == [str(bad.id)]
    assert str(good.id) != str(bad.id)


def test_an_ordered_consumer_waits_for_what_went_before_of_the_same_record(crm: CRM, clock: FixedClock) -> None:
    """Also for a dead letter, until it is sent again or dropped; other records go on."""
    ordered = evolve(MAILER, ordered=True, schedule=(NOW, timedelta(minutes=1)))
    lead = captured(crm)
    contacted(crm, lead)
    captured(crm)
    receiver = Receiver("lead.captured")

    assert crm.deliver(ordered, receiver) == Round(failed=2)
    clock.advance(minutes=2)
    assert crm.deliver(ordered, receiver) == Round(dead=2)
    assert crm.deliver(ordered, receiver) == Round()
    with crm.read() as view:
        first, second = view.deliveries.dead()
    crm.run(None, lambda tx: tx.deliveries.drop(first.id))
    assert crm.deliver(ordered, receiver) == Round(done=1)
    crm.run(None, lambda tx: tx.deliveries.resend(second.id))
    assert crm.deliver(ordered, Receiver()) == Round(done=1)
    assert kept(crm) == ()


def test_only_a_dead_letter_is_sent_again_or_dropped(crm: CRM) -> None:
    """One that waits is not dead, and one that is done is not there."""
    captured(crm)
    crm.deliver(MAILER, Receiver("lead.captured"))
    (waiting,) = kept(crm)
    with pytest.raises(IllegalMove):
        crm.run(None, lambda tx: tx.deliveries.resend(waiting.id))
    with pytest.raises(IllegalMove):
        crm.run(None, lambda tx: tx.deliveries.drop(waiting.id))
    with pytest.raises(NotFound):
        crm.run(None, lambda tx: tx.deliveries.resend(tx.new_id(Delivery)))


def test_a_leased_delivery_is_left_alone_until_its_lease_runs_out(crm: CRM, clock: FixedClock) -> None:
    """A second worker has it then; the first finds that it lost it, and nothing is done twice by the store."""
    captured(crm)
    second = Receiver()
    seen: list[Round] = []

    def slow(held: Held) -> None:
        seen.append(crm.deliver(MAILER, second))
        clock.now += timedelta(seconds=59)
        seen.append(crm.deliver(MAILER, second))
        clock.now += timedelta(seconds=2)
        seen.append(crm.deliver(MAILER, second))
        seen.append(Round(done=int(held.renew())))

    assert crm.deliver(MAILER, slow) == Round(lost=1)
    assert seen == [Round(), Round(), Round(done=1), Round(done=0)]


def test_a_lease_that_is_renewed_lasts(crm: CRM, clock: FixedClock) -> None:
    """However long the handling takes."""
    captured(crm)
    second = Receiver()

    def slow(held: Held) -> None:
        for _ in range(4):
            clock.now += timedelta(seconds=50)
            assert held.renew()
            crm.deliver(MAILER, second)

    assert crm.deliver(MAILER, slow) == Round(done=1)
    assert second.got == []


def test_a_worker_that_always_dies_leaves_a_dead_letter(crm: CRM, clock: FixedClock) -> None:
    """What kills its workers is not tried for ever."""

    class Killed(BaseException):
        """The worker is gone."""

    def dies(_: Held) -> None:
        raise Killed

    captured(crm)
    twice = evolve(MAILER, schedule=(NOW, NOW))
    for _ in range(2):
        with pytest.raises(Killed):
            crm.deliver(twice, dies)
        clock.advance(minutes=2)

    assert crm.deliver(twice, dies) == Round()
    assert [(each.status, each.fault) for each in kept(crm)] == [(DeliveryStatus.DEAD, NOT_ENDED)]


def tally(tx: Transaction, message: Message) -> None:
    """An effect in the same CRM that would show if it came twice."""
    tx.sales.add_product(code=f"{tx.of(Product).count()}", name=str(message.event.id))


def test_an_effect_is_kept_with_the_delivery_or_not_at_all(crm: CRM) -> None:
    """What fails half-way leaves nothing, and is tried again; what was done is not done again."""
    captured(crm)

    def breaks(tx: Transaction, message: Message) -> None:
        tally(tx, message)
        tx.flush()
        raise ConnectionError

    assert crm.apply(MAILER, breaks) == Round(failed=1)
    with crm.read() as view:
        assert view.of(Product).count() == 0
    captured(crm)
    assert crm.apply(MAILER, tally) == Round(done=1)
    with crm.read() as view:
        assert view.of(Product).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        *({"name": " "}, {"name": 7}, {"events": "lead.captured"}, {"events": 5}, {"kinds": (5,)}),
        *({"lease": NOW}, {"schedule": ()}),
    ],
    ids=str,
)
def test_a_consumer_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    """The field is named."""
    with pytest.raises(Invalid):
        Consumer(**{"name": "mailer", **wrong})


@pytest.mark.parametrize("kind", ["laed", "delivery", ""])
def test_a_consumer_of_what_never_happens_does_not_wait_for_it(crm: CRM, kind: str) -> None:
    """No such kind of record, or none that has events: whoever begins hears of it."""
    deaf = Consumer(name="mailer", kinds=("lead", kind))
    told = f"kinds: no event is of a «{kind}»"
    with pytest.raises(Invalid, match=told):
        crm.deliver(deaf, Receiver())
    with pytest.raises(Invalid, match=told):
        crm.apply(deaf, lambda *_: None)


Effect = Callable[[Transaction, Message], object]
Worker = Callable[[CRM, Effect], object]


def applies(crm: CRM, effect: Effect) -> None:
    """As it should be."""
    crm.apply(MAILER, effect)


def settles_first(crm: CRM, effect: Effect) -> None:
    """A fault: it marks a delivery as done, and then does it."""

    def outside(held: Held) -> None:
        crm.run(None, lambda tx: leases.settle(tx, held.delivery))
        crm.run(None, lambda tx: effect(tx, held.message))

    crm.deliver(MAILER, outside)


def settles_apart(crm: CRM, effect: Effect) -> None:
    """A fault: the effect is kept in one transaction, and the delivery settled in another."""

    def outside(held: Held) -> None:
        crm.run(None, lambda tx: tally(tx, held.message))
        crm.run(None, lambda tx: effect(tx, held.message))

    crm.deliver(MAILER, outside)


def check_effects(crm: CRM, clock: FixedClock, worker: Worker) -> None:
    """Each event had its effect once, though a worker died in the middle of the second one."""
    for _ in range(3):
        captured(crm)
    calls = iter(range(99))

    def effect(tx: Transaction, message: Message) -> None:
        if worker is not settles_apart:
            tally(tx, message)
        if next(calls) == 1:
            raise KeyboardInterrupt

    for _ in range(3):
        with suppress(KeyboardInterrupt):
            worker(crm, effect)
        clock.advance(minutes=2)
    with crm.read() as view:
        done = sorted(product.name for product in view.of(Product).find())
        meant = sorted(str(lead.id) for lead in view.of(Lead).find())
    assert done == meant


def test_a_worker_that_dies_half_way_neither_loses_nor_doubles(crm: CRM, clock: FixedClock) -> None:
    """What it had in hand comes again, and what it had done of it is not there."""
    check_effects(crm, clock, applies)


@pytest.mark.parametrize("worker", [settles_first, settles_apart])
def test_a_worker_that_does_it_in_two_transactions_is_noticed(worker: Worker) -> None:
    """Marking before handling loses an effect, marking after it in another transaction doubles one."""
    clock = FixedClock()
    with CRM.open("memory:", clock=clock) as crm, pytest.raises(AssertionError):
        check_effects(crm, clock, worker)


class Machine(RuleBasedStateMachine):
    """Writers and two workers, one of which dies now and then, while the clock goes to and fro."""

    def __init__(self) -> None:
        super().__init__()
        self.folder, self.clock = TemporaryDirectory(), FixedClock()
        self.context = opened("memory", Path(self.folder.name), self.clock)
        self.crm = self.context.__enter__()
        self.consumer = Consumer(name="ledger", kinds=("lead",), ordered=True, schedule=(NOW,) * 1000)
        self.meant: list[tuple[Id[Any], int]] = []
        self.leads: list[Lead] = []

    def teardown(self) -> None:
        """In the end all is done."""
        self.clock.advance(days=1)
        while self.crm.apply(self.consumer, self.effect).tried:
            pass
        assert sorted(self.done()) == sorted(f"{id} {version}" for id, version in self.meant)
        self.context.__exit__(None, None, None)
        self.folder.cleanup()

    @rule()
    def capture(self) -> None:
        """Something happens."""
        self.leads.append(captured(self.crm))
        self.meant.append((self.leads[-1].id, 1))

    @rule(number=st.integers(0, 9))
    def contact(self, number: int) -> None:
        """It goes on."""
        if self.leads:
            lead = self.leads[number % len(self.leads)]
            version = 1 + max(version for id, version in self.meant if id == lead.id)
            contacted(self.crm, lead)
            self.meant.append((lead.id, version))

    @rule(seconds=st.integers(-90, 90))
    def jump(self, seconds: int) -> None:
        """The clock goes on, or back."""
        self.clock.now += timedelta(seconds=seconds)

    @rule(limit=st.integers(1, 3), fails=st.booleans())
    def work(self, limit: int, *, fails: bool) -> None:
        """A worker does its round, or fails after the effect."""

        def effect(tx: Transaction, message: Message) -> None:
            self.effect(tx, message)
            if fails:
                raise ConnectionError

        self.crm.apply(self.consumer, effect, limit=limit)

    def effect(self, tx: Transaction, message: Message) -> None:
        """Which event it was, and how many there were before it."""
        event = message.event
        tx.sales.add_product(code=f"{event.id} {event.version}", name=f"{tx.of(Product).count():09}")

    @rule()
    def die(self) -> None:
        """A worker dies with a delivery in hand."""

        def dies(_: Held) -> None:
            raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            self.crm.deliver(self.consumer, dies, limit=1)

    def done(self) -> list[str]:
        """The effects there are, in their order."""
        with self.crm.read() as view:
            return [product.code for product in view.of(Product).find(order=("name",))]

    @invariant()
    def effects_are_a_beginning_of_what_is_meant(self) -> None:
        """Of each record the first versions, each once, in order."""
        done = self.done()
        for lead in self.leads:
            mine = [code for code in done if code.startswith(str(lead.id))]
            assert mine == [f"{lead.id} {version}" for id, version in self.meant if id == lead.id][: len(mine)]


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
