"""What a store promises of fields that were defined while the program ran: they mean what other fields mean."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import Criteria
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.journal import replay
from crmkit.core.kernel.store import Order, Session, Store
from crmkit.core.kernel.sweep import Sweep, bind_sweep
from crmkit.core.kernel.tally import Tally
from crmkit.testing.contract.checks import EVERYBODY, Asking, check_criteria, check_figures, unkept
from crmkit.testing.contract.supplied import Supplied, one_store
from crmkit.testing.world.mirror import MIRROR, asked, asked_tally, mirrored_column, mirrored_row, mirrored_world
from crmkit.testing.world.naive import Asked
from crmkit.testing.world.pools import PARAMS
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import (
    FIRMS,
    HOSTILE,
    SORTABLE,
    VISITS,
    an_event,
    cell,
    column,
    exactly,
    plainly_sorted,
    row_of,
    visit,
)
from crmkit.testing.world.strategies import Situation, criteria, situations
from crmkit.testing.world.sweeps import a_stamp, naively_swept, sweeps
from crmkit.testing.world.tallies import tallies

MIRRORED = Asking(model=MIRROR, world=mirrored_world, criteria=asked, tally=asked_tally)


class Customs(Supplied):
    """Whatever a field of a record may hold, one that was defined since may hold, and is asked in the same words."""

    @one_store
    @given(
        situation=situations(),
        of_visits=st.lists(criteria("visit"), min_size=4, max_size=8),
        of_firms=st.lists(criteria("firm"), min_size=2, max_size=4),
    )
    def test_conditions_mean_the_same_of_fields_defined_since(
        self, store: Store, situation: Situation, of_visits: list[Criteria], of_firms: list[Criteria]
    ) -> None:
        """Those and only those records that a naive reading of the fields that say the same names."""
        check_criteria(store, situation, {"visit": of_visits, "firm": of_firms}, MIRRORED)

    @one_store
    @given(situation=situations(), tally=tallies("visit") | tallies("firm"))
    def test_figures_mean_the_same_of_fields_defined_since(
        self, store: Store, situation: Situation, tally: Tally
    ) -> None:
        """Groups, counts and spans of time; and the records behind each figure can be listed."""
        check_figures(store, situation, tally, MIRRORED)

    @one_store
    @given(case=sweeps())
    def test_sweeps_find_records_by_fields_defined_since(self, store: Store, case: tuple[Situation, Sweep]) -> None:
        """The events are those of a naive reading, and leave those fields as they are."""
        situation, sweep = case
        clock, world, kind = situation.clock, mirrored_world(situation.world), kind_of(sweep.entity)
        meant = naively_swept(sweep, Asked(world, clock.now, clock.zone, PARAMS), a_stamp(clock))
        put = evolve(sweep, where=asked(sweep.where, kind))
        ground = bind_sweep(put, model=MIRROR, stamp=a_stamp(clock), zone=clock.zone, params=PARAMS)
        with unkept(store, world) as session:
            swept = session.sweep(ground)

            events = [evolve(event, sequence=0) for event in session.history(after=swept.batch)]
            assert [(event.id, event) for event in events] == [(id, meant[id][1]) for id in sorted(meant)]
            changed = session.load(kind, list(meant))
            assert {cell(kind, row, "id"): exactly(row) for row in changed} == {
                id: exactly(row_of(record)) for id, (record, _) in meant.items()
            }

    @pytest.mark.parametrize("direction", ["ascending", "descending"])
    @pytest.mark.parametrize("path", [path for path in SORTABLE if mirrored_column(column("visit", path)).defined])
    def test_lists_are_sorted_by_fields_defined_since(self, store: Store, path: str, direction: str) -> None:
        """As by the fields that say the same."""
        by = column("visit", path)
        with unkept(store) as session:
            session.insert("firm", FIRMS)
            session.insert("visit", [mirrored_row("visit", row) for row in VISITS])

            found = session.page("visit", EVERYBODY, [Order(mirrored_column(by), direction == "descending")])

            meant = plainly_sorted([Order(by, direction == "descending")])
            assert [cell("visit", row, "id") for row in found] == [cell("visit", row, "id") for row in meant]

    @pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
    def test_values_of_fields_defined_since_come_back_exactly(self, session: Session, fields: dict[str, Any]) -> None:
        """Every one, however odd, from the row and from the journal."""
        bare, row = visit(1), mirrored_row("visit", visit(1, **{**fields, "version": 2}))
        session.insert("visit", [bare])
        session.record([an_event("visit", bare)])
        assert session.update("visit", [(bare, row)]) == []
        session.record([an_event("visit", row, before=bare)])

        (found,) = session.load("visit", [cell("visit", row, "id")])

        assert exactly(found) == exactly(row)
        assert _entries(found) == _entries(row)
        (rebuilt,) = replay(MODEL, session.history())["visit"].values()
        assert _entries(rebuilt) == _entries(row)


def _entries(row: Any) -> dict[str, Any]:
    """The values, to the type and the last digit."""
    custom = cell("visit", row, "custom")
    return {name: exactly(entry) for name, entry in custom.entries.items()}
