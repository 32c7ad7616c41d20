"""Sales: leads that become customers, deals that are won or lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import CrmError, IllegalMove, Invalid, NotFound, Refused, StoreError
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.replaying import replayed
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.core.sales.product import Product
from crmkit.core.sales.stage_stay import StageStay
from crmkit.crm import CRM
from crmkit.testing import FixedClock
from crmkit.transaction import Transaction

PRICE = Money("1200000", "KRW")


def test_qualifying_a_lead_of_a_company_makes_account_contact_and_opportunity(tx: Transaction) -> None:
    """All three are new, point to each other, and are prospects."""
    lead = tx.sales.capture_lead(
        topic="Card", company="한빛상사", person="홍길동", email="gildong@example.com", budget=PRICE
    )

    done = tx.sales.qualify(lead.id)

    assert (done.created, done.linked) == (("account", "contact", "opportunity"), ())
    assert done.account and done.contact and done.opportunity
    assert (done.account.name, done.contact.name.full, done.opportunity.name) == ("한빛상사", "홍길동", "Card")
    assert done.contact.account_id == done.account.id == done.opportunity.account_id == done.lead.account_id
    assert done.opportunity.lead_id == lead.id
    assert done.opportunity.estimate == PRICE
    assert not done.account.is_customer and not done.contact.is_customer
    assert (done.lead.status, done.lead.qualified_at) == (LeadStatus.QUALIFIED, tx.now)


def test_a_person_alone_becomes_a_contact_only(tx: Transaction) -> None:
    """No company, no account."""
    lead = tx.sales.capture_lead(topic="Card", person="Ann Smith")

    done = tx.sales.qualify(lead.id)

    assert (done.account, done.created) == (None, ("contact", "opportunity"))


def test_a_lead_without_any_name_is_qualified_without_customer(tx: Transaction) -> None:
    """An open opportunity may lack its customer; being reachable is a fact for scoring, not a need."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Shop").id)

    assert (done.account, done.contact, done.created) == (None, None, ("opportunity",))


def test_a_customer_that_is_there_is_linked(tx: Transaction) -> None:
    """The account by its name as people compare names, the contact by the e-mail address."""
    account = tx.customers.add_account(name="(주)한빛상사")
    contact = tx.customers.add_contact(name="홍길동", email="Gildong@Example.com", account=account.id)

    lead = tx.sales.capture_lead(topic="Card", company="㈜한빛상사", person="홍 길동", email="gildong@example.com")
    done = tx.sales.qualify(lead.id)

    assert (done.created, done.linked) == (("opportunity",), ("account", "contact"))
    assert (done.account, done.contact) == (account, contact)


def test_several_accounts_of_that_name_are_a_question_for_a_person(tx: Transaction) -> None:
    """Nothing is guessed; naming one answers it."""
    first, second = (tx.customers.add_account(name="El Olivo") for _ in range(2))
    lead = tx.sales.capture_lead(topic="Oil", company="el olivo")

    with pytest.raises(Refused) as refused:
        tx.sales.qualify(lead.id)
    assert [refusal.code for refusal in refused.value.refusals] == ["several_accounts"]
    assert refused.value.refusals[0].facts["ids"] == [str(first.id), str(second.id)]

    assert tx.sales.qualify(lead.id, account=second.id).account == second


def test_what_is_over_is_said_before_what_is_missing(tx: Transaction) -> None:
    """A lead or deal that is closed is an illegal move, whatever else could be refused."""
    for _ in range(2):
        tx.customers.add_account(name="El Olivo")
    lead = tx.sales.capture_lead(topic="Oil", company="El Olivo")
    deal = tx.sales.open_opportunity(name="Oil")
    tx.sales.disqualify(lead.id, reason="lost")
    tx.sales.lose(deal.id, reason="out_sold")

    with pytest.raises(IllegalMove):
        tx.sales.qualify(lead.id)
    with pytest.raises(IllegalMove):
        tx.sales.win(deal.id)


