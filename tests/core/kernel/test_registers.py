"""Guarded changes, counters and reserved keys as a transaction has them: values that say what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from support.crms import STORES, opened

from crmkit.core.kernel.criteria import ALWAYS, Param, where
from crmkit.core.kernel.errors import Invalid, Refused
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.keys import Keys
from crmkit.core.kernel.replaying import replayed
from crmkit.core.kernel.sweep import Guarded, Sweep
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus, opportunity
from crmkit.crm import CRM
from crmkit.transaction import Transaction

OPERATION, ANN, BOB = (uuid7(1_800_000_000_000, number) for number in range(3))
HOLD = Sweep("hold", Opportunity, ALWAYS, move=opportunity.hold)
HOSTILE_KEYS: list[Any] = ["", "  ", "x" * 201, "a\0b", "\ud800", 7, None, b"k"]


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """An empty CRM."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def deals(tx: Transaction, *names: str) -> list[Id[Opportunity]]:
    """Open opportunities."""
    return [tx.sales.open_opportunity(name=name).id for name in names]


class TestGuarded:
    def test_each_record_is_done_or_left(self, crm: CRM) -> None:
        """In the order given, each once; what the move needs is part of the condition, and nobody unknown is done."""
        with crm.transaction() as tx:
            one, two, three = deals(tx, "one", "two", "three")
            tx.move(opportunity.hold, two)
            nobody = tx.new_id(Opportunity)

            found = tx.guarded(HOLD, [three, nobody, two, three])

            assert found == Guarded(done=(three,), left=(nobody, two))
            assert [tx.of(Opportunity).get(id).status for id in (one, two, three)] == [
                OpportunityStatus.OPEN,
                OpportunityStatus.ON_HOLD,
                OpportunityStatus.ON_HOLD,
            ]
            assert [event.name for event in tx.history(tx.of(Opportunity).get(three))][-1] == "opportunity.held"
            assert tx.guarded(HOLD, []) == Guarded(done=(), left=())

    def test_the_condition_is_the_callers(self, crm: CRM) -> None:
        """With parameters; what was put off is written before."""
        named = Sweep("s", Opportunity, where("name") == Param("name"), {"name": "done"}, event="opportunity.renamed")
        with crm.transaction() as tx:
            one, two = deals(tx, "one", "two")

            assert tx.guarded(named, [one, two], params={"name": "TWO"}).done == (two,)
            assert tx.of(Opportunity).get(two).name == "done"

    def test_what_is_kept_ready_follows(self, crm: CRM) -> None:
        """As after any sweep."""
        with crm.transaction() as tx:
            one, two = deals(tx, "one", "two")
            for id in (one, two):
                tx.move(opportunity.lose, id, reason="cancelled")
            back = tx.guarded(Sweep("back", Opportunity, ALWAYS, move=opportunity.reopen), [two])

            tx.flush()
            assert back.done == (two,)
            assert replayed(tx.session, tx.registry)

    def test_what_are_no_ids_is_refused(self, crm: CRM) -> None:
        """So are too many."""
        wrong: list[Any] = [["7"], "no ids", [None], [ANN] * 1001]
        for ids in wrong:
            with crm.transaction() as tx, pytest.raises(Invalid) as refused:
                tx.guarded(HOLD, ids)
            assert refused.value.field == "ids"


class TestCounters:
    def test_a_limit_is_a_value_that_says_why(self, crm: CRM) -> None:
        """Up to the limit it counts; beyond, nothing is added and the facts are there to be shown."""
        with crm.transaction() as tx:
            assert tx.counters.add("held", 2, most=3).require("claiming") == 2
            over = tx.counters.add("held", 2, most=3)
            under = tx.counters.add("held", -3)

            assert (over.done, over.value, under.done, tx.counters.value("held")) == (False, 2, False, 2)
            assert over.refusal is not None and under.refusal is not None
            assert (over.refusal.code, over.refusal.facts) == (
                "over_limit",
                {"key": "held", "value": 2, "by": 2, "limit": 3},
            )
            assert (under.refusal.code, under.refusal.facts["limit"]) == ("under_limit", 0)
            with pytest.raises(Refused, match="claiming is refused: 2 of 3 are taken"):
                over.require("claiming")
            assert tx.counters.add("debt", -3, least=-5).value == -3

    def test_a_counter_is_undone_with_its_transaction(self, crm: CRM) -> None:
        """Also if it began there."""
        with pytest.raises(ZeroDivisionError), crm.transaction() as tx:
            tx.counters.add("held")
            raise ZeroDivisionError
        with crm.read() as view:
            assert view.counters.value("held") == 0

    def test_what_cannot_be_a_key_is_refused(self, crm: CRM) -> None:
        """Also where it is only looked for; the transaction goes on."""
        with crm.transaction() as tx:
            attempts: tuple[Callable[[Any], object], ...] = (tx.counters.add, tx.counters.value)
            for key, attempt in product(HOSTILE_KEYS, attempts):
                with pytest.raises(Invalid) as refused:
                    attempt(key)
                assert refused.value.field == "key"
            assert tx.counters.add("k").value == 1

    def test_what_is_no_number_is_refused(self, crm: CRM) -> None:
        """Whole ones of 63 bits are; adding nothing is not meant."""
        wrong: dict[str, list[Any]] = {"by": [0, 2**63, 1.0, True], "most": [2**63], "least": ["0", None]}
        with crm.transaction() as tx:
            for field, value in [(field, value) for field, values in wrong.items() for value in values]:
                with pytest.raises(Invalid) as refused:
                    tx.counters.add("k", **{field: value})
                assert refused.value.field == field
            assert tx.counters.value("k") == 0


