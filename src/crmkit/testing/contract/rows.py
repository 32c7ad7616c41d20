"""What a store promises of rows: values to the last digit, versions, unique keys, references."""

from __future__ import annotations

from typing import Any

import pytest

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.store import Session, Store
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.contract.supplied import Supplied, commit, everything
from crmkit.testing.world.samples import HOSTILE, an_id, cell, exactly, firm, visit


class Rows(Supplied):
    """What is written comes back, keys and references hold."""

    @pytest.mark.parametrize("fields", HOSTILE.values(), ids=HOSTILE.keys())
    def test_what_is_committed_comes_back_exactly(self, store: Store, fields: dict[str, Any]) -> None:
        """Every value, however odd, is after a commit what it was before, to the type and the last digit."""
        row = visit(10, **fields)
        commit(store, insert=[row])

        with unkept(store) as session:
            assert [exactly(found) for found in session.load("visit", [an_id(10)])] == [exactly(row)]

    def test_tags_have_no_order(self, session: Session) -> None:
        """Tags are a set, and none of them are not missing."""
        session.insert("visit", [visit(1, labels=frozenset("ab")), visit(2, labels=frozenset("ba")), visit(3)])

        found = session.page("visit", EVERYBODY)

        assert [cell("visit", row, "labels") for row in found] == [{"a", "b"}, {"a", "b"}, frozenset()]

    def test_unknown_ids_are_left_out_of_what_is_loaded(self, session: Session) -> None:
        """Loading gives the rows that there are, each once."""
        session.insert("firm", [firm(1), firm(2), firm(3)])

        found = session.load("firm", [an_id(1), an_id(9), an_id(3), an_id(1)])

        assert (len(found), set(found)) == (2, {firm(1), firm(3)})
        assert session.load("firm", []) == []

    def test_many_ids_are_loaded_at_once(self, session: Session) -> None:
        """No limit on parameters shows through."""
        rows = [firm(number) for number in range(3000)]
        session.insert("firm", rows)

        assert set(session.load("firm", [an_id(number) for number in range(3000)])) == set(rows)

    def test_an_id_is_given_once(self, session: Session) -> None:
        """A second record with the id of the first is refused."""
        session.insert("firm", [firm(1)])

        with pytest.raises(Invalid) as refused:
            session.insert("firm", [firm(1, name="another")])

        assert refused.value.field == "id"

    def test_an_update_takes_the_place_of_the_version_it_was_made_from(self, session: Session) -> None:
        """Every column is written, those that become missing too; other rows stay."""
        before, other = visit(1, title="a", score=1, labels=frozenset("x")), visit(2, title="b")
        after = visit(1, version=2, code="c", done=True)
        session.insert("visit", [before, other])

        assert session.update("visit", [(before, after)]) == []
        assert session.page("visit", EVERYBODY) == [after, other]

    def test_an_update_made_from_another_version_is_reported_and_not_done(self, session: Session) -> None:
        """The ids of changes to an older, a newer or no version come back; the others of the same call are made."""
        stored, other = firm(1, version=3), firm(2)
        session.insert("firm", [stored, other])
        older, newer, gone = firm(1, version=2), firm(1, version=4), firm(3)
        fresh = firm(2, version=2, region="east")

        reported = session.update(
            "firm", [(older, firm(1, version=3, region="west")), (newer, newer), (other, fresh), (gone, gone)]
        )

        assert sorted(reported) == [an_id(1), an_id(1), an_id(3)]
        assert session.page("firm", EVERYBODY) == [stored, fresh]

    def test_what_is_deleted_is_gone(self, session: Session) -> None:
        """Unknown ids are deleted already."""
        session.insert("firm", [firm(1), firm(2)])

        session.delete("firm", [an_id(1), an_id(9)])

        assert session.page("firm", EVERYBODY) == [firm(2)]

    @pytest.mark.parametrize(
        ("one", "other", "fields"),
        [
            ({"key": "K-1"}, {"key": "K-1"}, {"key"}),
            ({"name": "Acme", "region": "1"}, {"name": "Acme", "region": "1"}, {"name", "region"}),
            ({"name": "Straße ㈜", "region": "1"}, {"name": "ＳＴＲＡＳＳＥ (주)", "region": "1"}, {"name", "region"}),
        ],
    )
    def test_a_unique_key_has_one_holder(
        self, session: Session, one: dict[str, Any], other: dict[str, Any], fields: set[str]
    ) -> None:
        """Names are the same when they fold the same, codes when they are; the error names a field of the key."""
        session.insert("firm", [firm(1, **one), firm(2)])

        for write in (
            lambda: session.insert("firm", [firm(3, **other)]),
            lambda: session.update("firm", [(firm(2), firm(2, **{**other, "version": 2}))]),
        ):
            with pytest.raises(Invalid, match="is taken") as refused:
                write()
            assert refused.value.field in fields

    def test_a_missing_value_agrees_with_nothing(self, session: Session) -> None:
        """A unique key of which a part is missing holds nobody back."""
        session.insert("firm", [firm(1, name="Acme"), firm(2, name="Acme"), firm(3, name="Acme", region="east")])

        assert len(session.page("firm", EVERYBODY)) == 3

    def test_a_key_is_free_again_when_its_holder_is_changed_or_deleted(self, session: Session) -> None:
        """Keys belong to the rows there are, and a row does not stand in its own way."""
        one, other = firm(1, key="K-1"), firm(2, key="K-2")
        session.insert("firm", [one, other])

        session.update("firm", [(one, firm(1, key="K-1", region="east", version=2)), (other, firm(2, version=2))])
        session.insert("firm", [firm(3, key="K-2")])
        session.delete("firm", [an_id(1)])
        session.insert("firm", [firm(4, key="K-1")])

        assert [cell("firm", row, "key") for row in session.page("firm", EVERYBODY)] == [None, "K-2", "K-1"]

    def test_a_reference_leads_somewhere(self, session: Session) -> None:
        """Neither a new row nor a changed one may point to a record that is not there; the error names the field."""
        session.insert("visit", [visit(1)])

        for write in (
            lambda: session.insert("visit", [visit(2, firm_id=an_id(9))]),
            lambda: session.update("visit", [(visit(1), visit(1, version=2, firm_id=an_id(9)))]),
        ):
            with pytest.raises(Invalid, match="leads nowhere") as refused:
                write()
            assert refused.value.field == "firm_id"

    def test_rows_of_one_call_may_lead_to_each_other(self, session: Session) -> None:
        """Parents before children; a tree goes in at once and comes out at once, and a row may lead to itself."""
        tree = [firm(1), firm(2, parent_id=an_id(1)), firm(3, parent_id=an_id(2)), firm(4, parent_id=an_id(4))]
        session.insert("firm", tree)
        assert session.page("firm", EVERYBODY) == tree

        session.delete("firm", [an_id(1), an_id(2), an_id(3), an_id(4)])

        assert session.page("firm", EVERYBODY) == []

    def test_what_others_lead_to_is_not_deleted(self, store: Store) -> None:
        """The error names the kind and the field that lead there; once nothing does, it may go."""
        commit(store, insert=[firm(1), visit(1), visit(2, firm_id=an_id(1))])
        with unkept(store) as session, pytest.raises(Invalid) as refused:
            session.delete("firm", [an_id(1)])
        assert "visit" in str(refused.value)
        assert "firm_id" in str(refused.value)

        with unkept(store) as session:
            session.delete("visit", [an_id(1)])  # another kind has this id too, and that is what visits lead to
            session.delete("visit", [an_id(2)])
            session.delete("firm", [an_id(1)])

            assert everything(session) == ([], [], [])
