"""What qualifying makes and links, decided on values alone."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.values import PersonName
from crmkit.core.sales.lead import Lead
from crmkit.rules.qualification import Step, conversion


def some_id(number: int) -> Id[Any]:
    return uuid7(1, number)


LEAD = Lead(id=some_id(1), topic="Oil")
ACCOUNTS = tuple(Account(id=some_id(number), name="El Olivo") for number in range(10, 13))
CONTACTS = tuple(Contact(id=some_id(number), name=PersonName.of("Ann Smith")) for number in range(20, 23))


@given(
    company=st.sampled_from([None, "El Olivo"]),
    person=st.sampled_from([None, PersonName.of("Ann Smith")]),
    accounts=st.integers(0, 3),
    contacts=st.integers(0, 3),
    named=st.booleans(),
)
def test_each_side_is_created_linked_refused_or_nothing(
    company: str | None, person: PersonName | None, accounts: int, contacts: int, *, named: bool
) -> None:
    """One candidate is linked, none means create if there is a name, several are a question unless one is named."""
    plan = conversion(
        evolve(LEAD, company=company, person=person),
        accounts=ACCOUNTS[:accounts],
        contacts=CONTACTS[:contacts],
        account_id=ACCOUNTS[2].id if named else None,
        contact_id=CONTACTS[2].id if named else None,
    )

    asked = {refusal.code for refusal in plan.refusals}
    assert ("several_accounts" in asked) is (accounts > 1 and not named)
    assert ("several_contacts" in asked) is (contacts > 1 and not named)
    assert plan.account is (Step.LINK if named or accounts == 1 else Step.CREATE if company else Step.NONE)
    assert (plan.contact is Step.LINK) is (plan.contact_id is not None)
    assert set(plan.that(Step.CREATE)) | set(plan.that(Step.LINK)) | set(plan.that(Step.NONE)) == {"account", "contact"}


def test_what_the_lead_was_linked_to_before_is_linked_again() -> None:
    """A lead that is taken up again keeps its customer."""
    lead = evolve(LEAD, company="El Olivo", account_id=ACCOUNTS[1].id)

    plan = conversion(lead, accounts=ACCOUNTS, contacts=())

    assert (plan.account, plan.account_id, plan.refusals) == (Step.LINK, ACCOUNTS[1].id, ())