class TestKeys:
    def test_reserving_says_what_is_held_and_what_is_taken(self, crm: CRM) -> None:
        """In the order given; whose it is stands beside it."""
        with crm.transaction() as tx:
            assert tx.keys.reserve("email", ["b@x", "a@x", "b@x"], holder=ANN).held == ("b@x", "a@x")
            found = tx.keys.reserve("email", ["c@x", "a@x"], holder=BOB)

            assert (found.held, found.taken) == (("c@x",), (("a@x", ANN),))
            assert found.refusal is not None
            assert (found.refusal.code, found.refusal.facts["taken"]) == ("key_taken", {"a@x": str(ANN)})
            with pytest.raises(Refused, match="email a@x is taken"):
                found.require("capturing")
            assert tx.keys.holders("email", ["a@x", "z@x"]) == {"a@x": ANN}
            assert tx.keys.of(BOB) == (("email", "c@x"),)

    def test_only_its_holder_lets_a_key_go(self, crm: CRM) -> None:
        """To somebody else, or to nobody."""
        with crm.transaction() as tx:
            tx.keys.reserve("email", ["a", "b"], holder=ANN).require("this")
            tx.keys.release("email", ["a"], holder=BOB)
            assert tx.keys.hand_over("email", ["a"], holder=BOB, to=BOB).taken == (("a", ANN),)
            assert tx.keys.hand_over("email", ["a", "c"], holder=ANN, to=BOB).held == ("a",)
            tx.keys.release("email", ["a", "b"], holder=ANN)

            assert tx.keys.holders("email", ["a", "b", "c"]) == {"a": BOB}

    def test_what_cannot_be_a_key_or_a_space_is_refused(self, crm: CRM) -> None:
        """Also where it is only looked for; so is a text in the place of a list, and what is no id."""
        attempts: tuple[Callable[[Keys, Any], object], ...] = (
            lambda keys, key: keys.reserve("s", ["k", key], holder=ANN),
            lambda keys, key: keys.reserve(key, ["k"], holder=ANN),
            lambda keys, key: keys.release(key, ["k"], holder=ANN),
            lambda keys, key: keys.hand_over("s", [key], holder=ANN, to=BOB),
            lambda keys, key: keys.holders("s", [key]),
            lambda keys, key: keys.holders(key, ["k"]),
            lambda keys, _: keys.reserve("s", "text", holder=ANN),
            lambda keys, _: keys.reserve("s", ["k"] * 1001, holder=ANN),
            lambda keys, key: keys.reserve("s", ["k"], holder=key),
            lambda keys, key: keys.of(key),
        )
        with crm.transaction() as tx:
            for key, attempt in product(HOSTILE_KEYS, attempts):
                with pytest.raises(Invalid):
                    attempt(tx.keys, key)
            assert tx.keys.of(ANN) == ()


class TestOperations:
    def test_again_they_answer_as_then(self, crm: CRM) -> None:
        """Counted once, reserved once, changed once, however often it is run; whatever happened since."""

        def do(tx: Transaction) -> tuple[Any, ...]:
            (deal,) = deals(tx, "deal")
            return (
                tx.guarded(HOLD, [deal, ANN]),
                tx.counters.add("c", 2, most=3),
                tx.counters.add("c", 2, most=3),
                tx.keys.reserve("s", ["a", "b"], holder=ANN),
                tx.keys.reserve("s", ["a", "c"], holder=BOB),
                tx.keys.hand_over("s", ["c"], holder=BOB, to=ANN),
                tx.keys.release("s", ["b"], holder=ANN),
            )

        first = crm.run(None, do, operation=OPERATION)
        with crm.transaction() as tx:
            tx.counters.add("c", -1)
            tx.keys.release("s", ["a"], holder=ANN)

        assert crm.run(None, do, operation=OPERATION) == first
        with crm.read() as view:
            assert (view.counters.value("c"), view.keys.of(ANN)) == (1, (("s", "c"),))
        with pytest.raises(Invalid, match="operation"):
            crm.run(None, lambda tx: tx.counters.add("c", 2, most=4), operation=OPERATION)

    @pytest.mark.parametrize(
        "do",
        [
            lambda tx, _: tx.counters.add("c"),
            lambda tx, _: tx.keys.reserve("s", ["k"], holder=ANN),
            lambda tx, _: tx.sweep(HOLD),
            lambda tx, ids: tx.guarded(HOLD, ids),
        ],
        ids=["counter", "keys", "sweep", "guarded"],
    )
    def test_what_only_they_wrote_is_an_operation(
        self, crm: CRM, do: Callable[[Transaction, list[Any]], object]
    ) -> None:
        """So that an error at COMMIT can be cleared up, and nothing is counted twice."""
        with crm.transaction() as tx:
            ids = deals(tx, "deal")
        with crm.transaction() as tx:
            do(tx, ids)
        with crm.read() as view:
            kept = view.session.operation(tx.stamp.operation)
            assert kept is not None and len(kept.commands) == 1

    def test_where_nothing_was_written_there_is_none(self, crm: CRM) -> None:
        """A limit that was reached, and records that were left."""
        with crm.transaction() as tx:
            assert not tx.counters.add("c", 2, most=1).done
            assert tx.guarded(HOLD, [ANN]).left == (ANN,)
            tx.sweep(HOLD)
        with crm.read() as view:
            assert view.session.operation(tx.stamp.operation) is None
