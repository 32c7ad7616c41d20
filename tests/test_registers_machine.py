"""Guards, counters and keys driven by machine: all stores side by side, against dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.crms import STORES, opened, undone

from crmkit.core.kernel.criteria import Param, where
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.product import Product
from crmkit.crm import CRM
from crmkit.transaction import Transaction

WHO = st.sampled_from([uuid7(1_800_000_000_000, number) for number in range(3)])
KEYS = st.sampled_from(["a", "A", "a ", "한", "'; --"])
SOME = st.lists(KEYS, max_size=4)
RENAME = Sweep("rename", Product, where("name") == Param("old"), {"name": Param("new")}, event="product.renamed")


class Machine(RuleBasedStateMachine):
    """Every rule is done on all stores, kept or undone; they answer alike, and as plain dictionaries do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.opened = [opened(store, Path(self.folder.name)) for store in STORES]
        self.crms: list[CRM] = [context.__enter__() for context in self.opened]
        self.counters: dict[str, int] = {}
        self.holders: dict[tuple[str, str], Id[Any]] = {}
        self.names: dict[Id[Any], str] = {}

    def teardown(self) -> None:
        """Close what was opened."""
        for context in self.opened:
            context.__exit__(None, None, None)
        self.folder.cleanup()

    def done(self, do: Callable[[Transaction], Any], *, keep: bool = True) -> Any:
        """The same answer of all stores, also when its operation is run again."""
        answers = []
        for crm in self.crms:
            with crm.transaction() if keep else undone(crm) as tx:
                answers.append(do(tx))
            with crm.read() as view:
                kept = view.session.operation(tx.stamp.operation)
            if kept is not None:
                assert crm.run(None, do, operation=kept.id) == answers[-1]
        assert all(answer == answers[0] for answer in answers)
        return answers[0]

    @initialize()
    def three_products(self) -> None:
        """There is something to guard."""
        added = self.done(lambda tx: tuple(tx.sales.add_product(code=code, name="x").id for code in "abc"))
        self.names = dict.fromkeys(added, "x")

    @rule(key=KEYS, by=st.sampled_from([-2, -1, 1, 2]), most=st.none() | st.integers(0, 4), keep=st.booleans())
    def add(self, key: str, by: int, most: int | None, keep: bool) -> None:  # noqa: FBT001 - drawn
        """Count, within bounds."""
        counted = self.done(lambda tx: tx.counters.add(key, by, most=most), keep=keep)
        value = self.counters.get(key, 0)
        fits = value + by >= 0 and (most is None or value + by <= most)
        assert (counted.done, counted.value) == (fits, value + by if fits else value)
        assert (counted.refusal is None) == fits
        if fits and keep:
            self.counters[key] = value + by

    @rule(space=st.sampled_from("st"), keys=SOME, who=WHO, keep=st.booleans())
    def reserve(self, space: str, keys: list[str], who: Id[Any], keep: bool) -> None:  # noqa: FBT001 - drawn
        """Have what is free."""
        found = self.done(lambda tx: tx.keys.reserve(space, keys, holder=who), keep=keep)
        after = {key: self.holders.get((space, key), who) for key in keys}
        assert found.held == tuple(key for key, by in after.items() if by == who)
        assert dict(found.taken) == {key: by for key, by in after.items() if by != who}
        if keep:
            self.holders |= {(space, key): by for key, by in after.items()}

    @rule(space=st.sampled_from("st"), keys=SOME, who=WHO, to=st.none() | WHO, keep=st.booleans())
    def let_go(self, space: str, keys: list[str], who: Id[Any], to: Id[Any] | None, keep: bool) -> None:  # noqa: FBT001
        """Give away what is one's own."""

        def do(tx: Transaction) -> object:
            if to is None:
                return tx.keys.release(space, keys, holder=who)
            return tx.keys.hand_over(space, keys, holder=who, to=to)

        self.done(do, keep=keep)
        if keep:
            for key in keys:
                if self.holders.get((space, key)) == who:
                    del self.holders[space, key]
                    if to is not None:
                        self.holders[space, key] = to

    @rule(places=st.lists(st.integers(0, 2), max_size=4), old=st.sampled_from("xX"), new=st.sampled_from("xyX"))
    def guard(self, places: list[int], old: str, new: str) -> None:
        """Rename those that are called so, as names compare; a name that it has already is no change."""
        ids = [list(self.names)[place] for place in places]
        found = self.done(lambda tx: tx.guarded(RENAME, ids, params={"old": old, "new": new}))
        wanted = list(dict.fromkeys(ids))
        done = [id for id in wanted if self.names[id].lower() == old.lower() and self.names[id] != new]
        assert found.done == tuple(done)
        assert found.left == tuple(id for id in wanted if id not in done)
        self.names |= dict.fromkeys(done, new)

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        """On every store."""
        for crm in self.crms:
            with crm.read() as view:
                for key in ("a", "A", "a ", "한", "'; --"):
                    assert view.counters.value(key) == self.counters.get(key, 0)
                for who in {*self.holders.values()}:
                    assert view.keys.of(who) == tuple(sorted(key for key, by in self.holders.items() if by == who))
                for space in "st":
                    held = {key: by for (of, key), by in self.holders.items() if of == space}
                    assert view.keys.holders(space, ["a", "A", "a ", "한", "'; --"]) == held
                assert {product.id: product.name for product in view.of(Product).find()} == self.names


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=settings().max_examples // 12, stateful_step_count=20, deadline=None)
