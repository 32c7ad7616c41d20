"""Clients that race each other over one CRM, as threads and as processes, and are killed; and what is true afterwards.

Each client is a function of a CRM and of its own name. In processes of their own, every one opens the CRM by its URL;
these come from a server that has everything imported, so that a new one is there in a moment.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final, TypeVar

from attrs import define, evolve, field, frozen

from crmkit import CRM
from crmkit.core.kernel.criteria import Param, where
from crmkit.core.kernel.errors import Unavailable
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.product import Product
from crmkit.transaction import Transaction
from support.linearizable import Call

T = TypeVar("T")
Client = Callable[[CRM, str], T]
Holders = tuple[Id[Any], dict[str, Id[Any]]]  #: who a client was, and whom it was told to have each key

PROCESSES: Final = get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "psycopg", "pymysql", "support.warm"])

START_UP: Final = 60  #: seconds that a process may take to be there
BETWEEN: Final = 0.001  #: seconds for which a careless client believes what it has read

FREE: Final = "nobody"
TAKE: Final = Sweep("take", Product, where("name") == FREE, {"name": Param("who")}, event="product.taken")
GIVE: Final = Sweep("give", Product, where("name") == Param("who"), {"name": FREE}, event="product.given")


def process(target: Callable[..., object], *given: object) -> BaseProcess:
    """A new process that does it; what the server of processes imports is looked for where we have it from."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [before])])
    try:
        begun = PROCESSES.Process(target=target, args=given)
        begun.start()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return begun


def persistent(crm: CRM, do: Callable[[Transaction], T], operation: Id[Any] | None = None) -> T:
    """What it answers, however many are in its way for however long."""
    while True:
        with suppress(Unavailable):
            return crm.run(None, do, operation=operation)


