"""What single lines do: records made, revised and brought to where they are, and every kind of dirt said."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO

import pytest

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.money import Money
from crmkit.core.people.team import Team
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.core.sales.product import Product
from crmkit.crm import CRM
from crmkit.exchange.imported import Imported
from crmkit.exchange.importer import import_csv
from crmkit.exchange.mapping import Plan

JANUARY, FEBRUARY, MARCH = (datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def bring(crm: CRM, kind: str, text: str, plan: Plan | None = None) -> Imported:
    """Import a text."""
    return import_csv(crm, StringIO(text), kind=kind, plan=plan or Plan())


def said(done: Imported) -> list[str]:
    """The notes, as people read them."""
    return [str(note) for note in done.notes]


def test_a_lead_is_brought_to_where_it_is(crm: CRM) -> None:
    """It is captured, contacted and disqualified at the times that the file says, recorded now."""
    bring(crm, "user", "key,name\nkim,김민지\n")
    done = bring(
        crm,
        "lead",
        "key,topic,source,company,person,email,phone,city,country,note,owner,created,contacted,disqualified,reason\n"
        "L1,Cards,web,한빛상사,홍길동,a@b.kr,010-1234-5678,서울,KR,again,kim,2025-01-01,2025-02-01,2025-03-01,lost\n",
    )

    assert (done.created, said(done)) == (1, [])
    with crm.transaction() as tx:
        lead = tx.of(Lead).by_key("L1")
        assert lead is not None and lead.status is LeadStatus.DISQUALIFIED
        assert (lead.created_at, lead.contacted_at, lead.disqualified_at) == (JANUARY, FEBRUARY, MARCH)
        assert (lead.reason, lead.address.city if lead.address else None) == ("lost", "서울")
        assert lead.holding.owner_id == tx.of(User).find()[1].id
        events = tx.history(lead)
        assert [event.name for event in events] == ["lead.captured", "lead.contacted", "lead.disqualified"]
        assert {event.stamp.at for event in events} == {tx.now}
        assert {event.stamp.cause for event in events} == {"import the stream"}


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({"source": ""}, "source: no origin given"),
        ({"email": "kim(at)example.com"}, "email: is not one address without blanks"),
        ({"phone": "n/a"}, "phone: is not a number of 5 to 15 digits"),
        ({"country": "Korea"}, "country: is not two capital letters of ISO 3166-1"),
        ({"owner": "nobody"}, "owner: no such user, so nobody's (nobody)"),
        ({"created": "soon"}, "created: is not a date"),
        ({"contacted": "2025-04-31"}, "contacted: is not a date"),
        ({"created": "2025-02-03", "contacted": "2025-02-01"}, "contacted: before the lead was created (by 2.00 days)"),
        ({"created": "9025-02-03"}, "created: in the future (9025-02-03 00:00:00+00:00)"),
        ({"disqualified": "2025-04-30"}, "reason: none given, so cancelled"),
        ({"note": "x" * 100_001}, "note: is not at most 100,000 characters"),
    ],
)
def test_a_lead_with_one_thing_wrong_is_a_lead_all_the_same(crm: CRM, cells: dict[str, str], note: str) -> None:
    """What cannot be right is left out and said with line, field and reason; the rest is imported."""
    line = {"key": "L1", "topic": "Cards", "source": "web", **cells}
    done = bring(crm, "lead", f"{','.join(line)}\n{','.join(line.values())}\n")

    (only,) = said(done)
    assert only.startswith(f"line 2, {note}")
    assert (done.created, done.rejected) == (1, 0)


def test_a_lead_whose_birth_nobody_knows_was_there_when_it_was_contacted(crm: CRM) -> None:
    """Its first date that can be read stands in; without any it is new."""
    bring(crm, "lead", "key,topic,created,contacted\nL1,a,soon,2025-02-01\nL2,b,,\n")

    with crm.transaction() as tx:
        first, second = tx.of(Lead).find(order=("key",))
        assert (first.created_at, second.created_at) == (FEBRUARY, tx.now)


@pytest.mark.parametrize(("cells", "topic"), [(",한빛,홍길동", "한빛"), (",,홍길동", "홍길동"), ("Cards,,", "Cards")])
def test_a_lead_without_topic_is_called_by_who_it_is(crm: CRM, cells: str, topic: str) -> None:
    """The company, else the person."""
    bring(crm, "lead", f"topic,company,person\n{cells}\n")

    with crm.transaction() as tx:
        assert tx.of(Lead).find()[0].topic == topic


def test_a_lead_of_which_nothing_is_said_is_rejected(crm: CRM) -> None:
    """A key and a phone number are not somebody who may want something."""
    done = bring(crm, "lead", "key,topic,company,person,phone\nL1,,,,010-1234-5678\n")

    assert (done.created, done.rejected) == (0, 1)
    assert "topic: is missing, and so are company and person" in said(done)[0]


def test_a_lead_that_went_on_stays_there(crm: CRM) -> None:
    """A line that would put it back is said, and the rest of it revises the lead."""
    bring(crm, "lead", "key,topic\nL1,Cards\n")
    bring(crm, "opportunity", "key,lead,opened\nD1,L1,2025-02-01\n")
    done = bring(crm, "lead", "key,topic,contacted,disqualified,reason\nL1,Loans,2025-03-01,2025-03-01,lost\n")

    assert (done.revised, [note.field for note in done.notes]) == (1, ["contacted", "disqualified"])
    with crm.transaction() as tx:
        lead = tx.of(Lead).find()[0]
        assert (lead.topic, lead.status, lead.contacted_at) == ("Loans", LeadStatus.QUALIFIED, None)


def test_a_deal_qualifies_its_lead_and_is_won(crm: CRM) -> None:
    """Account and contact are made of the lead, the deal is opened with them, and won: each at its time."""
    bring(crm, "user", "key\nSDR\nSR\n")
    bring(crm, "product", "code,name,list_price,currency\nCP-20,Cloud Pro,1450000,KRW\n")
    bring(crm, "lead", "key,topic,company,person,contacted\nL1,Cards,한빛상사,홍길동,2025-01-01\n")
    done = bring(
        crm,
        "opportunity",
        "key,lead,lead_owner,owner,product,stage,opened,closed,outcome,amount,currency\n"
        "D1,L1,SDR,SR,cloud pro,Closing,2025-02-01,2025-03-01,Won,1200000,KRW\n",
    )

    assert (done.created, said(done)) == (1, [])
    with crm.transaction() as tx:
        deal, lead = tx.of(Opportunity).find()[0], tx.of(Lead).find()[0]
        account, contact = tx.of(Account).find()[0], tx.of(Contact).find()[0]
        sdr, sr = tx.of(User).by_key("SDR"), tx.of(User).by_key("SR")
        assert (deal.lead_id, deal.account_id, deal.contact_id) == (lead.id, account.id, contact.id)
        assert (deal.status, deal.stage, deal.revenue) == (OpportunityStatus.WON, "closing", Money(1200000, "KRW"))
        assert (deal.created_at, deal.closed_at, deal.estimate) == (FEBRUARY, MARCH, None)
        assert sdr and sr and (lead.holding.owner_id, deal.holding.owner_id) == (sdr.id, sr.id)
        assert deal.product_id == tx.of(Product).find()[0].id
        assert (lead.qualified_at, lead.won_at, account.customer_since) == (FEBRUARY, MARCH, MARCH)


def test_a_second_deal_of_a_lead_is_with_the_same_customer(crm: CRM) -> None:
    """Qualified once, a lead leads to its account again."""
    bring(crm, "lead", "key,topic,company\nL1,Cards,한빛상사\n")
    done = bring(crm, "opportunity", "key,lead,amount,currency\nD1,L1,5,EUR\nD2,L1,6,EUR\n")

    assert done.created == 2
    with crm.transaction() as tx:
        (account,) = tx.of(Account).find()
        assert {deal.account_id for deal in tx.of(Opportunity).find()} == {account.id}
        assert {deal.estimate for deal in tx.of(Opportunity).find()} == {Money(5, "EUR"), Money(6, "EUR")}


def test_an_account_is_known_by_its_key_until_somebody_names_it(crm: CRM) -> None:
    """A seller's id becomes key and name of an account, which is said; a later file gives it a name."""
    done = bring(crm, "opportunity", "key,account,industry,closed,outcome\nD1,ab12,pets,2025-02-01,won\n")
    named = bring(crm, "account", "key,name\nab12,El Olivo\n")

    assert said(done) == ["line 2, account: known by its key only (ab12)"]
    assert (named.revised, said(named)) == (1, [])
    with crm.transaction() as tx:
        (account,) = tx.of(Account).find()
        assert (account.name, account.industry, account.customer_since) == ("El Olivo", "pets", FEBRUARY)


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({"product": "Kloud Maxx"}, "product: no such product, so none (Kloud Maxx)"),
        ({"owner": "nobody"}, "owner: no such user, so nobody's (nobody)"),
        ({"stage": "Dreaming"}, "stage: no such stage, so where it was or the first (Dreaming)"),
        ({"opened": "soon"}, "opened: is not a date"),
        (
            {"opened": "2024-12-01", "closed": "2024-12-30", "outcome": "won"},
            "closed: won before the first contact (by 2.00 days)",
        ),
        ({"closed": "2025-02-01", "outcome": "lost"}, "reason: none given, so cancelled"),
    ],
)
def test_a_deal_with_one_thing_wrong_is_a_deal_all_the_same(crm: CRM, cells: dict[str, str], note: str) -> None:
    """What cannot be right is said with line, field and reason; the rest is imported."""
    bring(crm, "lead", "key,topic,company,contacted\nL1,Cards,한빛상사,2025-01-01\n")
    line = {"key": "D1", "lead": "L1", **cells}
    done = bring(crm, "opportunity", f"{','.join(line)}\n{','.join(line.values())}\n")

    (only,) = said(done)
    assert only.startswith(f"line 2, {note}")
    assert (done.created, done.rejected) == (1, 0)


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        ({"lead": "L9001"}, "lead: is not the key of a lead that is there"),
        ({"amount": "12,5oo", "currency": "USD"}, "amount: is not a number such as 1200"),
        ({"amount": "-5", "currency": "USD"}, "amount: is not an amount from 0 on (-5)"),
        ({"amount": "1250000.50", "currency": "KRW"}, "amount: is not whole minor units of KRW (1250000.5)"),
        ({"amount": "5", "currency": "KWR"}, "currency: is not an ISO 4217 code such as EUR"),
        ({"amount": "5"}, "currency: is missing"),
        ({"outcome": "won"}, "closed: is missing"),
        ({"outcome": "won", "closed": "soon"}, "closed: is not a date"),
        ({"outcome": "maybe", "closed": "2025-02-01"}, "outcome: is not one of won, lost"),
        ({"outcome": "lost", "closed": "2025-02-01", "reason": "rain"}, "reason: is not one of cancelled, out_sold"),
        ({"outcome": "won", "closed": "2025-02-01"}, "line: customer missing"),
    ],
)
def test_a_deal_that_would_be_another_one_is_rejected(crm: CRM, cells: dict[str, str], note: str) -> None:
    """Money, outcome and lead are not guessed: the line is rejected for it, and nothing of it is there."""
    line = {"key": "D1", **cells}
    done = bring(crm, "opportunity", ",".join(line) + "\n" + ",".join(f'"{cell}"' for cell in line.values()) + "\n")

    (only,) = said(done)
    assert only.startswith(f"line 2, {note}")
    assert (done.created, done.rejected) == (0, 1)
    with crm.transaction() as tx:
        assert not tx.of(Opportunity).exists()
        assert tx.of(Account).count() == 0


