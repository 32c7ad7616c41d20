"""Customers: organisations in a tree, and people."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit.core.customers.account import Account
from crmkit.core.customers.holding import Holding, HoldingMode
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.values import Address
from crmkit.crm import CRM
from crmkit.transaction import Transaction


def test_an_account_is_found_as_people_write_it(tx: Transaction) -> None:
    """Full width, case and enclosed forms make no difference."""
    account = tx.customers.add_account(name="㈜한빛ＡＢＣ", address=Address(city="서울", country="KR"))

    assert tx.of(Account).find(where("name") == "(주)한빛abc") == (account,)
    assert tx.of(Account).find(where("address.city") == "서울") == (account,)


def test_subsidiaries_form_a_tree(tx: Transaction) -> None:
    """An account is never below itself, however long the way round."""
    top = tx.customers.add_account(name="Top")
    middle = tx.customers.add_account(name="Middle", parent=top.id)
    bottom = tx.customers.add_account(name="Bottom", parent=middle.id)

    for parent in (top, middle, bottom):
        with pytest.raises(Invalid) as refused:
            tx.revise(evolve(tx.of(Account).get(top.id), parent_id=parent.id))
        assert refused.value.field == "parent_id"

    assert tx.of(Account).find(where("parent.parent.name") == "Top") == (bottom,)


def test_accounts_come_in_any_order_of_one_transaction(crm: CRM) -> None:
    """One that was added first may hang below one that was added last, on every store; also over several levels."""
    with crm.transaction() as tx:
        bottom, middle, other, top = (
            tx.customers.add_account(name=name) for name in ("Bottom", "Middle", "Other", "Top")
        )
        tx.revise(evolve(bottom, parent_id=middle.id))
        tx.revise(evolve(middle, parent_id=top.id))
        tx.revise(evolve(other, parent_id=top.id))

    with crm.read() as view:
        below = view.of(Account).find(where("parent.name") == "Top", order=("name",))
        assert [account.name for account in below] == ["Middle", "Other"]
        assert view.of(Account).get(bottom.id).parent_id == middle.id
    assert crm.replay()


def test_a_reference_that_leads_nowhere_is_refused_by_field(crm: CRM) -> None:
    """Foreign keys hold on every store."""
    with pytest.raises(Invalid) as refused, crm.transaction() as tx:
        tx.customers.add_contact(name="Ann Smith", account=uuid7(1, 1))

    assert refused.value.field == "account_id"


@pytest.mark.parametrize(
    ("field", "value"), [("email", "ann(at)example.com"), ("phone", "n/a"), ("name", ""), ("name", None), ("email", 5)]
)
def test_what_is_wrong_with_a_person_is_said_by_field(tx: Transaction, field: str, value: object) -> None:
    """As the caller named the argument."""
    person: dict[str, object] = {"name": "Ann Smith", field: value}

    with pytest.raises(Invalid) as refused:
        tx.customers.add_contact(**person)  # type: ignore[arg-type]

    assert refused.value.field == field


def test_a_holding_is_one_truth() -> None:
    """Owned without owner, or an owner without being owned, cannot be said."""
    with pytest.raises(Invalid):
        Holding(mode=HoldingMode.OWNED)
    with pytest.raises(Invalid):
        Holding(owner_id=uuid7(1, 1))
