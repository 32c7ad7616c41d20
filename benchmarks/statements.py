"""What is said to get, move and convert a lead, and the plans of all three, for any hands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from attrs import field, frozen

from benchmarks.hands import Hands, Said, Values, said
from benchmarks.leads import Stored, cells, event, new_id, operation
from benchmarks.places import Place
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.text import fold
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.sales.stage_stay import StageStay

GIVEN = ("sequence", "position")  #: columns that the database, or the feed, fills
MOVED = ("status", "contacted_at", "version", "modified_at")
QUALIFIED = ("status", "qualified_at", "account_id", "contact_id", "version", "modified_at")


@frozen(eq=False)
class Plans:
    """The work of one transaction, step by step; ids as their table keeps them."""

    place: Place
    get: Said = field(init=False)
    called: Said = field(init=False)
    reached: Said = field(init=False)
    moved: Said = field(init=False)
    qualified: Said = field(init=False)
    inserts: dict[str, Said] = field(init=False)

    @get.default
    def _get(self) -> Said:
        table = self.table("lead")
        return said(sa.select(table).where(table.c.id == sa.bindparam("of")), self.place.engine)

    @called.default
    def _called(self) -> Said:
        table = self.table("account")
        return said(sa.select(table).where(table.c.name_fold == sa.bindparam("name")).limit(10), self.place.engine)

    @reached.default
    def _reached(self) -> Said:
        table = self.table("contact")
        return said(sa.select(table).where(table.c.email_fold == sa.bindparam("email")).limit(10), self.place.engine)

    @moved.default
    def _moved(self) -> Said:
        return self._changed(MOVED)

    @qualified.default
    def _qualified(self) -> Said:
        return self._changed(QUALIFIED)

    @inserts.default
    def _inserts(self) -> dict[str, Said]:
        tables = {kind: self.table(kind) for kind in ("lead", "account", "contact", "opportunity", "stage_stay")}
        tables |= {"journal": self.place.tables.journal.table, "operation": self.place.tables.operations.table}
        return {
            kind: said(
                table.insert().inline(), self.place.engine, [name for name in _names(table) if name not in GIVEN]
            )
            for kind, table in tables.items()
        }

    def table(self, kind: str) -> sa.Table:
        """The table of a kind."""
        return self.place.tables.kinds[kind].table

    def gets(self, hands: Hands, leads: Sequence[Lead]) -> None:
        """Read each of them, in one transaction."""
        hands.begin()
        for lead in leads:
            hands.rows(self.get, {"of": self.id(lead.id)})
        hands.commit()

    def moves(self, hands: Hands, lead: Lead) -> None:
        """Contact it: read, changed if nobody did meanwhile, recorded, and the operation kept."""
        id, done = self.id(lead.id), new_id()
        hands.begin()
        hands.rows(self.get, {"of": id})
        now = self.now()
        change = {"status": "contacted", "contacted_at": now, "version": 2, "modified_at": now}
        self._one(hands, self.moved, {**change, "of": id, "was": 1})
        changes = {"status": ["new", "contacted"], "contacted_at": [None, str(now)]}
        told = event(self.place.tables.stored, "lead.contacted", id, version=2, changes=changes, operation=done)
        hands.write(self.inserts["journal"], [told])
        hands.write(self.inserts["operation"], [self.done(done, "sales.contact", lead)])
        hands.commit()

    def converts(self, hands: Hands, lead: Lead, like: Conversion) -> None:
        """Qualify it: who could be meant, what is made of it, five records and as many events as it has."""
        id, done = self.id(lead.id), new_id()
        account, contact, deal, stay = (self.id(new_id()) for _ in range(4))
        hands.begin()
        hands.rows(self.get, {"of": id})
        hands.rows(self.called, {"name": fold(str(lead.company))})
        hands.rows(self.reached, {"email": fold(lead.email.address if lead.email else "")})
        now = self.now()
        hands.write(self.inserts["account"], [{**like.account, "id": account, "name": lead.company}])
        hands.write(self.inserts["contact"], [{**like.contact, "id": contact, "account_id": account}])
        change = {"status": "qualified", "qualified_at": now, "version": 2, "modified_at": now}
        self._one(hands, self.qualified, {**change, "account_id": account, "contact_id": contact, "of": id, "was": 1})
        of = {"lead_id": id, "account_id": account, "contact_id": contact}
        hands.write(self.inserts["opportunity"], [{**like.opportunity, **of, "id": deal}])
        hands.write(self.inserts["stage_stay"], [{**like.stay, "id": stay, "opportunity_id": deal}])
        hands.write(self.inserts["journal"], events(self.place.tables.stored, like, (account, contact, deal), id, done))
        hands.write(self.inserts["operation"], [self.done(done, "sales.qualify", lead)])
        hands.commit()

    def done(self, id: Id[Any], command: str, lead: Lead) -> Values:
        """The row of an operation."""
        return operation(self.place.tables.stored, id, command, lead.id)

    def id(self, id: Any) -> Any:
        """As its table keeps it."""
        return self.place.tables.stored(Scalar.ID, id)

    def now(self) -> Any:
        """As its table keeps it."""
        return self.place.tables.stored(Scalar.MOMENT, datetime.now(UTC))

    def _changed(self, names: tuple[str, ...]) -> Said:
        table = self.table("lead")
        change = table.update().where(table.c.id == sa.bindparam("of"), table.c.version == sa.bindparam("was"))
        change = change.values({name: sa.bindparam(name) for name in names})
        return said(change, self.place.engine)

    def _one(self, hands: Hands, statement: Said, values: Values) -> None:
        if hands.write(statement, [values]) != 1:
            raise RuntimeError("somebody else changed a lead of the benchmark")


@frozen(eq=False)
class Conversion:
    """What the records look like that a conversion makes: their cells, to be given ids of their own."""

    account: Values
    contact: Values
    opportunity: Values
    stay: Values
    told: Mapping[str, Any]  #: what the event of a birth says


def events(stored: Stored, like: Conversion, made: tuple[Any, Any, Any], lead: Any, done: Id[Any]) -> list[Values]:
    """What a conversion records: of the account, the contact and the deal that it made, and of the lead."""
    change = {"status": ["new", "qualified"], "account_id": [None, str(made[0])]}
    names = ("account.added", "contact.added", "opportunity.opened")
    return [
        *(
            event(stored, name, id, version=1, changes=like.told, operation=done)
            for name, id in zip(names, made, strict=True)
        ),
        event(stored, "lead.qualified", lead, version=2, changes=change, operation=done),
    ]


def conversion(place: Place, lead: Lead) -> Conversion:
    """The cells of what the lead would become, as crmkit makes it."""
    with place.crm.transaction() as tx:
        made = tx.sales.qualify(lead.id)
        assert made.account is not None
        assert made.contact is not None
        assert made.opportunity is not None
        stay = tx.of(StageStay).find(limit=1)[0]
        told = tx.history(made.contact)[0].changes
        account = tx.of(Account).get(made.account.id)
        contact = tx.of(Contact).get(made.contact.id)
        deal = tx.of(Opportunity).get(made.opportunity.id)
    return Conversion(
        account=cells(place, account),
        contact=cells(place, contact),
        opportunity=cells(place, deal),
        stay=cells(place, stay),
        told=told,
    )


def _names(table: sa.Table) -> list[str]:
    return [column.name for column in table.columns]
