"""What a store promises of questions: lists and figures are those of a naive reading, whatever is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.criteria import Criteria
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.tally import Tally
from crmkit.testing.contract.checks import check_criteria
from crmkit.testing.contract.supplied import Supplied, one_store
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
