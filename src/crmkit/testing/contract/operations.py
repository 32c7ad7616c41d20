"""What a store promises of operations: each is kept once and comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from crmkit.core.kernel.errors import Conflict
from crmkit.core.kernel.operation import Command, Operation
from crmkit.core.kernel.store import Store
from crmkit.testing.contract.checks import unkept
from crmkit.testing.contract.supplied import Supplied
from crmkit.testing.world.samples import FIRST, LAST, an_id


class Operations(Supplied):
    """Kept once, given back as they were."""

    def test_an_operation_comes_back_as_it_was(self, store: Store) -> None:
        """In its own transaction and after its commit, whatever its commands answered."""
        outcomes: list[Any] = [None, True, -(2**63), "한\u2028🎉\"'\\", [[], ["a", 1]], {"$": "firm", "version": 1}]
        commands = tuple(Command(name="sales.win", digest="0f", outcome=outcome) for outcome in outcomes)
        done = Operation(id=an_id(7), actor=an_id(8), at=LAST, cause="import «leads.csv»", commands=commands)
        bare = Operation(id=an_id(9), actor=an_id(8), at=FIRST)
        session = store.begin()
        assert session.operation(an_id(7)) is None
        for each in (done, bare):
            session.operation(each.id, done=each)
        assert (session.operation(an_id(7)), session.operation(an_id(9))) == (done, bare)
        session.commit()

        with unkept(store) as other:
            assert (other.operation(an_id(7)), other.operation(an_id(9))) == (done, bare)

    def test_an_operation_is_kept_once(self, store: Store) -> None:
        """A second one under the same id is a conflict, in the same transaction or a later one, and changes nothing."""
        first = Operation(id=an_id(7), actor=an_id(8), at=FIRST)
        for _ in range(2):
            with unkept(store) as session:
                session.operation(first.id, done=first)
                with pytest.raises(Conflict):
                    session.operation(first.id, done=evolve(first, at=LAST))
        session = store.begin()
        session.operation(first.id, done=first)
        session.commit()

        with unkept(store) as session:
            with pytest.raises(Conflict):
                session.operation(first.id, done=evolve(first, at=LAST))
            assert session.operation(first.id) == first
