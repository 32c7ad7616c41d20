"""`tx.privacy`: what is kept about a person is handed over, or erased wherever it stands, and replay agrees."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from support.crms import LOCAL, STORES, opened, plugged
from support.deeds import Act, acts, done, rows_of

from crmkit import ALWAYS, CRM, NEVER, where
from crmkit.consuming import Held
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.deliveries.consumer import Consumer
from crmkit.core.deliveries.delivery import Delivery
from crmkit.core.kernel.errors import Invalid, NotFound, Refused
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.storage import sqlite
from crmkit.storage.leftovers import Leftovers
from crmkit.testing import FixedClock

CANARIES = ("Xyzzy", "Quuxson", "quuxmail", "7654321", "Plughstreet", "Frobtown", "48151", "Grault")

QUUX: dict[str, Any] = {
    "person": "Xyzzy Quuxson",
    "email": "x@quuxmail.example",
    "phone": "+34 917 654 321",
    "address": Address(street="Plughstreet 1", city="Frobtown", region="Grault", postal_code="48151", country="ES"),
}


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on each store."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def kept(crm: CRM) -> bytes:
    """All that the store of a CRM has, as bytes: its file and log, its tables, or the objects in memory."""
    store: Any = crm._opened()
    file = getattr(store, "_file", None)
    if file is not None:
        return b"".join(Path(f"{file}{end}").read_bytes() for end in ("", "-wal"))
    if hasattr(store, "_world"):
        return repr(list(_reached(store._world))).encode()
    with store._engine.connect() as connection:
        tables = store._prepared.tables.metadata.tables.values()
        return repr([connection.execute(sa.select(table)).all() for table in tables]).encode()


def _reached(root: object) -> Iterator[object]:
    waiting, seen = [root], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, type) and not callable(one):
            seen.add(id(one))
            if isinstance(one, str | bytes | int | tuple | frozenset):
                yield one
            waiting += gc.get_referents(one)


def found(crm: CRM, canaries: tuple[str, ...] = CANARIES) -> list[str]:
    """Which of these stand anywhere, in any case of letters."""
    everything = kept(crm).lower()
    return [each for each in canaries if each.lower().encode() in everything]


def lived(crm: CRM, **also: Any) -> Lead:
    """A person who was captured, revised, qualified and won, reserved a key and was named where texts are free."""
    with crm.transaction(cause="call of Xyzzy Quuxson") as tx:
        lead = tx.sales.capture_lead(topic="Oil", **{**QUUX, **also})
        tx.keys.reserve("email", ["x@quuxmail.example"], holder=lead.id)
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Lead).get(lead.id), person=None, email=None))
    with crm.transaction() as tx:
        tx.revise(evolve(tx.of(Lead).get(lead.id), person=lead.person, email=lead.email))
        tx.change(tx.of(Lead).get(lead.id), "lead.called", {"said": ["I am XYZZY QUUXSON", 1], "by": {"whom": "Ann"}})
    with crm.transaction() as tx:
        deal = tx.sales.qualify(lead.id, estimate=Money(10, "EUR")).opportunity
        assert deal is not None
        tx.change(tx.of(Opportunity).get(deal.id), "opportunity.noted", {"note": "ask x@quuxmail.example"})
        tx.sales.win(deal.id)
    return lead


def other(crm: CRM) -> Lead:
    """Somebody else, who lives on."""
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil", person="Ann Smith", email="ann@example.com", company="El Olivo")
        tx.sales.qualify(lead.id)
    return lead


@pytest.mark.parametrize("also", [{}, {"company": "Acme"}, {"company": "Acme", "person": None}])
def test_nothing_of_a_person_is_found_after_erasing(crm: CRM, also: dict[str, Any]) -> None:
    """In rows, journal, operations, keys, file and log; accounts made of the lead have no copies; replay agrees."""
    other(crm)
    lead = lived(crm, **also)
    assert found(crm)
    with crm.transaction() as tx:
        erased = tx.privacy.erase(tx.of(Lead).get(lead.id))
    unnamed = also.get("person", "") is None  # then nobody knows whose name stands in free texts
    assert found(crm, CANARIES[2:] if unnamed else CANARIES) == []
    assert erased.keys == 1
    assert crm.replay()
    with crm.read() as view:
        assert view.of(Opportunity).count() == 2
        assert any(each.email and each.email.address == "ann@example.com" for each in view.of(Contact).find())
        assert [event.name for event in view.history(lead)][-1] == "lead.erased"


def test_the_check_finds_what_is_left(crm: CRM) -> None:
    """It fails where only the rows are emptied, and the journal is not."""
    lead = lived(crm)
    with crm.transaction() as tx:
        whole = tx.of(Lead).get(lead.id)
        tx.revise(evolve(whole, person=None, email=None, phone=None, address=None))
    assert set(CANARIES) - {"7654321"} <= set(found(crm))


def test_the_past_has_nothing_of_the_person_either(crm: CRM) -> None:
    """A look at a moment before the erasure sees the records, and no more than `[erased]` of whom they are about."""
    lead = lived(crm)
    clock = crm._transactions.clock
    before = clock()
    clock.advance(days=1)  # type: ignore[attr-defined]
    with crm.transaction() as tx:
        tx.privacy.erase(tx.of(Lead).get(lead.id))
    with crm.as_of(before) as view:
        then = view.of(Lead).get(lead.id)
        assert (then.person, then.email, then.phone, then.address, then.topic) == (None, None, None, None, "Oil")
        assert [str(each.name) for each in view.of(Contact).find()] == ["[erased]"]


def test_undoing_brings_nothing_back(crm: CRM) -> None:
    """What was done before the erasure is not undone over it, and undoing the erasure leaves it."""
    lead = lived(crm)
    with crm.read() as view:
        qualified = view.history(lead)[-2].stamp.operation
    with crm.transaction() as tx:
        tx.privacy.erase(tx.of(Lead).get(lead.id))
        erasure = tx.stamp.operation
    with crm.transaction() as tx, pytest.raises(Refused, match="erased"):
        tx.undo(qualified)
    with crm.transaction() as tx:
        tx.undo(erasure)
    assert found(crm) == []
    assert crm.replay()


def test_a_contact_is_all_leads_that_became_it(crm: CRM) -> None:
    """Erased from either end; a contact that went again by an undoing is of the person too."""
    lead = lived(crm)
    with crm.transaction() as tx:
        again = tx.sales.capture_lead(topic="More oil", **QUUX)
        tx.sales.qualify(again.id)
    with crm.transaction() as tx:
        gone = tx.sales.capture_lead(topic="Never", person="Xyzzy", email="x2@quuxmail.example")
    with crm.transaction() as tx:
        contact = tx.of(Contact).find()[0]
        tx.sales.qualify(gone.id, contact=contact.id)
        assert tx.privacy.erase(contact).records == 4
        assert tx.of(Lead).get(lead.id).person is None
    assert found(crm) == []
    assert crm.replay()


def test_a_contact_that_was_undone_is_erased_with_its_lead(crm: CRM) -> None:
    """It has no row, and the journal had what it was."""
    with crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Oil", **QUUX)
    with crm.transaction() as tx:
        tx.sales.qualify(lead.id)
        qualified = tx.stamp.operation
    with crm.transaction() as tx:
        tx.undo(qualified)
    with crm.transaction() as tx:
        assert tx.privacy.erase(tx.of(Lead).get(lead.id)).records == 1
    assert found(crm) == []
    assert crm.replay()


def test_what_consumers_stumbled_over_is_not_kept(crm: CRM) -> None:
    """The fault of a delivery may have told of the person; the delivery itself stays."""
    lead = lived(crm)

    def stumble(held: Held) -> None:
        raise ValueError(f"Xyzzy Quuxson has no {held.message.event.name}")

    crm.deliver(Consumer(name="mailer", kinds=("lead",)), stumble)
    with crm.transaction() as tx:
        tx.privacy.erase(tx.of(Lead).get(lead.id))
        assert {each.fault for each in tx.of(Delivery).find()} == {"[erased]"}
    assert found(crm) == []


def test_an_erasing_that_is_refused_leaves_everything_as_it_was(crm: CRM) -> None:
    """Also what consumers stumbled over, if the host goes on all the same."""
    lead = lived(crm)

    def stumble(_: Held) -> None:
        raise ValueError("out of ink")

    crm.deliver(Consumer(name="mailer", kinds=("lead",)), stumble)
    with crm.transaction(cause="Xyzzy Quuxson asked") as tx:
        with pytest.raises(Invalid):
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        tx.people.add_user(name="Ann")
    with crm.read() as view:
        assert {each.fault for each in view.of(Delivery).find()} == {"ValueError: out of ink"}


def test_causes_of_what_was_done_to_related_records_tell_no_more(crm: CRM) -> None:
    """A deal that leads to the person was changed at their wish, and another record with it."""
    lead = lived(crm)
    with crm.transaction(cause="asked by x@quuxmail.example") as tx:
        deal = tx.of(Opportunity).first(where("contact_id").present())
        assert deal is not None
        tx.revise(evolve(deal, name="Olives"))
        tx.sales.capture_lead(topic="Gas")
    with crm.transaction() as tx:
        tx.privacy.erase(tx.of(Lead).get(lead.id))

    assert found(crm) == []
    with crm.read() as view:
        assert {event.stamp.cause for event in view.journal() if event.stamp.cause} == {"[erased]"}


def test_a_file_keeps_no_bytes_of_what_was_moved_within_it(tmp_path: Path) -> None:
    """Pages that were split keep copies which nothing leads to; the file is written anew."""
    with opened("sqlite", tmp_path) as crm:
        names = [f"Canary{number:04d}" for number in range(400)]
        with crm.transaction() as tx:
            leads = [
                tx.sales.capture_lead(topic="Oil", person=f"Ann {name}", email=f"{name[-1]}{name}@example.com")
                for name in names
            ]
        with crm.transaction() as tx:
            for lead in leads[::3]:
                tx.revise(evolve(tx.of(Lead).get(lead.id), note="n" * 300))
        with crm.transaction() as tx:
            for lead in leads[::4]:
                tx.privacy.erase(tx.of(Lead).get(lead.id))
        assert found(crm, tuple(names[::4])) == []
        assert len(found(crm, tuple(names))) == 300


def test_bytes_that_a_snapshot_needs_are_gone_with_the_next_transaction_after_it(tmp_path: Path) -> None:
    """Whoever reads, whoever erased, and whoever comes next."""
    with opened("sqlite", tmp_path) as erasing, CRM.open(f"sqlite:{tmp_path / 'crm.db'}") as reading:
        lead = lived(erasing)
        with reading.read() as view:
            assert view.of(Lead).find()
            with erasing.transaction() as tx:
                tx.privacy.erase(tx.of(Lead).get(lead.id))
            other(reading)
            assert view.of(Lead).get(lead.id).person == lead.person
            assert found(erasing)
            erasing.close()
        other(reading)

        assert found(reading) == []


def test_bytes_that_a_killed_process_left_are_gone_with_the_next_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was erased is committed with a mark that the file is to be cleaned."""
    with opened("sqlite", tmp_path) as killed:
        lead = lived(killed)
        monkeypatch.setattr(Leftovers, "clean", lambda *_: None)  # it came no further
        with killed.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        monkeypatch.undo()
        assert found(killed)
        with CRM.open(f"sqlite:{tmp_path / 'crm.db'}") as later:
            other(later)
            assert found(later) == []