@pytest.mark.parametrize("wrong", [{"stage": "nope"}, {"estimate": 5}, {"key": "taken"}])
def test_a_command_that_is_refused_half_way_is_not_kept_by_a_host_that_goes_on(crm: CRM, wrong: dict[str, Any]) -> None:
    """Whoever swallows the error cannot commit the half of it."""
    with crm.transaction() as tx:
        tx.sales.open_opportunity(name="Oil", key="taken")
        lead = tx.sales.capture_lead(topic="Oil", company="El Olivo")

    with suppress(StoreError, Invalid), crm.transaction() as tx, suppress(CrmError):
        tx.sales.qualify(lead.id, **wrong)

    with crm.transaction() as tx:
        assert tx.of(Lead).get(lead.id) == lead
        assert (tx.of(Account).count(), tx.of(Opportunity).count()) == (0, 1)


def test_a_command_that_is_refused_before_it_did_anything_harms_nothing(crm: CRM) -> None:
    """The host may do something else instead."""
    with crm.transaction() as tx:
        with pytest.raises(NotFound):
            tx.sales.contact(uuid7(1, 1))
        tx.sales.capture_lead(topic="Oil")
    with crm.transaction() as tx:
        assert tx.of(Lead).count() == 1


def test_somebody_else_with_the_same_address_is_somebody_else(tx: Transaction) -> None:
    """A shared mailbox does not make two people one."""
    kim = tx.customers.add_contact(name="Kim One", email="info@example.com")

    done = tx.sales.qualify(tx.sales.capture_lead(topic="Oil", person="Lee Two", email="info@example.com").id)

    assert done.contact and done.contact.id != kim.id


def test_the_customer_of_a_won_deal_changes_with_the_credit(tx: Transaction) -> None:
    """By a command, never by a revision; whoever has no other deal is a prospect again."""
    first, second = (tx.customers.add_account(name=name) for name in ("El Olivo", "La Luna"))
    deal = tx.sales.win(tx.sales.open_opportunity(name="Oil", account=first.id).id)
    with pytest.raises(Invalid):
        tx.revise(evolve(deal, account_id=second.id))

    tx.sales.change_customer(deal.id, account=second.id)

    assert [tx.of(Account).get(account.id).is_customer for account in (first, second)] == [False, True]
    with pytest.raises(Refused):
        tx.sales.change_customer(deal.id)


def test_an_opportunity_comes_of_a_qualified_lead(tx: Transaction) -> None:
    """Otherwise a lead could be won that nobody qualified."""
    lead = tx.sales.capture_lead(topic="Oil")

    with pytest.raises(Refused) as refused:
        tx.sales.open_opportunity(name="Oil", lead=lead.id)
    assert refused.value.facts["codes"] == ["lead_not_qualified"]


@pytest.mark.parametrize(("field", "value"), [("estimate", 1.5), ("estimate", "5 EUR"), ("estimate", Decimal(5))])
def test_what_is_no_money_is_refused_by_field(tx: Transaction, field: str, value: Any) -> None:
    """Floats, texts, bare numbers: the error names the field and what it takes."""
    with pytest.raises(Invalid) as refused:
        tx.sales.open_opportunity(name="Oil", **{field: value})
    assert (refused.value.field, refused.value.accepts) == (field, "a value of Money")


