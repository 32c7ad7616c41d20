"""Plugins before and after a commit: what they are asked and told, how often, and what becomes of their faults."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest

from crmkit.core.kernel.criteria import ALWAYS
from crmkit.core.kernel.errors import Ambiguous, Conflict, CrmError, PluginError, Retryable, StoreError, Veto
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.sweep import Sweep, Swept
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.plugins import implements, spec
from crmkit.transaction import Transaction

from .conftest import Opening

Does = Callable[[Sequence[Event], Sequence[Swept]], Any]


class Before:
    """Does something before every commit, and remembers what it was asked."""

    def __init__(self, does: Does = lambda events, swept: None) -> None:
        self.does, self.heard = does, list[tuple[Sequence[Event], Sequence[Swept]]]()

    @implements(spec.before_commit)
    def before(self, events: Sequence[Event], swept: Sequence[Swept]) -> None:
        """As told."""
        self.heard.append((events, swept))
        return self.does(events, swept)  # type: ignore[no-any-return]


class After(Before):
    """Does something after every commit."""

    before = None  # type: ignore[assignment]

    @implements(spec.after_commit)
    def after(self, events: Sequence[Event], swept: Sequence[Swept]) -> None:
        """As told."""
        self.heard.append((events, swept))
        return self.does(events, swept)  # type: ignore[no-any-return]


def raising(error: BaseException) -> Does:
    """Raises."""

    def fails(events: Sequence[Event], swept: Sequence[Swept]) -> None:
        raise error

    return fails


def capture(tx: Transaction) -> Lead:
    """Something happens."""
    return tx.sales.capture_lead(topic="Credit card")


def forget(tx: Transaction) -> None:
    """Something happens, and nothing is answered."""
    capture(tx)


def leads(crm: CRM) -> int:
    """How many there are."""
    with crm.read() as view:
        return view.of(Lead).count()


def names(heard: list[tuple[Sequence[Event], Sequence[Swept]]]) -> list[list[str]]:
    """Of events, for each transaction."""
    return [[event.name for event in events] for events, _ in heard]


def test_plugins_hear_of_each_transaction_once(opening: Opening) -> None:
    """Before and after, with all its events in their order, and of its sweeps as one value each."""
    before, after = Before(), After()
    with opening(before, after) as crm:
        with crm.transaction() as tx:
            lead = capture(tx)
            tx.of(Lead).find()  # flushes
            tx.sales.contact(lead.id)
        with crm.transaction() as tx:
            swept = tx.sweep(Sweep("mark", Lead, ALWAYS, {"tags": frozenset({"x"})}, event="lead.marked"))

    assert names(before.heard) == [["lead.captured", "lead.contacted"], []]
    assert [swept for _, swept in before.heard] == [(), (swept,)]
    assert before.heard == after.heard


def test_plugins_hear_nothing_where_nothing_happened(opening: Opening) -> None:
    """Neither of opening, nor of reading, nor of what was undone, nor of sweeps that found nothing."""
    before, after = Before(), After()
    with opening(before, after) as crm:
        with crm.transaction() as tx:
            tx.of(Lead).find()
            tx.sweep(Sweep("mark", Lead, ALWAYS, {"tags": frozenset({"x"})}, event="lead.marked"))
        with pytest.raises(ZeroDivisionError), crm.transaction() as tx:
            capture(tx)
            raise ZeroDivisionError

    assert before.heard == after.heard == []


def test_an_operation_that_is_run_again_is_not_told_again(opening: Opening) -> None:
    """It changes nothing the second time."""
    after = After()
    with opening(after) as crm:
        operation = crm.run(None, capture).id
        for _ in range(2):
            crm.run(None, capture, operation=operation)

    assert names(after.heard) == [["lead.captured"], ["lead.captured"]]


def test_a_veto_stops_the_transaction_in_its_own_words(opening: Opening) -> None:
    """Nothing is kept, nobody is told, and the next transaction works."""
    before, after = Before(raising(Veto("no leads on Sundays", hint="come back tomorrow"))), After()
    with opening(before, after) as crm:
        for _ in range(2):
            with (
                pytest.raises(Veto, match=r"^no leads on Sundays \(come back tomorrow\)$") as vetoed,
                crm.transaction() as tx,
            ):
                capture(tx)
        with pytest.raises(Veto):
            crm.run(None, capture)
        assert leads(crm) == 0
        before.does = lambda events, swept: None
        crm.run(None, capture)
        assert leads(crm) == 1

    assert vetoed.value.facts["plugin"] == "Before"
    assert len(before.heard) == 4
    assert names(after.heard) == [["lead.captured"]]


@pytest.mark.parametrize(
    "does",
    [
        raising(ValueError("of mine")),
        raising(SystemExit(3)),
        raising(GeneratorExit()),
        raising(Conflict("feigned")),
        raising(Retryable("feigned")),
        raising(Ambiguous("feigned")),
        lambda events, swept: False,
        lambda events, swept: swept.append(None),
        lambda events, swept: events[0].details.clear(),
        lambda events, swept: events[0].changes.update(topic=(None, "mine")),
        lambda events, swept: events[0].changes["tags"][1].append("mine"),
        lambda events, swept: setattr(events[0], "name", "lead.mine"),
    ],
)
def test_a_plugin_that_fails_before_a_commit_stops_it_and_is_named(does: Does, opening: Opening) -> None:
    """Whatever it does: nothing is kept, it is tried once, and the CRM goes on."""
    before, after = Before(does), After()
    with opening(before, after) as crm:
        with pytest.raises(PluginError, match="the plugin Before (raised|answered) .* in before_commit") as failed:
            crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card", tags=frozenset("a")))
        assert leads(crm) == 0
        assert not list(crm.plugins.failures)

    assert failed.value.plugin == "Before"
    assert (len(before.heard), after.heard) == (1, [])


def test_an_interruption_is_no_fault_of_a_plugin(opening: Opening) -> None:
    """Ctrl-C ends the program, also while a plugin is asked; nothing is kept."""
    with opening(Before(raising(KeyboardInterrupt()))) as crm:
        with pytest.raises(KeyboardInterrupt), crm.transaction() as tx:
            capture(tx)
        assert leads(crm) == 0


def test_whoever_is_asked_before_a_commit_begins_nothing(opening: Opening) -> None:
    """Neither in the work, which is over, nor in a transaction of its own; what was there before can be read."""
    with opening(before := Before()) as crm:
        crm.run(None, capture)
        seen: list[Any] = []

        def calls_back(events: Sequence[Event], swept: Sequence[Swept]) -> None:
            for begin in (lambda: capture(tx), lambda: crm.run(None, capture), lambda: crm.transaction().__enter__()):
                with pytest.raises(StoreError) as refused:
                    begin()
                seen.append(str(refused.value))
            seen.append(leads(crm))

        before.does = calls_back
        with crm.transaction() as tx:
            capture(tx)
        assert leads(crm) == 2

    assert "is over" in seen[0]
    assert seen[1] == seen[2]
    assert "Before is asked before a commit" in seen[1]
    assert seen[3] == 1


def test_another_crm_is_not_what_is_being_committed(opening: Opening) -> None:
    """A plugin may write what it was asked into a CRM of its own."""
    with CRM.open("memory:", discover=False) as other, opening(before := Before()) as crm:
        before.does = lambda events, swept: other.run(None, forget)
        crm.run(None, capture)

        assert (leads(crm), leads(other)) == (1, 1)


@pytest.mark.parametrize(
    "error", [ValueError("of mine"), SystemExit(3), KeyboardInterrupt(), Veto("too late"), StoreError("feigned")]
)
def test_a_plugin_that_fails_after_a_commit_is_counted(
    error: BaseException, opening: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged by name, the transaction is kept, and those behind it are told."""
    fails, hears = After(raising(error)), Hears()
    with opening(fails, hears) as crm:
        for _ in range(2):
            crm.run(None, capture)
        assert leads(crm) == 2
        assert crm.plugins.failures == {"After": 2}
        assert "After" in str(crm.plugins)
        assert type(error).__name__ in str(crm.plugins)

    assert names(hears.heard) == [["lead.captured"]] * 2
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "the plugin After raised" in caplog.text