def in_threads(crm: CRM, client: Client[T], threads: int, name: str = "") -> list[T]:
    """What so many clients answer; raises what one of them raised."""
    answers: list[T] = []
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            answers.append(client(crm, f"{name}{number}"))
        except BaseException as error:  # noqa: BLE001 - the one who joins raises it
            failed.append(error)

    workers = [Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failed:
        raise failed[0]
    return answers


def in_processes(url: str, client: Client[T], processes: int, threads: int) -> list[T]:
    """What the clients in the threads of so many processes answer."""
    start, pipes, racers = PROCESSES.Barrier(processes), [], []
    within = partial(in_threads, client=client, threads=threads)
    for number in range(processes):
        ours, theirs = PROCESSES.Pipe(duplex=False)
        racers.append(process(_race, url, partial(within, name=f"{number}-"), start, theirs))
        theirs.close()
        pipes.append(ours)
    answers: list[T] = []
    for pipe, racer in zip(pipes, racers, strict=True):
        with suppress(EOFError):
            answers += pipe.recv()
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * processes
    return answers


def _race(url: str, race: Callable[..., object], start: Barrier, tell: Connection) -> None:
    try:
        with CRM.open(url) as crm:
            start.wait(START_UP)
            tell.send(race(crm))
    except BaseException:
        start.abort()
        raise


# what clients do


def products(crm: CRM, name: str, *codes: str) -> list[Id[Product]]:
    """New products of this name."""
    with crm.transaction() as tx:
        return [tx.sales.add_product(code=code, name=name).id for code in codes]


def increment(crm: CRM, _: str, *, id: Id[Product], times: int) -> list[float]:
    """Count in the name of a record, read and written in one transaction; the seconds that each took."""

    def one_more(tx: Transaction) -> None:
        product = tx.of(Product).get(id)
        tx.revise(evolve(product, name=str(int(product.name) + 1)))

    return [_timed(partial(persistent, crm, one_more)) for _ in range(times)]


def careless_increment(crm: CRM, _: str, *, id: Id[Product], times: int) -> list[float]:
    """A fault: somebody else may have counted since it was read."""

    def one_more() -> None:
        with crm.read() as view:
            seen = int(view.of(Product).get(id).name)
        sleep(BETWEEN)
        persistent(crm, lambda tx: tx.revise(evolve(tx.of(Product).get(id), name=str(seen + 1))))

    return [_timed(one_more) for _ in range(times)]


def _timed(do: Callable[[], object]) -> float:
    began = monotonic()
    do()
    return monotonic() - began


def take(crm: CRM, who: str, *, ids: Sequence[Id[Product]], at_once: int = 10, back: bool = False) -> list[Call]:
    """Try to take every record, some at once, from another place on for each client; `back`: and give them back."""
    shift = hash(who) % len(ids)
    wanted = [*ids[shift:], *ids[:shift]]
    told: list[Call] = []
    for some in [wanted[start : start + at_once] for start in range(0, len(wanted), at_once)]:
        for name, sweep in (("take", TAKE), ("give", GIVE)) if back else (("take", TAKE),):
            begun = monotonic()
            found = persistent(crm, partial(Transaction.guarded, sweep=sweep, ids=some, params={"who": who}))
            told += _calls(name, who, some, found.done, begun)
    return told


def careless_take(crm: CRM, who: str, *, ids: Sequence[Id[Product]]) -> list[Call]:
    """A fault: what is free when it is looked at may be taken when it is written."""
    told: list[Call] = []
    for id in ids:
        begun = monotonic()
        with crm.read() as view:
            free = view.of(Product).get(id).name == FREE
        sleep(BETWEEN)
        if free:
            persistent(crm, lambda tx: tx.revise(evolve(tx.of(Product).get(id), name=who)))  # noqa: B023 - at once
        told += _calls("take", who, [id], [id] if free else [], begun)
    return told


def _calls(name: str, who: str, ids: Sequence[Id[Any]], done: Sequence[Id[Any]], begun: float) -> list[Call]:
    ended = monotonic()
    return [Call(key=str(id), name=name, given=who, answer=id in done, begun=begun, ended=ended) for id in ids]


def count(crm: CRM, who: str, *, keys: Sequence[str], most: int, back: bool = False) -> list[Call]:
    """Add to every counter as far as its limit allows; `back`: and sometimes take it off again."""
    told: list[Call] = []
    for place, key in enumerate(keys):
        steps = (1, -1, 1) if back and (place + hash(who)) % 3 == 0 else (1,)
        for by in steps:
            begun = monotonic()
            counted = persistent(crm, lambda tx: tx.counters.add(key, by, most=most))  # noqa: B023 - at once
            answer = counted.value if counted.done else None
            told.append(Call(key=key, name="add", given=(by, most), answer=answer, begun=begun, ended=monotonic()))
    return told


def careless_count(crm: CRM, _: str, *, keys: Sequence[str], most: int) -> list[Call]:
    """A fault: it counts first, and writes then."""
    told: list[Call] = []
    for key in keys:
        begun = monotonic()
        with crm.read() as view:
            fits = view.counters.value(key) < most
        sleep(BETWEEN)
        answer = persistent(crm, lambda tx: tx.counters.add(key)).value if fits else None  # noqa: B023 - at once
        told.append(Call(key=key, name="add", given=(1, most), answer=answer, begun=begun, ended=monotonic()))
    return told


def reserve(crm: CRM, _: str, *, space: str, keys: Sequence[str]) -> list[Holders]:
    """Try to reserve every key; who it was, and who was said to have each."""
    me = uuid7(int(monotonic() * 1000), int.from_bytes(os.urandom(9), "big"))
    told: dict[str, Id[Any]] = {}
    for some in [keys[start : start + 5] for start in range(0, len(keys), 5)]:
        found = persistent(crm, lambda tx: tx.keys.reserve(space, some, holder=me))  # noqa: B023 - at once
        told |= {**dict.fromkeys(found.held, me), **dict(found.taken)}
    return [(me, told)]


# what is true afterwards


def check_count(crm: CRM, id: Id[Product], expected: int) -> None:
    """Nothing is lost: the record and its journal have counted every increment, each once."""
    with crm.read() as view:
        product = view.of(Product).get(id)
        assert int(product.name) == expected
        names = [event.changes["name"][1] for event in view.history(product)]
        assert names == [str(number) for number in range(expected + 1)]


def check_taken(crm: CRM, ids: Sequence[Id[Product]], told: Sequence[Call]) -> None:
    """Every record has exactly one winner, who is the one that it says, and one event more than it had."""
    winners = [(call.key, call.given) for call in told if call.answer]
    assert len(winners) == len(dict(winners)) == len(ids), f"{len(winners)} winners of {len(ids)}"
    with crm.read() as view:
        rows = {row[0]: row for row in view.session.load("product", ids)}
        for id in ids:
            product = view.model.of(Product).build(rows[id])
            assert (product.name, product.version) == (dict(winners)[str(id)], 2)


def check_whole(crm: CRM) -> None:
    """The journal, replayed, gives the rows that there are."""
    with crm.read() as view:
        rebuilt = replay(view.model, view.session.history())
        for kind, model in view.model.entities.items():
            rows = view.session.page(kind, Const(value=True))
            assert {row[model.position["id"]]: row for row in rows} == rebuilt.get(kind, {}), kind


# clients that are killed


@frozen
class Writer:
    """A client that adds product after product, each in an operation of its own, and says what it does.

    An operation adds a product, counts it and reserves its key. `fault` is one of: "early" says kept before it is,
    "twice" counts in a transaction of its own.
    """

    fault: str = ""

    def __call__(self, url: str, seed: int, tell: Connection) -> None:
        """Until killed."""
        line = tell.fileno()
        with CRM.open(url) as crm:
            for number in range(10**9):
                operation = uuid7(seed, number)
                os.write(line, f"begun {operation}\n".encode())
                if self.fault == "early":
                    os.write(line, f"kept {operation}\n".encode())
                self.do(crm, operation)
                os.write(line, f"kept {operation}\n".encode())

    def do(self, crm: CRM, operation: Id[Any]) -> None:
        """The operation, if it is not done."""
        if self.fault == "twice":
            persistent(crm, lambda tx: tx.counters.add("products"))
        persistent(crm, partial(self.add, code=str(operation)), operation)

    def add(self, tx: Transaction, code: str) -> None:
        """All that belongs together."""
        product = tx.sales.add_product(code=code, name=code)
        tx.keys.reserve("product", [code], holder=product.id).require("adding")
        if self.fault != "twice":
            tx.counters.add("products")


@define
class Said:
    """What writers said before they were killed: a line tears with its writer and then says nothing."""

    begun: set[str] = field(factory=set)
    kept: set[str] = field(factory=set)

    def heard(self, text: str) -> None:
        """Take down what a writer wrote."""
        for line in text.splitlines(keepends=True):
            said, _, operation = line.rstrip("\n").partition(" ")
            if line.endswith("\n"):
                (self.kept if said == "kept" else self.begun).add(operation)


def killed(url: str, writer: Writer, seeds: Sequence[int], seconds: float, said: Said) -> None:
    """Let a writer work for each seed, then kill them all in the middle of it; raises if one ended by itself."""
    racers, pipes = [], []
    for seed in seeds:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        racers.append(process(writer, url, seed, theirs))
        theirs.close()
        pipes.append(ours)
    for pipe in pipes:
        pipe.poll(START_UP)  # until it has begun
    until = monotonic() + seconds
    heard = [b"" for _ in pipes]
    while monotonic() < until:
        for place, pipe in enumerate(pipes):
            if pipe.poll(0):
                heard[place] += os.read(pipe.fileno(), 65536)
        sleep(0.0005)
    ended = [racer.exitcode for racer in racers]
    for racer in racers:
        if racer.pid is not None:
            os.kill(racer.pid, signal.SIGKILL)
    for place, (pipe, racer) in enumerate(zip(pipes, racers, strict=True)):
        racer.join()
        while rest := os.read(pipe.fileno(), 65536):
            heard[place] += rest
        pipe.close()
        said.heard(heard[place].decode())
    assert ended == [None] * len(racers), "a writer ended by itself"


def check_kept(crm: CRM, writer: Writer, said: Said) -> None:
    """What was acknowledged is there; once what was begun is asked for again, all of it is there once.

    Products, events, operations, keys and the counter tell of the same.
    """
    with crm.read() as view:
        there = {product.code for product in view.of(Product).iterate()}
    assert said.kept <= there, f"lost: {len(said.kept - there)}"
    assert there <= said.begun | said.kept, "there is what nobody wrote"
    for operation in said.begun - said.kept:
        writer.do(crm, Id(operation))
        said.kept.add(operation)
    with crm.read() as view:
        codes = [product.code for product in view.of(Product).iterate()]
        assert sorted(codes) == sorted(said.begun)
        assert view.counters.value("products") == len(codes), "counted twice, or not at all"
        made = [event for event in view.session.history(kind="product") if event.version == 1]
        assert {str(event.stamp.operation) for event in made} == said.begun and len(made) == len(codes)
        for product in view.of(Product).iterate():
            assert view.keys.of(product.id) == (("product", product.code),)
            kept = view.session.operation(Id(product.code))
            assert kept is not None and kept.commands[0].name == "sales.add_product"
    check_whole(crm)