def test_qualifying_can_leave_the_opportunity_out(tx: Transaction) -> None:
    """An account is wanted, a deal is not in sight."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Oil", company="El Olivo").id, opportunity=False)

    assert (done.opportunity, done.created) == (None, ("account",))


def test_a_qualified_lead_is_not_qualified_again(tx: Transaction) -> None:
    """The error says what is possible from there."""
    lead = tx.sales.capture_lead(topic="Oil")
    tx.sales.qualify(lead.id)

    with pytest.raises(IllegalMove) as refused:
        tx.sales.qualify(lead.id)

    assert "reactivate" in str(refused.value)
    assert tx.of(Opportunity).count() == 1


def test_an_unknown_lead_is_not_found(tx: Transaction) -> None:
    """The kind and the id are named."""
    with pytest.raises(NotFound) as missing:
        tx.sales.contact(uuid7(1, 1))

    assert missing.value.facts["kind"] == "lead"


def test_the_first_contact_is_kept(tx: Transaction, clock: FixedClock) -> None:
    """A second conversation does not move it."""
    lead = tx.sales.capture_lead(topic="Oil")
    first = tx.sales.contact(lead.id)
    with tx.occurred(tx.now + timedelta(days=3)):
        second = tx.sales.contact(lead.id)

    assert first.contacted_at == second.contacted_at == tx.now


def test_a_disqualified_lead_has_its_reason_and_may_come_back(tx: Transaction) -> None:
    """Reasons are a vocabulary; taking it up again clears reason and date."""
    lead = tx.sales.capture_lead(topic="Oil")
    with pytest.raises(Invalid) as refused:
        tx.sales.disqualify(lead.id, reason="boring")
    assert "no_longer_interested" in refused.value.accepts

    assert tx.sales.disqualify(lead.id, reason="lost").reason == "lost"

    again = tx.sales.reactivate(lead.id)
    assert (again.status, again.reason, again.disqualified_at) == (LeadStatus.NEW, None, None)


def test_winning_makes_the_account_a_customer_with_the_date(tx: Transaction) -> None:
    """The lead that it came of knows it too."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Card", company="한빛상사").id)
    assert done.account and done.opportunity
    closed = tx.now + timedelta(days=9)

    with tx.occurred(closed):
        won = tx.sales.win(done.opportunity.id, revenue=PRICE)

    assert (won.status, won.revenue, won.closed_at) == (OpportunityStatus.WON, PRICE, closed)
    assert tx.of(Account).get(done.account.id).customer_since == closed
    assert tx.of(Lead).get(done.lead.id).won_at == closed


def test_winning_with_a_person_alone_makes_the_contact_a_customer(tx: Transaction) -> None:
    """Without account the contact is who bought."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Card", person="Ann Smith").id)
    assert done.contact and done.opportunity

    tx.sales.win(done.opportunity.id)

    assert tx.of(Contact).get(done.contact.id).is_customer


def test_a_contact_is_the_customer_of_deals_without_account_only(tx: Transaction) -> None:
    """What an account bought, whoever spoke for it, makes no customer of the person."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Card", person="Ann Smith").id)
    assert done.contact and done.opportunity
    account = tx.customers.add_account(name="El Olivo")
    with tx.occurred(tx.now - timedelta(days=9)):
        tx.sales.win(tx.sales.open_opportunity(name="Oil", account=account.id, contact=done.contact.id).id)

    won = tx.sales.win(done.opportunity.id)
    assert tx.of(Contact).get(done.contact.id).customer_since == won.closed_at

    tx.sales.reopen(won.id)
    assert not tx.of(Contact).get(done.contact.id).is_customer


