"""How phone numbers and names are read for comparing, and that two rules never disagree in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.crms import STORES, plugged

from crmkit.builtin import ENTITIES
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.normal import Normalizer, spelled
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.values import PersonName, Phone


def abroad(text: str) -> str:
    """Numbers without country code are Korean, and only those of mobiles can be read."""
    digits = "".join(each for each in text if each.isdecimal())
    return f"+82{digits[1:]}" if digits.startswith("010") else {"+": f"+{digits}"}[text[0]]


READER = Normalizer(name="acme", version="1", read=abroad)
PLUGGED: dict[str, Any] = {"normalizers": {"phone": READER}}


@pytest.mark.parametrize("store", STORES)
def test_a_number_is_kept_with_the_rule_that_read_it(store: str, tmp_path: Path) -> None:
    """Whatever command brings it in; one that the rule cannot read stays under the plain rule, and says so."""
    with plugged(store, tmp_path, **PLUGGED) as crm, crm.transaction() as tx:
        contact = tx.customers.add_contact(name="Kim", phone="010-1234-5678")
        account = tx.customers.add_account(name="Hanbit", phone="02-312-4567")
        lead = tx.sales.capture_lead(topic="Van")
        assert (contact.phone and (contact.phone.number, contact.phone.rule)) == ("+821012345678", "acme/1")
        assert (account.phone and (account.phone.number, account.phone.rule)) == ("023124567", "digits/1")
        revised = tx.revise(evolve(lead, phone=Phone.of("010 99998888")))
        assert (revised.phone and (revised.phone.written, revised.phone.number)) == ("010 99998888", "+821099998888")
        assert tx.of(Contact).count(where("phone.rule") == "acme/1") == 1


@pytest.mark.parametrize("store", STORES)
def test_what_is_written_as_before_stays_as_it_was_read(store: str, tmp_path: Path) -> None:
    """A move, or an import of the same file again, changes nothing; what another rule read is left alone."""
    with plugged(store, tmp_path, **PLUGGED) as crm, crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Van", phone="010-1234-5678")
        again = tx.revise(evolve(lead, phone=Phone.of("010-1234-5678")))
        assert again.version == lead.version
        assert tx.sales.contact(lead.id).phone == lead.phone
        own = Phone(written="010-1234-5678", number="+34600000000", rule="host/3")
        assert tx.revise(evolve(tx.sales.contact(lead.id), phone=own)).phone == own
        assert tx.sales.contact(lead.id).phone == own


@pytest.mark.parametrize("store", STORES)
def test_people_are_matched_by_the_number_under_one_rule(store: str, tmp_path: Path) -> None:
    """However it is written; not where rules differ, nor where somebody else has the number."""
    with plugged(store, tmp_path, **PLUGGED) as crm, crm.transaction() as tx:
        kim = tx.customers.add_contact(name="Kim Gildong", phone="+82 10 1234 5678")
        tx.customers.add_contact(name="Lee", phone="010-1234-5678")
        for name, phone, linked in (
            ("KIM  GILDONG", "010.1234.5678", True),
            ("Park", "010.1234.5678", False),
            ("Kim Gildong", "02-312-4567", False),
        ):
            lead = tx.sales.capture_lead(topic="Van", person=name, phone=phone)
            done = tx.sales.qualify(lead.id, opportunity=False)
            assert (done.linked, done.contact == kim) == ((("contact",), True) if linked else ((), False))
        other = Phone(written="+82 10 1234 5678", number="+821012345678", rule="host/3")
        lead = tx.sales.capture_lead(topic="Van", person="Kim Gildong", phone=other)
        assert tx.sales.qualify(lead.id, opportunity=False).created == ("contact",)


def test_names_are_matched_as_a_normaliser_reads_them(tmp_path: Path) -> None:
    """Those that it cannot read as without it."""

    def short(text: str) -> str:
        return {"Robert": "bob", "Bob": "bob"}[text]

    names = {"name": Normalizer(name="nicknames", version="2", read=short)}
    with plugged("memory", tmp_path, normalizers=names) as crm, crm.transaction() as tx:
        bob = tx.customers.add_contact(name="Robert", email="bob@example.com")
        lee = tx.customers.add_contact(name="Lee", email="lee@example.com")
        for name, email, who in (("Bob", "bob@example.com", bob), ("LEE", "lee@example.com", lee)):
            lead = tx.sales.capture_lead(topic="Van", person=name, email=email)
            assert tx.sales.qualify(lead.id, opportunity=False).contact == who


@pytest.mark.parametrize("gives", [None, 5, "", "12", "call me", "+0821012345678"])
def test_a_normaliser_that_gives_no_number_changes_nothing(gives: Any) -> None:
    """The plain reading stays."""
    phone = Phone.of("010-1234-5678")

    assert Normalizer(name="acme", version="1", read=lambda _: gives).reread(phone) == phone


@pytest.mark.parametrize("word", ["", " ", "a/b", "a b", "x" * 61, None, 5])
def test_a_rule_has_a_name_and_a_version(word: Any) -> None:
    """Short, and to be told apart."""
    wrong: Any
    for wrong in ({"name": word, "version": "1"}, {"name": "acme", "version": word}):
        with pytest.raises(DefinitionError):
            Normalizer(read=str, **wrong)


def test_what_is_not_normalised_is_refused() -> None:
    """An e-mail address is compared folded, by every store alike."""
    with pytest.raises(DefinitionError, match="nothing is normalised as «email» .one of name, phone"):
        Registry(model=Model.build(ENTITIES), normalizers={"email": READER})


@pytest.mark.parametrize("read", [lambda _: None, lambda _: "", lambda _: 7, lambda _: 1 / 0])
def test_names_that_a_rule_cannot_read_are_compared_as_without_it(read: Any) -> None:
    """What gives nothing for two names has not read the same in them."""
    rule = Normalizer(name="acme", version="1", read=read)

    assert spelled(PersonName(full="Kim One"), rule) == spelled(PersonName(full="Kim One"), None)
    assert spelled(PersonName(full="Kim One"), rule) != spelled(PersonName(full="Lee Two"), rule)
