"""What a store promises of sweeps: rows, journal and count are those of a naive reading."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from crmkit.core.kernel.criteria import ALWAYS, where
from crmkit.core.kernel.errors import Conflict, Invalid
from crmkit.core.kernel.store import Session, Store
from crmkit.core.kernel.sweep import Sweep
from crmkit.testing.contract.checks import EVERYBODY, check_sweep, unkept
from crmkit.testing.contract.supplied import Supplied, a_sweep, at_once, commit, one_store
from crmkit.testing.world.records import AcmeVisit, Firm, Visit
from crmkit.testing.world.samples import HOSTILE, an_event, an_id, cell, exactly, firm, row_of, visit
from crmkit.testing.world.strategies import Situation
from crmkit.testing.world.sweeps import sweeps


class Sweeps(Supplied):
    """One pass over a kind, journaled."""

    @pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
    def test_a_sweep_journals_what_was_there_exactly(self, session: Session, fields: dict[str, Any]) -> None:
        """Every value, however odd, stands in the journal as it was before, and as it is given."""
        before, odd = visit(1), Visit(**{"id": an_id(2), "version": 1, **fields})
        session.insert("visit", [before, row_of(odd)])
        names = [name for name in fields if name != "ext"]
        given = {name: getattr(odd, name) for name in names} | {
            f"acme.{name}": getattr(odd.ext[AcmeVisit], name) for name in ("vip", "nick", "level") if "ext" in fields
        }
        plain = {name: getattr(Visit(id=an_id(1)), name) for name in names} | {"note": "plain"}
        to_odd = Sweep("odd", Visit, where("id") == an_id(1), given or {"done": True}, event="visit.odd")
        to_plain = Sweep("plain", Visit, where("id") == an_id(2), plain, event="visit.plain")

        for sweep, row in ((to_odd, before), (to_plain, row_of(odd))):
            ground = a_sweep(sweep)
            meant = ground.step(row)
            session.sweep(ground)
            assert meant is not None
            (event,) = session.history(kind="visit", id=cell("visit", row, "id"))

            assert evolve(event, sequence=0) == meant[1]
            assert [exactly(found) for found in session.load("visit", [event.id])] == [exactly(meant[0])]

    def test_a_sweep_sees_all_records_as_they_were(self, session: Session) -> None:
        """What it does to one record makes no difference for another, whichever is first."""
        chain = [firm(1, region="east"), *(firm(number, parent_id=an_id(number - 1)) for number in range(2, 6))]
        session.insert("firm", chain)

        swept = session.sweep(
            a_sweep(Sweep("s", Firm, where("parent.region") == "east", {"region": "east"}, event="firm.s"))
        )

        assert swept.count == 1
        assert [cell("firm", row, "region") for row in session.page("firm", EVERYBODY)] == ["east", "east", *[None] * 3]

    def test_a_sweep_that_a_key_refuses_names_the_field(self, store: Store) -> None:
        """Two records of one key, or a reference to nowhere; but not where nobody is swept."""
        for sweep, field in (
            (Sweep("s", Firm, ALWAYS, {"key": "K"}, event="firm.s"), "key"),
            (Sweep("s", Firm, ALWAYS, {"region": "x", "name": "ＡＢＣ"}, event="firm.s"), "name"),
            (Sweep("s", Visit, ALWAYS, {"firm_id": an_id(9)}, event="visit.s"), "firm_id"),
        ):
            with unkept(store) as session:
                assert session.sweep(a_sweep(sweep)).count == 0
                session.insert("firm", [firm(1), firm(2)])
                session.insert("visit", [visit(3)])
                with pytest.raises(Invalid) as refused:
                    session.sweep(a_sweep(sweep))
                assert refused.value.field == field

    def test_a_sweep_does_not_write_an_event_that_is_there(self, session: Session) -> None:
        """A version that the journal has already is a conflict."""
        session.insert("firm", [firm(1)])
        session.record([an_event("firm", firm(1, version=2))])

        with pytest.raises(Conflict):
            session.sweep(a_sweep(Sweep("s", Firm, ALWAYS, {"region": "x"}, event="firm.s")))

    def test_a_sweep_changes_what_it_told_of_and_nothing_else(self, store: Store) -> None:
        """Also beside another one of the same operation, as somebody has who asks again before the answer is there."""
        commit(store, insert=[visit(1), visit(2), visit(3)])
        first = store.begin()
        first.sweep(a_sweep(Sweep("s", Visit, where("id").in_([an_id(1), an_id(3)]), {"note": "1st"}, event="visit.s")))

        def second() -> tuple[int, list[tuple[Any, ...]]]:
            with unkept(store) as other:
                both = where("id").in_([an_id(1), an_id(2)])
                swept = other.sweep(a_sweep(Sweep("s", Visit, both, {"score": 5}, event="visit.s")))
                names = ("version", "note", "score")
                found = [tuple(cell("visit", row, name) for name in names) for row in other.page("visit", EVERYBODY)]
                return swept.count, found

        (told,) = at_once([second], meanwhile=first.commit)

        assert told == (2, [(3, "1st", 5), (2, None, 5), (2, "1st", None)])

    @one_store
    @given(case=sweeps())
    def test_a_sweep_does_what_it_says(self, store: Store, case: tuple[Situation, Sweep]) -> None:
        """Whatever is swept in whatever world: rows, journal and count are those of a naive reading, once and again."""
        check_sweep(store, case)