def test_winning_makes_a_missing_customer_of_the_lead(tx: Transaction) -> None:
    """The company became known only after qualifying."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Card").id)
    assert done.opportunity
    tx.revise(evolve(tx.of(Lead).get(done.lead.id), company="El Olivo"))

    won = tx.sales.win(done.opportunity.id)

    assert won.account_id is not None
    assert tx.of(Account).get(won.account_id).name == "El Olivo"


def test_winning_without_anybody_is_refused_and_says_what_is_missing(tx: Transaction) -> None:
    """The deal stays open."""
    deal = tx.sales.open_opportunity(name="Ghost")

    with pytest.raises(Refused) as refused:
        tx.sales.win(deal.id)

    assert [refusal.code for refusal in refused.value.refusals] == ["customer_missing"]
    assert "an account or a contact" in str(refused.value)
    assert tx.of(Opportunity).get(deal.id) == deal


def test_losing_changes_nothing_else(tx: Transaction) -> None:
    """Prospects stay prospects."""
    done = tx.sales.qualify(tx.sales.capture_lead(topic="Card", company="한빛상사").id)
    assert done.account and done.opportunity

    tx.sales.lose(done.opportunity.id, reason="out_sold")

    assert tx.of(Account).get(done.account.id) == done.account
    assert tx.of(Lead).get(done.lead.id) == done.lead


def test_the_first_of_several_won_deals_counts_in_whatever_order_they_are_written_down(tx: Transaction) -> None:
    """Imports come in any order; reopening the first gives the date to the second, reopening both takes it back."""
    account = tx.customers.add_account(name="El Olivo")
    early, late = tx.now - timedelta(days=50), tx.now - timedelta(days=20)
    deals = {}
    for at in (late, early):
        with tx.occurred(at):
            deals[at] = tx.sales.win(tx.sales.open_opportunity(name="Oil", account=account.id).id)

    def since() -> datetime | None:
        return tx.of(Account).get(account.id).customer_since

    assert since() == early
    tx.sales.reopen(deals[early].id)
    assert since() == late
    tx.sales.reopen(deals[late].id)
    assert since() is None
    assert [event.name for event in tx.history(account)] == [
        "account.added",
        "account.became_customer",
        "account.customer_since_changed",
        "account.customer_since_changed",
        "account.became_prospect",
    ]


def test_stages_are_those_of_the_pipeline(tx: Transaction) -> None:
    """An unknown stage names those there are; the same stage again is no event."""
    deal = tx.sales.open_opportunity(name="Oil")
    with pytest.raises(Invalid) as refused:
        tx.sales.change_stage(deal.id, stage="dreaming")
    assert "prospecting, engaging" in refused.value.accepts

    moved = tx.sales.change_stage(deal.id, stage="engaging")
    assert tx.sales.change_stage(deal.id, stage="engaging") == moved
    assert (moved.stage, moved.version) == ("engaging", 2)


def test_stays_say_how_long_each_stage_took(tx: Transaction) -> None:
    """A closed deal has left its last stage; a reopened one is back in it."""
    at = tx.now
    account = tx.customers.add_account(name="El Olivo")
    deal = tx.sales.open_opportunity(name="Oil", account=account.id)
    for day, command in ((2, "stage"), (5, "win"), (8, "reopen")):
        with tx.occurred(at + timedelta(days=day)):
            if command == "stage":
                tx.sales.change_stage(deal.id, stage="closing")
            elif command == "win":
                tx.sales.win(deal.id)
            else:
                tx.sales.reopen(deal.id)

    stays = tx.of(StageStay).find(where("opportunity_id") == deal.id)

    days = [(stay.stage, (stay.entered_at - at).days, stay.left_at and (stay.left_at - at).days) for stay in stays]
    assert days == [("prospecting", 0, 2), ("closing", 2, 5), ("closing", 8, None)]
    tx.flush()
    assert replayed(tx.session, tx.registry)


def test_a_held_deal_waits_until_it_is_resumed(tx: Transaction) -> None:
    """On hold it changes no stage, but may be lost."""
    deal = tx.sales.open_opportunity(name="Oil")
    assert tx.sales.hold(deal.id).status == OpportunityStatus.ON_HOLD
    with pytest.raises(IllegalMove):
        tx.sales.change_stage(deal.id, stage="closing")
    assert tx.sales.resume(deal.id).status == OpportunityStatus.OPEN


def test_a_product_code_is_taken_once(crm: CRM) -> None:
    """The second product of a code is refused by name, and nothing of it stays."""
    with crm.transaction() as tx:
        tx.sales.add_product(code="PR-9", name="Printer")
    with pytest.raises(Invalid) as refused, crm.transaction() as tx:
        tx.sales.add_product(code="PR-9", name="Another")

    assert refused.value.field == "code"
    with crm.transaction() as tx:
        assert [product.name for product in tx.of(Product).find()] == ["Printer"]
