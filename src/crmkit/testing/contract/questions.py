"""What a store promises of questions: lists and figures are those of a naive reading, whatever is asked."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import ALWAYS, Criteria, where
from crmkit.core.kernel.figures import bind_tally
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.tally import Count, Tally
from crmkit.testing.contract.checks import check_criteria, check_figures, unkept
from crmkit.testing.contract.supplied import Supplied, one_store
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import NOW, an_id, firm, visit
from crmkit.testing.world.strategies import Situation, criteria, situations
from crmkit.testing.world.tallies import tallies


class Questions(Supplied):
    """Lists and figures in random worlds."""

    @one_store
    @given(
        situation=situations(),
        of_visits=st.lists(criteria("visit"), min_size=4, max_size=8),
        of_firms=st.lists(criteria("firm"), min_size=2, max_size=4),
    )
    def test_a_list_is_what_its_condition_says(
        self, store: Store, situation: Situation, of_visits: list[Criteria], of_firms: list[Criteria]
    ) -> None:
        """Whatever is asked of whatever records: those and only those that a naive reading of the condition names."""
        check_criteria(store, situation, {"visit": of_visits, "firm": of_firms})

    @one_store
    @given(situation=situations(), tally=tallies("visit") | tallies("firm"))
    def test_figures_are_what_their_tally_says(self, store: Store, situation: Situation, tally: Tally) -> None:
        """To the last microsecond and minor unit; and the records behind each figure can be listed."""
        check_figures(store, situation, tally)

    def test_figures_lead_over_records_in_sight_only(self, store: Store) -> None:
        """What lies behind others is missing: in a group, in a sum, and further on."""
        east, west = an_id(100), an_id(101)
        firms = [firm(100, name="east", parent_id=west), firm(101, name="west")]
        visits = [visit(1, firm_id=east), visit(2, firm_id=west), visit(3)]
        paths = ("firm.name", "firm.parent.name")
        tally = Tally(kind="visit", title="", by=paths, measures=(Count(name="visits"),))
        ground = bind_tally(tally, model=MODEL, now=NOW, zone="UTC", params={})
        for hidden, groups in (
            ((), {("east", "west"): 1, ("west", None): 1, (None, None): 1}),
            (("west",), {("east", None): 1, (None, None): 2}),
            (("east",), {("west", None): 1, (None, None): 2}),
            (("east", "west"), {(None, None): 3}),
        ):
            seen = bind(~where("name").in_(hidden) if hidden else ALWAYS, model=MODEL, kind="firm", now=NOW)
            with unkept(store) as session:
                session.insert("firm", firms[::-1])
                session.insert("visit", visits)
                found = session.tally(evolve(ground, sight={"firm": seen}))
            assert {each.group: each.values[0] for each in found} == groups
