"""Programs that race each other over one SQLite file, and what must be true of it afterwards.

Run as a program, it is one of the racers: `races.py increment URL RECORD THREADS TIMES` or `races.py capture URL`.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep

from attrs import define, evolve, field

from crmkit import CRM
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import replay
from crmkit.core.sales.product import Product

Write = Callable[[CRM, Id[Product]], None]


def increment(crm: CRM, id: Id[Product]) -> None:
    """One more, read and written in one transaction."""
    with crm.transaction() as tx:
        product = tx.of(Product).get(id)
        tx.revise(evolve(product, name=str(int(product.name) + 1)))


def careless(crm: CRM, id: Id[Product]) -> None:
    """One more than there was; a fault: somebody else may have counted since it was read."""
    with crm.read() as view:
        seen = int(view.of(Product).get(id).name)
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Product).get(id), name=str(seen + 1)))


def counter(crm: CRM) -> Id[Product]:
    """A record that counts in its name."""
    with crm.transaction() as tx:
        return tx.sales.add_product(code="counter", name="0").id


def raced(crm: CRM, id: Id[Product], *, threads: int, times: int, write: Write = increment) -> list[float]:
    """The seconds that each write took, of so many threads that write so many times each; raises what they raised."""
    took: list[float] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(times):
                began = perf_counter()
                write(crm, id)
                took.append(perf_counter() - began)
        except BaseException as error:  # noqa: BLE001 - the one who joins raises it
            failed.append(error)

    workers = [Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    return took


def check_count(crm: CRM, id: Id[Product], expected: int) -> None:
    """Nothing is lost: the record and its journal have counted every increment, each once."""
    with crm.read() as view:
        product = view.of(Product).get(id)
        assert int(product.name) == expected
        names = [event.changes["name"][1] for event in view.history(product)]
        assert names == [str(number) for number in range(expected + 1)]


def check_whole(crm: CRM) -> None:
    """The journal, replayed, gives the rows that there are."""
    with crm.read() as view:
        rebuilt = replay(view.model, view.session.history())
        for kind, model in view.model.entities.items():
            rows = view.session.page(kind, Const(value=True))
            assert {row[model.position["id"]]: row for row in rows} == rebuilt.get(kind, {}), kind


def program(*arguments: str, script: Path = Path(__file__)) -> subprocess.Popen[str]:
    """A racer in a process of its own, which says what it does line by line."""
    return subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True)


@define
class Said:
    """What writers said before they were killed: a line tears with its writer and then says nothing."""

    begun: set[str] = field(factory=set)
    kept: set[str] = field(factory=set)

    def heard(self, text: str) -> None:
        """Take down what a writer printed."""
        for line in text.splitlines(keepends=True):
            said, _, key = line.rstrip("\n").partition(" ")
            if line.endswith("\n"):
                (self.kept if said == "kept" else self.begun).add(key)


def killed(writers: Sequence[subprocess.Popen[str]], seconds: float, said: Said) -> None:
    """Let them work for a while, then kill them all in the middle of it; raises if one ended by itself."""
    heard = [["", ""] for _ in writers]

    def listen(place: int, writer: subprocess.Popen[str]) -> None:
        assert writer.stdout is not None
        heard[place][0] = writer.stdout.readline()
        heard[place][1] = writer.stdout.read()

    listeners = [Thread(target=listen, args=each) for each in enumerate(writers)]
    for listener in listeners:
        listener.start()
    while not all(first for first, _ in heard) and all(writer.poll() is None for writer in writers):
        sleep(0.001)
    sleep(seconds)
    ended = [writer.poll() for writer in writers]
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    for listener, writer, texts in zip(listeners, writers, heard, strict=True):
        listener.join()
        assert writer.stdout is not None
        writer.stdout.close()
        said.heard("".join(texts))
    assert ended == [None] * len(writers), "a writer ended by itself"


def check_kept(crm: CRM, said: Said) -> None:
    """What was acknowledged is there, what is there was begun, and rows and journal agree."""
    with crm.read() as view:
        there = {product.code for product in view.of(Product).iterate()}
    assert said.kept <= there, f"lost: {len(said.kept - there)}"
    assert there <= said.begun | said.kept, "there is what nobody wrote"
    check_whole(crm)


def capture(url: str, *, early: bool = False) -> None:
    """Add products until killed, saying before each that it is begun and after each that it is kept.

    `early` is a fault: it says so before the commit.
    """
    with CRM.open(url) as crm:
        for number in range(10**9):
            key = f"{os.getpid()}-{number}-{random.getrandbits(32)}"
            os.write(1, f"begun {key}\n".encode())
            with crm.transaction() as tx:
                tx.sales.add_product(code=key, name=key)
                if early:
                    tx.flush()
                    os.write(1, f"kept {key}\n".encode())
            os.write(1, f"kept {key}\n".encode())


def count(url: str, record: str, threads: str, times: str) -> None:
    """Increment, and print the seconds that each took."""
    with CRM.open(url) as crm:
        print(*raced(crm, Id(record), threads=int(threads), times=int(times)))


def main(what: str, url: str, *rest: str) -> None:
    """Race."""
    if what == "capture":
        capture(url, early="early" in rest)
    else:
        count(url, *rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