def test_an_open_deal_gets_its_outcome_from_a_later_file(crm: CRM) -> None:
    """What is known by then revises it, and it is won at its time."""
    bring(crm, "account", "key,name\nA1,El Olivo\n")
    head = "key,account,stage,expected_on,amount,currency"
    bring(crm, "opportunity", f"{head}\nD1,A1,engaging,2025-04-30,900,EUR\n")
    done = bring(crm, "opportunity", "key,stage,closed,outcome,amount,currency\nD1,proposing,2025-03-01,won,1000,EUR\n")

    assert (done.created, done.revised) == (0, 1)
    with crm.transaction() as tx:
        (deal,) = tx.of(Opportunity).find()
        assert (deal.status, deal.closed_at, deal.stage) == (OpportunityStatus.WON, MARCH, "proposing")
        assert (deal.estimate, deal.revenue) == (Money(900, "EUR"), Money(1000, "EUR"))
        assert deal.expected_on == date(2025, 4, 30)


def test_what_happened_keeps_its_time(crm: CRM) -> None:
    """Another date, or another lead behind a deal, is said and left out: history is not revised by a file."""
    head = "key,topic,created,contacted,disqualified,reason\n"
    bring(crm, "lead", f"{head}L1,a,2025-01-01,2025-01-02,2025-01-03,lost\nL2,b,,,,\n")
    lead = bring(crm, "lead", f"{head}L1,a,2025-02-01,2025-02-02,2025-02-03,lost\n")
    bring(crm, "opportunity", "key,opened\nD1,2025-01-01\n")
    deal = bring(crm, "opportunity", "key,lead,opened\nD1,L2,2025-02-01\n")

    assert [note.field for note in lead.notes] == ["created", "contacted", "disqualified"]
    assert [note.field for note in deal.notes] == ["opened", "lead"]
    assert {note.reason for note in (*lead.notes, *deal.notes)} == {"left out; another is known already"}
    assert (lead.unchanged, deal.unchanged) == (1, 1)


