"""A line about a lead: who they are, and how far it has come with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Code, Name, Text
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.values import Email, PersonName, Phone
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.exchange.cells import Dispensable, To
from crmkit.exchange.desk import Desk
from crmkit.exchange.rows.places import place

UNSAID: Final = "cancelled"  #: the reason that says least, for an end without one
_DAY: Final = timedelta(days=1)


@frozen(kw_only=True)
class LeadRow:
    """Somebody who may want something, contacted or not, disqualified or not."""

    entity: ClassVar[type[Entity]] = Lead
    identity: ClassVar[str] = "key"

    key: Annotated[Code | None, To(Lead)] = None
    topic: Name | None = None  #: the company or the person, unless it is given
    source: Annotated[Code | None, Dispensable] = None
    company: Name | None = None
    person: PersonName | None = None
    email: Annotated[Email | None, Dispensable] = None
    phone: Annotated[Phone | None, Dispensable] = None
    city: Annotated[Name | None, Dispensable] = None
    country: Annotated[Code | None, Dispensable] = None  #: ISO 3166-1 alpha-2
    note: Annotated[Text | None, Dispensable] = None
    owner: Annotated[Code | None, To(User), Dispensable] = None
    created: Annotated[datetime | None, Dispensable] = None  #: else what happened first, else now
    contacted: Annotated[datetime | None, Dispensable] = None
    disqualified: Annotated[datetime | None, Dispensable] = None
    reason: Code | None = None  #: why it was disqualified

    def enter(self, desk: Desk) -> Lead:
        """Capture the lead or revise what the line knows better, then let happen what happened.

        :raises Invalid: nothing that says who it is; a reason that no lead is disqualified for
        """
        if self.source is None and "source" in desk.fields:
            desk.note("source", "no origin given")
        desk.useless(self, "reason", "disqualified")
        lead, owner = desk.find(Lead, self.key), desk.user(self.owner)
        lead = self._captured(desk, owner) if lead is None else self._revised(desk, lead, owner)
        self._compare_dates(desk)
        return self._disqualified(desk, self._contacted(desk, lead))

    def _compare_dates(self, desk: Desk) -> None:
        if self.created is None:
            return
        if self.created > desk.tx.now:
            desk.note("created", "in the future", str(self.created))
        if self.contacted is not None and self.contacted < self.created:
            early = (self.created - self.contacted) / _DAY
            desk.note("contacted", "before the lead was created", f"by {early:.2f} days")

    def _captured(self, desk: Desk, owner: Id[User] | None) -> Lead:
        topic = self.topic or self.company or (self.person.full if self.person else None)
        if topic is None:
            raise Invalid("topic", "is missing, and so are company and person", accepts="one of the three")
        happened = [moment for moment in (self.contacted, self.disqualified) if moment]
        with desk.tx.occurred(self.created or min(happened, default=desk.tx.now)):
            captured = desk.tx.sales.capture_lead(
                topic=topic,
                source=self.source,
                company=self.company,
                person=self.person,
                email=self.email,
                phone=self.phone,
                address=place(desk, None, self.city, self.country),
                note=self.note,
                owner=owner,
                key=self.key,
            )
        return desk.keep(captured)

    def _revised(self, desk: Desk, lead: Lead, owner: Id[User] | None) -> Lead:
        desk.settled("created", self.created, lead.created_at)
        revised = desk.tx.revise(
            evolve(
                lead,
                topic=self.topic or lead.topic,
                source=self.source or lead.source,
                company=self.company or lead.company,
                person=self.person or lead.person,
                email=self.email or lead.email,
                phone=self.phone or lead.phone,
                address=place(desk, lead.address, self.city, self.country),
                note=self.note or lead.note,
            )
        )
        return desk.tx.people.assign(revised, to=owner) if owner else revised

    def _contacted(self, desk: Desk, lead: Lead) -> Lead:
        if self.contacted is None or lead.contacted_at is not None:
            desk.settled("contacted", self.contacted, lead.contacted_at)
            return lead
        if lead.status is not LeadStatus.NEW:
            desk.note("contacted", f"left out; the lead is {lead.status} already")
            return lead
        with desk.tx.occurred(self.contacted):
            return desk.tx.sales.contact(lead.id)

    def _disqualified(self, desk: Desk, lead: Lead) -> Lead:
        if self.disqualified is None or lead.status is LeadStatus.DISQUALIFIED:
            desk.settled("disqualified", self.disqualified, lead.disqualified_at)
            return lead
        if lead.status is LeadStatus.QUALIFIED:
            desk.note("disqualified", "left out; the lead is qualified already")
            return lead
        if self.reason is None:
            desk.note("reason", f"none given, so {UNSAID}")
        with desk.tx.occurred(self.disqualified):
            return desk.tx.sales.disqualify(lead.id, reason=self.reason or UNSAID)
