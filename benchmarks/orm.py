"""SQLAlchemy's ORM on the same tables: mapped classes, changed in place and written by the session."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from benchmarks.leads import event, new_id, operation
from benchmarks.places import Place
from benchmarks.statements import Conversion, Plans
from crmkit.core.kernel.text import fold
from crmkit.core.sales.lead import Lead


class Mapped:
    """The mapped classes of one place, by kind."""

    def __init__(self, place: Place) -> None:
        self.place, self._plans = place, Plans(place)
        mappers = registry(metadata=place.tables.metadata)
        tables = {kind: rows.table for kind, rows in place.tables.kinds.items()}
        tables |= {"journal": place.tables.journal.table, "operation": place.tables.operations.table}
        self.of: dict[str, Any] = {}
        for kind, table in tables.items():
            self.of[kind] = type(kind, (), {})
            mappers.map_imperatively(self.of[kind], table)

    def session(self) -> Session:
        """For one transaction."""
        return Session(self.place.engine)

    def made(self, kind: str, values: Any) -> Any:
        """A new object with these values."""
        one = self.of[kind]()
        for name, value in values.items():
            setattr(one, name, value)
        return one

    def gets(self, lead: Lead) -> None:
        """Read it."""
        with self.session() as session:
            session.get(self.of["lead"], self._plans.id(lead.id))

    def moves(self, lead: Lead) -> None:
        """Contact it, as `Plans.moves`."""
        id, done, now = self._plans.id(lead.id), new_id(), self._plans.now()
        with self.session() as session:
            found: Any = session.get(self.of["lead"], id)
            found.status, found.contacted_at, found.version, found.modified_at = "contacted", now, 2, now
            changes = {"status": ["new", "contacted"], "contacted_at": [None, str(now)]}
            told = event(self.place, "lead.contacted", id, version=2, changes=changes, operation=done)
            session.add(self.made("journal", told))
            session.add(self.made("operation", operation(self.place, done, "sales.contact", lead.id)))
            session.commit()

    def converts(self, lead: Lead, like: Conversion) -> None:
        """Qualify it, as `Plans.converts`; what others point to is flushed first."""
        plans, done = self._plans, new_id()
        id = plans.id(lead.id)
        account, contact, deal, stay = (plans.id(new_id()) for _ in range(4))
        with self.session() as session:
            found: Any = session.get(self.of["lead"], id)
            accounts, contacts = self.of["account"], self.of["contact"]
            email = fold(lead.email.address if lead.email else "")
            called = sa.select(accounts).where(accounts.name_fold == fold(str(lead.company))).limit(10)
            reached = sa.select(contacts).where(contacts.email_fold == email).limit(10)
            session.scalars(called).all()
            session.scalars(reached).all()
            session.add(self.made("account", {**like.account, "id": account, "name": lead.company}))
            session.flush()
            session.add(self.made("contact", {**like.contact, "id": contact, "account_id": account}))
            session.flush()
            now = plans.now()
            found.status, found.qualified_at, found.version, found.modified_at = "qualified", now, 2, now
            found.account_id, found.contact_id = account, contact
            of = {"lead_id": id, "account_id": account, "contact_id": contact}
            session.add(self.made("opportunity", {**like.opportunity, **of, "id": deal}))
            session.flush()
            session.add(self.made("stage_stay", {**like.stay, "id": stay, "opportunity_id": deal}))
            for each in plans.events(like, (account, contact, deal), id, done):
                session.add(self.made("journal", each))
            session.add(self.made("operation", operation(self.place, done, "sales.qualify", lead.id)))
            session.commit()
