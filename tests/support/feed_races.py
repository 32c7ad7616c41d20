"""Programs that write while the feed is read, or read it while they are killed, and what must be true of it.

Run as a program, it is one of them: `feed_races.py write URL RECORD TIMES SEED` or `feed_races.py apply URL`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from time import sleep

from attrs import evolve

from crmkit import CRM
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Message
from crmkit.core.kernel.errors import Unavailable
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.product import Product
from crmkit.transaction import Transaction

SLOWEST = 0.02  #: seconds between the last statement of a transaction and its commit

#: Its leases end soon, for its workers do.
LEDGER = Consumer(
    name="ledger", kinds=frozenset({"lead"}), lease=timedelta(seconds=0.5), schedule=(timedelta(0),) * 1000
)


def counter(crm: CRM) -> Id[Product]:
    """A record that counts in its name."""
    return Id.of(crm.run(None, lambda tx: tx.sales.add_product(code=str(tx.new_id(Product)), name="0")).id)


def program(*arguments: str) -> subprocess.Popen[str]:
    """One of these programs, in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True)


def killed(workers: Sequence[subprocess.Popen[str]], seconds: float) -> None:
    """Let them all begin to work, and kill them all a while later."""
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    sleep(seconds)
    for worker in workers:
        assert worker.poll() is None, "a worker ended by itself"
        worker.kill()
        worker.communicate()


def write(crm: CRM, record: Id[Product], times: int, seed: int) -> None:
    """Change one record that all change, or add one, in transactions that take their time."""
    chance = random.Random(seed)

    def step(tx: Transaction) -> None:
        if chance.random() < 0.5:
            product = tx.of(Product).get(record)
            tx.revise(evolve(product, name=str(int(product.name) + 1)))
        else:
            tx.sales.add_product(code=str(tx.new_id(Product)), name="0")
        tx.flush()
        sleep(chance.random() * SLOWEST)

    for _ in range(times):
        done = False
        while not done:
            with suppress(Unavailable):  # the others were quicker ten times
                crm.run(None, step, deadline=timedelta(minutes=2))
                done = True


Poll = Callable[[CRM, str | None], tuple[Sequence[Event], str]]


def by_feed(crm: CRM, after: str | None) -> tuple[Sequence[Event], str]:
    """As it should be."""
    page = crm.feed(after=after)
    return page.events, page.next


def by_last_number(crm: CRM, after: str | None) -> tuple[Sequence[Event], str]:
    """A fault: it remembers the last number of the journal that it saw."""
    with crm.read() as view:
        events = tuple(view.journal(after=int(after or 0), limit=100))
    return events, str(events[-1].sequence if events else after or 0)


def polled(crm: CRM, busy: Callable[[], bool], poll: Poll) -> list[Event]:
    """All that is seen, page by page, until nobody writes and nothing is new."""
    found: list[Event] = []
    after, last = None, False
    while True:
        last = not busy()
        events, after = poll(crm, after)
        found += events
        if last and not events:
            return found
        sleep(0.01)


def check_fed(crm: CRM, found: Sequence[Event]) -> None:
    """Whatever the journal has was seen, once, the versions of each record in their order."""
    with crm.read() as view:
        recorded = {(event.id, event.version) for event in view.journal()}
    seen: dict[Id[Product], list[int]] = {}
    for event in found:
        seen.setdefault(event.id, []).append(event.version)
    missed = recorded - {(id, version) for id, versions in seen.items() for version in versions}
    assert not missed, f"missed: {len(missed)} of {len(recorded)}"
    for versions in seen.values():
        assert versions == list(range(1, len(versions) + 1))


def effect(tx: Transaction, message: Message) -> None:
    """A product named by the event, so that a second one would be seen."""
    tx.sales.add_product(code=str(tx.new_id(Product)), name=f"{message.event.id} {message.event.version}")


def apply(url: str) -> None:
    """Do what follows from the feed, until killed, saying so each time."""
    with CRM.open(url) as crm:
        while True:
            os.write(1, f"kept {crm.apply(LEDGER, effect, limit=1).done}\n".encode())


def check_applied(crm: CRM) -> None:
    """Each event had its effect, and had it once."""
    with crm.read() as view:
        meant = sorted(f"{event.id} {event.version}" for event in view.journal() if event.kind == "lead")
        done = sorted(product.name for product in view.of(Product).find())
        assert len(meant) == view.of(Lead).count()
    assert done == meant


def main(what: str, url: str, *rest: str) -> None:
    """Race."""
    if what == "apply":
        apply(url)
        return
    record, times, seed = rest
    with CRM.open(url) as crm:
        write(crm, Id(record), int(times), int(seed))


if __name__ == "__main__":
    main(*sys.argv[1:])