class Hears(After):
    """Another one."""


def test_what_is_answered_to_news_is_a_fault(opening: Opening) -> None:
    """Somebody believes that it has a meaning."""
    with opening(After(lambda events, swept: False)) as crm:
        crm.run(None, capture)

        assert crm.plugins.failures == {"After": 1}


def test_a_plugin_that_hangs_costs_one_wait(opening: Opening) -> None:
    """Whoever commits goes on after the limit; it is told nothing while it hangs, and of what comes later again."""
    end, hangs, hears = Signal(), After(), Hears()
    hangs.does = lambda events, swept: (end.wait(20), None)[1]
    with opening(hangs, hears, listening=0.1) as crm:
        for _ in range(3):
            crm.run(None, capture)
        assert (len(hangs.heard), len(hears.heard)) == (1, 3)
        assert crm.plugins.failures == {"After": 3}
        assert "was not told, for it is still busy" in str(crm.plugins)
        end.set()
        for thread in crm.plugins._listening._late.values():
            thread.join()
        crm.run(None, capture)
        assert (len(hangs.heard), crm.plugins.failures) == (2, {"After": 3})
        assert leads(crm) == 4


def test_what_a_plugin_does_because_it_was_told_is_not_told_to_it(opening: Opening) -> None:
    """It writes in a transaction of its own; two that write do not set each other off for ever."""
    first, second = After(), Hears()
    with opening(first, second) as crm:
        first.does = second.does = lambda events, swept: crm.run(None, forget)
        crm.run(None, capture)

        assert leads(crm) == 5  # its own, one of each for that, and one of each for the other's
        assert crm.plugins.failures == {}

    assert (len(first.heard), len(second.heard)) == (2, 2)


