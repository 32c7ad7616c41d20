"""Privacy: what is kept about one person, to be handed over or erased."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import evolve, frozen

from crmkit.areas.leases import changed
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.particulars import Particulars, told
from crmkit.core.deliveries.delivery import Delivery
from crmkit.core.kernel.columns import Json, to_json
from crmkit.core.kernel.command import command
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.erasure import ERASED, Erased, Place, erase, personal, texts
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.ground import OneOf
from crmkit.core.kernel.identity import missing, outdated
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, apply
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.values import Written
from crmkit.core.kernel.work import Work
from crmkit.core.sales.lead import Lead

FORMAT: Final = "crmkit.person/1"  #: of exports

LEAD, CONTACT, ACCOUNT = kind_of(Lead), kind_of(Contact), kind_of(Account)

#: What qualifying a lead may write down at the account that it makes.
TAKEN: Final = ("email", "phone", "address")


@frozen
class Privacy:
    """`tx.privacy`.

    A person is a lead, the contact that it became, and the leads that became this contact.
    """

    work: Work

    @command
    def erase(self, record: Lead | Contact) -> Erased:
        """Let nothing be kept of what personal fields say of this person, now or in the past; it cannot be undone.

        Deals and cases stay, with the records themselves, which say nothing of whom they are about. Files of rejected
        lines are not the store's: `exchange.erasing.erase_person` does both.

        :raises NotFound: there is no such record, or this actor does not see all records of the person
        :raises Conflict: another transaction changed one of them meanwhile
        :raises Invalid: something else is given, or the cause of this transaction tells of the person
        """
        work = self.work
        persons = self._person(record)
        for kind, id in persons:
            work.sight.require(work.model.entities[kind], id)
        with work.sight.lifted():
            journal = [event for kind, id in persons for event in work.session.history(kind=kind, id=id)]
            subjects = {place: personal(work.model.entities[place[0]]) for place in persons}
            said = {text for event in journal for text in texts(event.changes, subjects[event.kind, event.id])}
            subjects |= dict(self._copies(journal, said))
            erased = erase(work, subjects, [place for place, _ in self._related(persons)])
            self._silence(persons)
            return erased

    def particulars(self, record: Lead | Contact) -> Particulars:
        """By what a text outside the store tells that it is about this person, as they are or were once called.

        After `erase` there are none.

        :raises NotFound: like `erase`
        :raises Invalid: something else is given
        """
        work = self.work
        persons = self._person(record)
        for kind, id in persons:
            work.sight.require(work.model.entities[kind], id)
        return Particulars.of(value for kind, id in persons for value in self._told(work.model.entities[kind], id))

    def export(self, record: Lead | Contact) -> dict[str, Json]:
        """All that is kept about this person, as far as this actor sees it; see docs/how-to/export-and-erase.md.

        :raises NotFound: there is no such record, or this actor does not see it
        :raises Invalid: something else is given
        """
        work = self.work
        persons = self._person(record)
        work.sight.require(work.model.entities[persons[0][0]], persons[0][1])
        persons = [place for place in persons if work.sight.sees(work.model.entities[place[0]], place[1])]
        rows = [(place, row) for place in sorted(persons) for row in work.session.load(place[0], [place[1]])]
        related = sorted(self._related(persons), key=lambda each: each[0])
        places = [*sorted(persons), *(place for place, _ in related)]
        events = [event for kind, id in places for event in work.session.history(kind=kind, id=id)]
        events.sort(key=lambda event: event.sequence)
        operations = sorted({event.stamp.operation for event in events})
        return {
            "format": FORMAT,
            "at": to_json(work.stamp.at),
            "person": {"kind": persons[0][0], "id": str(persons[0][1])},
            "records": [self._record(place, row) for place, row in rows],
            "related": [self._record(place, row) for place, row in related],
            "events": [_event(event) for event in events],
            "operations": [told for id in operations for told in self._operation(id)],
            "keys": [
                {"space": space, "key": key, "holder": str(id)}
                for _, id in sorted(persons)
                for space, key in work.session.keys(id)
            ],
        }

    def _told(self, model: EntityModel, id: Id[Any]) -> Iterator[Written]:
        """What a record said of the person after each of its events."""
        row: Row | None = None
        for event in self.work.session.history(kind=model.kind, id=id):
            row = apply(model, row, event)
            if row is not None:
                yield from told(model.build(row), model)

    def _person(self, record: object) -> list[Place]:
        """The records of the person, the given one first; those that an undoing ended are among them.

        :raises NotFound: nothing is known of such a record
        :raises Invalid: neither a lead nor a contact
        """
        if not isinstance(record, Lead | Contact):
            raise Invalid("record", f"got {shape(record)}", accepts="a lead or a contact")
        self.work.flush()
        found, waiting = list[Place](), [(kind_of(type(record)), record.id)]
        while waiting:
            place = waiting.pop(0)
            if place not in found:
                history = list(self.work.session.history(kind=place[0], id=place[1]))
                if not history:
                    raise missing(*place)
                found.append(place)
                waiting += self._contacts(history) if place[0] == LEAD else self._leads(place[1], history[0])
        return found

    def _contacts(self, history: list[Event]) -> Iterator[Place]:
        """What a lead became: its contact now, and those that were made of it and went again."""
        for row in self.work.session.load(LEAD, [history[0].id]):
            contact = row[self.work.model.entities[LEAD].position["contact_id"]]
            if contact is not None:
                yield CONTACT, contact
        for event, id in _led(history, "contact_id"):
            births = self.work.session.history(kind=CONTACT, id=id, limit=1)
            if any(birth.stamp.operation == event.stamp.operation for birth in births):
                yield CONTACT, id

    def _leads(self, contact: Id[Any], birth: Event) -> Iterator[Place]:
        """What became a contact: the leads that lead to it now, and the one that it was made of."""
        model = self.work.model.entities[LEAD]
        column = model.by_path["contact_id"]
        for row in self.work.session.page(LEAD, OneOf(column, frozenset({contact}))):
            yield LEAD, row[model.position["id"]]
        for event in self.work.session.history(operation=birth.stamp.operation):
            if event.kind == LEAD and (event, contact) in list(_led([event], "contact_id")):
                yield LEAD, event.id

    def _copies(self, journal: Iterable[Event], said: set[str]) -> Iterator[tuple[Place, frozenset[str]]]:
        """What the accounts that were made of the person's leads have from these leads."""
        paths = self.work.model.entities[ACCOUNT].by_path
        for event, id in _led(journal, "account_id"):
            for birth in self.work.session.history(kind=ACCOUNT, id=id, limit=1):
                if birth.stamp.operation == event.stamp.operation:
                    groups = [[path for path in paths if path == one or path.startswith(f"{one}.")] for one in TAKEN]
                    taken = [group for group in groups if said.intersection(texts(birth.changes, group))]
                    yield (ACCOUNT, id), frozenset(path for group in taken for path in group)

    def _silence(self, persons: Iterable[Place]) -> None:
        """What went wrong with deliveries of the person's events may tell of anything.

        :raises Conflict: somebody has one in hand
        """
        for kind, id in persons:
            for letter in self.work.of(Delivery).find((where("kind") == kind) & (where("record") == str(id))):
                silent = evolve(letter, version=letter.version + 1, fault=ERASED)
                if letter.fault is not None and not changed(self.work, letter, silent):
                    raise outdated(kind_of(Delivery), [letter.id])
        self.work.forget()

    def _related(self, persons: Iterable[Place]) -> list[tuple[Place, Row]]:
        """The records that lead to the person's, as far as they are seen, without those and without projections."""
        work, persons = self.work, list(persons)
        derived = {projection.kind for projection in work.registry.projections}
        found = dict[Place, Row]()
        for model in work.model.entities.values():
            for relation in model.relations.values() if model.kind not in derived else ():
                ids = frozenset(id for kind, id in persons if kind == relation.target)
                asked = work.sight.of(model.kind, OneOf(relation.column, ids))
                for row in work.session.page(model.kind, asked) if ids else ():
                    found[model.kind, row[model.position["id"]]] = row
        return [(place, row) for place, row in found.items() if place not in persons]

    def _record(self, place: Place, row: Row) -> Json:
        columns = self.work.model.entities[place[0]].columns
        return {
            "kind": place[0],
            **{column.path: to_json(value) for column, value in zip(columns, row, strict=True) if value is not None},
        }

    def _operation(self, id: Id[Any]) -> Iterator[Json]:
        """What was asked within an operation; its answers are about whomever it concerned."""
        done = self.work.session.operation(id)
        if done is not None:
            names: Json = [each.name for each in done.commands]
            about: dict[str, Json] = {"id": str(id), "actor": str(done.actor), "at": to_json(done.at)}
            yield about | {"cause": done.cause, "commands": names}


def _led(events: Iterable[Event], path: str) -> Iterator[tuple[Event, Id[Any]]]:
    """Where events let leads lead at this path."""
    for event in events:
        after = event.changes[path][1] if event.kind == LEAD and path in event.changes else None
        if isinstance(after, str):
            yield event, Id(after)


def _event(event: Event) -> Json:
    stamp = event.stamp
    return {
        "sequence": event.sequence,
        "name": event.name,
        "kind": event.kind,
        "id": str(event.id),
        "version": event.version,
        "at": to_json(stamp.at),
        "occurred": to_json(stamp.occurred),
        "by": str(stamp.by),
        "operation": str(stamp.operation),
        "cause": stamp.cause,
        "changes": {path: list(change) for path, change in event.changes.items()},
        "details": dict(event.details),
    }