def test_a_closed_deal_keeps_its_outcome(crm: CRM) -> None:
    """Another outcome, or another revenue, is said and left out: to reopen a deal is for people."""
    bring(crm, "opportunity", "key,account,closed,outcome,amount,currency\nD1,A1,2025-02-01,won,5,EUR\n")
    lost = bring(crm, "opportunity", "key,closed,outcome\nD1,2025-03-01,lost\n")
    other = bring(crm, "opportunity", "key,closed,outcome,amount,currency\nD1,2025-02-01,won,6,EUR\n")

    assert said(lost) == [
        "line 2, outcome: left out; another is known already (lost)",
        "line 2, closed: left out; another is known already (2025-03-01 00:00:00+00:00)",
    ]
    assert said(other) == ["line 2, amount: left out; another is known already (6.00 EUR)"]
    assert (lost.unchanged, other.unchanged) == (1, 1)


def test_a_closed_deal_is_not_revised_by_halves(crm: CRM) -> None:
    """Amount, stage and account are settled with the outcome: what is noted as left out is left out."""
    head = "key,account,stage,closed,outcome,amount,currency,reason"
    lines = "D1,A1,engaging,2025-02-01,won,5,EUR,", "D2,A1,engaging,2025-02-01,lost,5,EUR,out_sold"
    bring(crm, "opportunity", "\n".join([head, *lines]))
    bring(crm, "account", "key,name\nA2,El Olivo\n")
    line = "{},{},proposing,,,7,EUR,"
    done = bring(crm, "opportunity", f"{head}\n{line.format('D1', 'A2')}\n{line.format('D2', 'A3')}\n")

    assert [(note.line, note.field) for note in done.notes] == [
        (line, field) for line in (2, 3) for field in ("account", "amount", "stage")
    ]
    assert {note.reason for note in done.notes} == {"left out; another is known already"}
    assert done.unchanged == 2
    with crm.transaction() as tx:
        assert tx.of(Account).by_key("A3") is None
        won, lost = tx.of(Opportunity).find(order=("key",))
        assert (won.revenue, won.estimate, lost.estimate) == (Money(5, "EUR"), None, Money(5, "EUR"))
        assert won.stage == lost.stage == "engaging"


