"""SQLAlchemy's ORM on the same tables: classes mapped as is usual, changed in place and written by the session.

Their attributes are what whoever uses an ORM expects: UUIDs, datetimes in UTC, decimals, members of enumerations. What
crmkit makes one value of is several attributes here, which costs the ORM less than a composite would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.orm import Session, registry

from benchmarks.leads import as_it_is, event, new_id, operation
from benchmarks.mapped_types import plain, typed
from benchmarks.places import Place
from benchmarks.statements import Conversion, events
from crmkit.core.kernel.text import fold
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.storage.tables import Rows

Values = Mapping[str, Any]


class Mapped:
    """The mapped classes of one place, by kind."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._rows: dict[str, Rows] = {
            **place.tables.kinds,
            "journal": place.tables.journal,
            "operation": place.tables.operations,
        }
        mappers = registry()
        self.of: dict[str, Any] = {}
        for kind, rows in self._rows.items():
            self.of[kind] = type(kind, (), {})
            mappers.map_imperatively(self.of[kind], typed(rows, mappers.metadata))

    def session(self) -> Session:
        """For one transaction."""
        return Session(self.place.engine)

    def made(self, kind: str, values: Values) -> Any:
        """A new object with these values."""
        one = self.of[kind]()
        for name, value in values.items():
            setattr(one, name, value)
        return one

    def plain(self, kind: str, cells: Values) -> dict[str, Any]:
        """What stands in the cells of a row, as attributes have it."""
        rows, read = self._rows[kind], self.place.tables.read
        found = dict(cells)
        for column in rows.columns:
            kept = cells[column.name]
            found[column.name] = None if kept is None else plain(column, read(column.scalar, kept))
        return found

    def gets(self, leads: Sequence[Lead]) -> None:
        """Read each of them, in one session."""
        with self.session() as session:
            for lead in leads:
                session.get(self.of["lead"], lead.id)

    def moves(self, lead: Lead) -> None:
        """Contact it, as `Plans.moves`."""
        done, now = new_id(), datetime.now(UTC)
        with self.session() as session:
            found: Any = session.get(self.of["lead"], lead.id)
            found.status, found.contacted_at, found.version, found.modified_at = LeadStatus.CONTACTED, now, 2, now
            changes = {"status": ["new", "contacted"], "contacted_at": [None, str(now)]}
            told = event(as_it_is, "lead.contacted", lead.id, version=2, changes=changes, operation=done)
            session.add(self.made("journal", told))
            session.add(self.made("operation", operation(as_it_is, done, "sales.contact", lead.id)))
            session.commit()

    def like(self, made: Conversion) -> Conversion:
        """What a conversion makes, as attributes have it."""
        return evolve(
            made,
            account=self.plain("account", made.account),
            contact=self.plain("contact", made.contact),
            opportunity=self.plain("opportunity", made.opportunity),
            stay=self.plain("stage_stay", made.stay),
        )

    def converts(self, lead: Lead, like: Conversion) -> None:
        """Qualify it, as `Plans.converts`; what others point to is flushed first."""
        done, now = new_id(), datetime.now(UTC)
        account, contact, deal, stay = (new_id() for _ in range(4))
        with self.session() as session:
            found: Any = session.get(self.of["lead"], lead.id)
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
            found.status, found.qualified_at, found.version, found.modified_at = LeadStatus.QUALIFIED, now, 2, now
            found.account_id, found.contact_id = account, contact
            of = {"lead_id": lead.id, "account_id": account, "contact_id": contact}
            session.add(self.made("opportunity", {**like.opportunity, **of, "id": deal}))
            session.flush()
            session.add(self.made("stage_stay", {**like.stay, "id": stay, "opportunity_id": deal}))
            for each in events(as_it_is, like, (account, contact, deal), lead.id, done):
                session.add(self.made("journal", each))
            session.add(self.made("operation", operation(as_it_is, done, "sales.qualify", lead.id)))
            session.commit()