def test_a_file_is_written_anew_once(tmp_path: Path) -> None:
    """Then it is clean, and transactions cost what they cost before."""
    told: list[str] = []
    with opened("sqlite", tmp_path) as crm:
        lead = lived(crm)
        with crm.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        store: Any = crm._opened()
        with store._engine.connect() as connection:
            connection.connection.driver_connection.set_trace_callback(told.append)
        other(crm)

    assert told
    assert "VACUUM" not in told


class Copies:
    """How often the file of a CRM is to be written anew from now on, and what happens at the beginning of that."""

    def __init__(self, crm: CRM, at: Callable[[], object] = lambda: None) -> None:
        self.count, self.fail, self._at = 0, False, at
        store: Any = crm._opened()
        with store._engine.connect() as connection:
            connection.connection.driver_connection.set_authorizer(self._asked)

    def _asked(self, action: int, *_: object) -> int:
        if action != sqlite3.SQLITE_ATTACH:  # by which VACUUM begins
            return sqlite3.SQLITE_OK
        self.count += 1
        self._at()
        return sqlite3.SQLITE_DENY if self.fail else sqlite3.SQLITE_OK


def test_a_file_that_cannot_be_written_anew_is_tried_at_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with every commit: each try takes a copy of all."""
    with opened("sqlite", tmp_path) as crm:
        lead, copies = lived(crm), Copies(crm)
        copies.fail = True
        with crm.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        other(crm)
        other(crm)
        assert copies.count == 1

        copies.fail = False
        monkeypatch.setattr(sqlite, "CHECKPOINT_AT", 1)
        other(crm)
        assert (copies.count, found(crm)) == (2, [])


def test_a_file_that_is_written_anew_beside_a_reader_is_so_once(tmp_path: Path) -> None:
    """Then only the log is left; and who erases meanwhile is not forgotten."""
    views = []
    with opened("sqlite", tmp_path) as crm, CRM.open(f"sqlite:{tmp_path / 'crm.db'}") as reading:

        def begin() -> None:
            views.append(reading._opened().snapshot())

        lead, copies = lived(crm), Copies(crm, begin)
        with crm.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        other(crm)
        assert copies.count == len(views) == 1
        views.pop().rollback()
        other(crm)
        assert (copies.count, found(crm)) == (1, [])

        lead = lived(crm)
        with crm.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        lead = lived(crm, key="again")
        with crm.transaction() as tx:
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        for view in views:
            view.rollback()
        copies._at = lambda: None
        other(crm)
        assert (copies.count, found(crm)) == (3, [])


def test_whom_one_does_not_see_one_does_not_erase(tmp_path: Path) -> None:
    """Nor export: the record is not found; of a person of whom a part is seen nothing is erased."""
    for hidden in (Lead, Contact):

        def rule(_: Any, cls: type[Any], hidden: type[Any] = hidden) -> Any:
            return NEVER if cls is hidden else ALWAYS

        with plugged("memory", tmp_path, access={"acme": rule}) as crm:
            lead = lived(crm)
            with crm.transaction() as tx:
                user = tx.people.add_user(name="Bo")
            with crm.transaction(user) as tx:
                with pytest.raises(NotFound):
                    tx.privacy.erase(lead)
                if hidden is Lead:
                    with pytest.raises(NotFound):
                        tx.privacy.export(lead)
                else:
                    told: Any = tx.privacy.export(lead)
                    assert {each["kind"] for each in told["records"]} == {"lead"}


def test_what_is_no_person_is_not_erased(crm: CRM) -> None:
    """An account is an organisation; and the cause of an erasure does not say whom."""
    with crm.transaction() as tx:
        account = tx.customers.add_account(name="Acme")
        lead = tx.sales.capture_lead(topic="Oil", **QUUX)
        with pytest.raises(Invalid):
            tx.privacy.erase(account)  # type: ignore[arg-type]
    with pytest.raises(Invalid), crm.transaction(cause="Xyzzy Quuxson asked") as tx:
        tx.privacy.erase(lead)


def test_an_export_has_all_that_is_kept(crm: CRM) -> None:
    """Records, what leads to them, events, operations, keys, in a stable order, as JSON; afterwards nothing of it."""
    other(crm)
    lead = lived(crm)
    with crm.read() as view:
        told = view.privacy.export(lead)
        assert told == view.privacy.export(lead)
    written = json.dumps(told).lower()
    assert all(each.lower() in written for each in CANARIES if each != "7654321")
    assert "ann@example.com" not in written
    made: Any = told
    assert [each["kind"] for each in made["records"]] == ["contact", "lead"]
    assert [each["kind"] for each in made["related"]] == ["opportunity"]
    assert made["keys"] == [{"space": "email", "key": "x@quuxmail.example", "holder": str(lead.id)}]
    assert [each["sequence"] for each in made["events"]] == sorted(each["sequence"] for each in made["events"])
    with crm.transaction() as tx:
        tx.privacy.erase(tx.of(Lead).get(lead.id))
        assert not [each for each in CANARIES if each.lower() in json.dumps(tx.privacy.export(lead)).lower()]


@pytest.mark.parametrize("store", LOCAL)
@settings(max_examples=max(6, settings().max_examples // 5))
@given(
    lives=st.lists(st.lists(acts, min_size=1, max_size=5), max_size=4),
    end=st.sampled_from(["captured", "qualified", "undone"]),
)
def test_whatever_happened_the_person_is_gone_and_the_rest_as_before(
    store: str, lives: list[list[Act]], end: str
) -> None:
    """No trace, a journal that rebuilds all, and every record of others unchanged."""
    with TemporaryDirectory() as folder, opened(store, Path(folder), FixedClock()) as crm:
        with crm.transaction() as tx:
            lead = tx.sales.capture_lead(topic="Zz", **QUUX)
        for deeds in lives:
            done(crm, deeds)
        if end != "captured":
            with crm.transaction() as tx:
                now = tx.of(Lead).get(lead.id)
                operation = tx.stamp.operation if now.status in ("new", "contacted") else None
                if operation:
                    tx.sales.qualify(lead.id, key="quux")
            if end == "undone" and operation:
                with crm.transaction() as tx:
                    tx.undo(operation)
        with crm.read() as view:
            before = rows_of(view)
        with crm.transaction() as tx:
            erasing = tx.stamp.operation
            tx.privacy.erase(tx.of(Lead).get(lead.id))
        assert found(crm) == []
        assert crm.replay()
        with crm.read() as view:
            after = rows_of(view)
            ours = {event.id for event in view.journal() if _of(event, erasing)}
            ours |= {each.id for each in view.of(Account).find()}
        for kind, rows in before.items():
            assert rows.keys() == after[kind].keys()
            assert {id: row for id, row in rows.items() if id not in ours} == {
                id: row for id, row in after[kind].items() if id not in ours
            }


def _of(event: Event, operation: Any) -> bool:
    return bool(event.stamp.operation == operation)