def test_what_plugins_get_shares_nothing_with_what_is_kept(opening: Opening) -> None:
    """Also where a store keeps the events themselves."""
    before = Before()
    with opening(before) as crm:
        crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card", tags=frozenset("ab")))
        with crm.read() as view:
            kept = [event for event in view.journal() if event.name == "lead.captured"]

    (told,) = before.heard[0][0]
    shown: Any = told.changes["tags"][1]
    assert (shown, kept[0].changes["tags"][1]) == (("a", "b"), ["a", "b"])
    assert (told.name, told.id, told.version, told.stamp) == (kept[0].name, kept[0].id, 1, kept[0].stamp)


def test_each_attempt_is_asked_and_the_one_that_is_kept_is_told(opening: Opening) -> None:
    """A transaction that is tried again is another one."""
    before, after, tries = Before(), After(), iter([Retryable("busy"), Conflict("changed"), None])
    with opening(before, after) as crm:
        store: Any = crm._opened()
        begins = store.begin

        def begin() -> Any:
            session, error = begins(), next(tries)
            if error is not None:
                session.commit = raising_once(error)
            return session

        store.begin = begin
        crm.run(None, capture)
        assert leads(crm) == 1

    assert (len(before.heard), len(after.heard)) == (3, 1)


def raising_once(error: CrmError) -> Callable[[], None]:
    """A commit that fails."""

    def commit() -> None:
        raise error

    return commit


def test_no_thread_for_a_listener_is_no_failure_of_the_caller(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was committed is, and the report says who was not told."""

    def none(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with opening(After()) as crm:
        monkeypatch.setattr(Thread, "start", none)
        lead = crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card"))
        monkeypatch.undo()
        assert crm.plugins.failures == {"After": 1}
        with crm.read() as view:
            assert view.of(type(lead)).get(lead.id) == lead