def test_a_won_deal_that_a_file_calls_lost_keeps_its_amount(crm: CRM) -> None:
    """One note for each thing that is left out."""
    head = "key,account,closed,outcome,amount,currency,reason"
    bring(crm, "opportunity", f"{head}\nD1,A1,2025-02-01,won,5,EUR,\n")
    done = bring(crm, "opportunity", f"{head}\nD1,A1,2025-02-01,lost,7,EUR,out_sold\n")

    assert sorted(note.field for note in done.notes) == ["amount", "outcome"]
    assert done.unchanged == 1


def test_a_held_deal_keeps_its_stage(crm: CRM) -> None:
    """To go on with it is for people; the estimate may be known better."""
    bring(crm, "opportunity", "key,stage,amount,currency\nD1,engaging,5,EUR\n")
    with crm.transaction() as tx:
        tx.sales.hold(tx.of(Opportunity).find()[0].id)
    done = bring(crm, "opportunity", "key,stage,amount,currency\nD1,proposing,7,EUR\n")

    assert said(done) == ["line 2, stage: left out; another is known already (proposing)"]
    with crm.transaction() as tx:
        (deal,) = tx.of(Opportunity).find()
        assert (deal.stage, deal.estimate) == ("engaging", Money(7, "EUR"))


def test_a_product_name_that_two_have_names_none(crm: CRM) -> None:
    """It is said; the code still tells them apart."""
    bring(crm, "product", "code,name\nCP-1,Cloud Pro\nCP-2,cloud pro\n")
    done = bring(crm, "opportunity", "key,product\nD1,Cloud Pro\nD2,CP-2\n")

    assert said(done) == ["line 2, product: several products have this name, so none (Cloud Pro)"]
    with crm.transaction() as tx:
        first, second = tx.of(Opportunity).find(order=("key",))
        assert (first.product_id, second.product_id) == (None, tx.of(Product).find(order=("code",))[1].id)


@pytest.mark.parametrize(
    ("kind", "head", "line", "notes"),
    [
        ("lead", "topic,reason", "a,lost", {"reason": "disqualified"}),
        ("opportunity", "key,closed,reason", "D1,2025-02-01,lost", {"closed": "outcome", "reason": "outcome"}),
        ("opportunity", "key,lead_owner", "D1,kim", {"lead_owner": "lead"}),
        ("user", "key,unit", "kim,Korea", {"unit": "team"}),
    ],
)
def test_a_field_that_means_nothing_alone_is_said(
    crm: CRM, kind: str, head: str, line: str, notes: dict[str, str]
) -> None:
    """What it would belong to is missing, so it has no effect; a constant for all lines is let be."""
    bring(crm, "user", "key\nkim\n")
    done = bring(crm, kind, f"{head}\n{line}\n")

    assert {note.field: note.reason for note in done.notes} == {
        field: f"left out; it means nothing without {without}" for field, without in notes.items()
    }


def test_a_parent_may_stand_behind_its_subsidiaries(crm: CRM) -> None:
    """Lines that name it are entered again when it is there; one that never comes is said."""
    done = bring(crm, "account", "key,name,parent\na,Cheers,b\nb,Massive Dynamic,\nc,Nam-zim,z\n")

    assert (done.created, done.revised) == (3, 0)
    assert said(done) == ["line 4, parent: no such account, so nobody's subsidiary (z)"]
    with crm.transaction() as tx:
        cheers, massive = tx.of(Account).by_key("a"), tx.of(Account).by_key("b")
        assert cheers and massive and cheers.parent_id == massive.id


def test_an_account_is_not_below_itself(crm: CRM) -> None:
    """A circle is left open at its last line, which is said."""
    done = bring(crm, "account", "key,parent\na,b\nb,a\n")

    assert done.created == 2
    assert [(note.field, note.rejected) for note in done.notes if "leads back" in note.reason] == [("parent", False)]


def test_users_come_with_their_teams_and_units(crm: CRM) -> None:
    """Found by name or added, once each; a user that changes teams is revised."""
    bring(crm, "user", "key,name,team,unit\na,A,Seoul,Korea\nb,B,Seoul,Korea\nc,C,Madrid,Spain\n")
    done = bring(crm, "user", "key,team,email\na,Madrid,a@b.es\nb,Seoul,\nc,,\n")

    assert (done.revised, done.unchanged) == (1, 2)
    with crm.transaction() as tx:
        user = tx.of(User).by_key("a")
        assert user and user.team_id and str(user.email) == "a@b.es" and user.name == "A"
        assert [team.name for team in tx.of(Team).find(order=("name",))] == ["Madrid", "Seoul"]
        assert tx.of(Team).get(user.team_id).name == "Madrid"


def test_products_are_known_by_their_code(crm: CRM) -> None:
    """A new price revises the product; a price without currency is no price."""
    bring(crm, "product", "code,name,list_price,currency\nCP,Cloud Pro,10,EUR\n")
    done = bring(crm, "product", "code,list_price,currency\nCP,12.50,EUR\nCS,5,\n,5,EUR\n")

    assert (done.revised, done.created, done.rejected) == (1, 0, 2)
    with crm.transaction() as tx:
        (product,) = tx.of(Product).find()
        assert (product.name, product.list_price) == ("Cloud Pro", Money("12.50", "EUR"))
