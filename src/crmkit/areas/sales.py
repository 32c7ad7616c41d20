"""Sales: from the first sign of interest to the deal that is won or lost."""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import evolve, frozen

from crmkit.areas.conversion import converted
from crmkit.areas.credit import credit, hold
from crmkit.areas.customers import Customers
from crmkit.areas.scores import scored
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.customers.customer import HAS_CUSTOMER
from crmkit.core.kernel.command import command
from crmkit.core.kernel.errors import Refusal, Refused
from crmkit.core.kernel.fields import Tags
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, PersonName, Phone
from crmkit.core.kernel.work import Work
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, LeadStatus, lead
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus, opportunity
from crmkit.core.sales.pipeline import Pipeline
from crmkit.core.sales.product import Product
from crmkit.rules.qualification import Step
from crmkit.rules.scoring import Score

LEAD_NOT_QUALIFIED: Final = Refusal(code="lead_not_qualified", says="the lead that it came of is not qualified")


@frozen(kw_only=True)
class Qualified:
    """What became of a lead; each of the three was created or linked, or there was nothing to make it of."""

    lead: Lead
    account: Account | None
    contact: Contact | None
    opportunity: Opportunity | None
    created: tuple[str, ...]  #: of "account", "contact", "opportunity": those that are new
    linked: tuple[str, ...]  #: those that were there before


@frozen
class Sales:
    """`tx.sales`."""

    work: Work

    @command
    def capture_lead(
        self,
        *,
        topic: str,
        source: str | None = None,
        company: str | None = None,
        person: PersonName | str | None = None,
        email: Email | str | None = None,
        phone: Phone | str | None = None,
        address: Address | None = None,
        note: str | None = None,
        budget: Money | None = None,
        owner: Id[User] | None = None,
        tags: Tags = frozenset(),
        key: str | None = None,
    ) -> Lead:
        """Write down somebody who may want something; being reachable is not asked for."""
        captured = Lead(
            id=self.work.new_id(Lead),
            key=key,
            topic=topic,
            source=source,
            company=company,
            person=PersonName.given(person, "person"),
            email=Email.given(email, "email"),
            phone=Phone.given(phone, "phone"),
            address=address,
            note=note,
            budget=budget,
            holding=Customers(self.work).held_by(owner),
            tags=tags,
        )
        return self.work.add(captured, "lead.captured")

    @command
    def contact(self, lead_id: Id[Lead]) -> Lead:
        """Somebody spoke with them; the first time is kept."""
        return self.work.move(lead.contact, lead_id)

    @command
    def qualify(
        self,
        lead_id: Id[Lead],
        *,
        account: Id[Account] | None = None,
        contact: Id[Contact] | None = None,
        opportunity: bool = True,
        key: str | None = None,
        owner: Id[User] | None = None,
        stage: str | None = None,
        estimate: Money | None = None,
    ) -> Qualified:
        """They want it: make or link account and contact as prospects, and open an opportunity.

        An account is linked when it is named (`account`) or the only one called like the lead's company, a contact when
        it is named or the only one of that name with the lead's e-mail address, or else phone number. `key`, `owner`
        (else the lead's), `stage` and `estimate` (else the lead's budget) are the opportunity's. Where transactions do
        not take turns, two leads of one company that are qualified at the same moment may make two accounts.

        :raises Refused: a need is not met, or several accounts or contacts could be meant
        :raises IllegalMove: it is qualified or disqualified already
        """
        found = self.work.of(Lead).get(lead_id)
        self.work.require(lead.qualify, found)
        customer, person, plan = converted(self.work, found, account=account, contact=contact)
        moved = self.work.move(
            lead.qualify,
            lead_id,
            account_id=customer.id if customer else None,
            contact_id=person.id if person else None,
        )
        opened = self._opened(moved, key, owner, stage, estimate) if opportunity else None
        return Qualified(
            lead=moved,
            account=customer,
            contact=person,
            opportunity=opened,
            created=(*plan.that(Step.CREATE), *(["opportunity"] if opened else [])),
            linked=plan.that(Step.LINK),
        )

    def score(self, lead_id: Id[Lead]) -> Score:
        """How promising the lead is now: points by the rules of the policy `Scoring` and by the scorers of plugins.

        :raises NotFound: no such lead
        """
        return scored(self.work, self.work.of(Lead).get(lead_id))

    @command
    def disqualify(self, lead_id: Id[Lead], *, reason: str) -> Lead:
        """They do not want it, or cannot have it; `reason` is one of the vocabulary of the move."""
        return self.work.move(lead.disqualify, lead_id, reason=reason)

    @command
    def reactivate(self, lead_id: Id[Lead]) -> Lead:
        """Take a qualified or disqualified lead up again; what qualifying made stays."""
        return self.work.move(lead.reactivate, lead_id)

    @command
    def add_product(self, *, code: str, name: str, list_price: Money | None = None, key: str | None = None) -> Product:
        """Something that is sold from now on."""
        product = Product(id=self.work.new_id(Product), key=key, code=code, name=name, list_price=list_price)
        return self.work.add(product, "product.added")

    @command
    def open_opportunity(
        self,
        *,
        name: str,
        stage: str | None = None,
        lead: Id[Lead] | None = None,
        account: Id[Account] | None = None,
        contact: Id[Contact] | None = None,
        product: Id[Product] | None = None,
        estimate: Money | None = None,
        expected_on: date | None = None,
        owner: Id[User] | None = None,
        tags: Tags = frozenset(),
        key: str | None = None,
    ) -> Opportunity:
        """A deal that may be won; in the pipeline's first stage unless `stage` says otherwise.

        :raises Invalid: a stage that the pipeline does not have
        :raises Refused: `lead` is not qualified
        """
        pipeline = self.work.registry.policy(Pipeline)
        if lead is not None and self.work.of(Lead).get(lead).status is not LeadStatus.QUALIFIED:
            raise Refused("opening an opportunity", [LEAD_NOT_QUALIFIED])
        opened = Opportunity(
            id=self.work.new_id(Opportunity),
            key=key,
            name=name,
            stage=pipeline.stage(stage).code if stage else pipeline.first,
            lead_id=lead,
            account_id=account,
            contact_id=contact,
            product_id=product,
            estimate=estimate,
            expected_on=expected_on,
            holding=Customers(self.work).held_by(owner),
            tags=tags,
        )
        return self.work.add(opened, "opportunity.opened")

    @command
    def change_customer(
        self, opportunity_id: Id[Opportunity], *, account: Id[Account] | None = None, contact: Id[Contact] | None = None
    ) -> Opportunity:
        """The deal is somebody else's; if it is won, they are the customer and the one before no longer by this deal.

        :raises Refused: it is won, and neither account nor contact is given
        """
        before = self.work.of(Opportunity).get(opportunity_id)
        if before.status is OpportunityStatus.WON and account is None and contact is None:
            raise Refused("changing the customer of a won deal", [HAS_CUSTOMER.refusal])
        after = self._sold_to(before, account, contact)
        credit(self.work, (before, after))
        return after

    @command
    def change_stage(self, opportunity_id: Id[Opportunity], *, stage: str) -> Opportunity:
        """The deal is nearer, or farther; to stay in its stage changes nothing.

        :raises Invalid: a stage that the pipeline does not have
        """
        stage = self.work.registry.policy(Pipeline).stage(stage).code
        found = self.work.of(Opportunity).get(opportunity_id)
        if found.stage == stage:
            return found
        return self.work.move(opportunity.change_stage, opportunity_id, stage=stage)

    @command
    def hold(self, opportunity_id: Id[Opportunity]) -> Opportunity:
        """The deal waits."""
        return self.work.move(opportunity.hold, opportunity_id)

    @command
    def resume(self, opportunity_id: Id[Opportunity]) -> Opportunity:
        """The deal goes on."""
        return self.work.move(opportunity.resume, opportunity_id)

    @command
    def win(self, opportunity_id: Id[Opportunity], *, revenue: Money | None = None) -> Opportunity:
        """The deal is won: its account, or its contact where there is none, is a customer from then on.

        A customer that is missing is made of the lead that the deal came from.

        :raises Refused: there is no customer and no lead to make one of
        """
        deal = self.work.of(Opportunity).get(opportunity_id)
        opportunity.win.require_status(deal)
        hold(self.work, deal)
        deal = self._with_customer(deal)
        hold(self.work, deal)
        won = self.work.move(opportunity.win, deal.id, revenue=revenue)
        credit(self.work, (deal, won))
        return won

    @command
    def lose(self, opportunity_id: Id[Opportunity], *, reason: str) -> Opportunity:
        """The deal is lost; nothing else changes."""
        return self.work.move(opportunity.lose, opportunity_id, reason=reason)

    @command
    def reopen(self, opportunity_id: Id[Opportunity]) -> Opportunity:
        """The outcome was premature; who became a customer by this deal alone is a prospect again."""
        before = self.work.of(Opportunity).get(opportunity_id)
        if before.status is OpportunityStatus.WON:
            hold(self.work, before)
        reopened = self.work.move(opportunity.reopen, opportunity_id)
        credit(self.work, (before, reopened))
        return reopened

    def _opened(
        self, found: Lead, key: str | None, owner: Id[User] | None, stage: str | None, estimate: Money | None
    ) -> Opportunity:
        return self.open_opportunity(
            name=found.topic,
            key=key,
            stage=stage,
            lead=found.id,
            account=found.account_id,
            contact=found.contact_id,
            estimate=estimate or found.budget,
            owner=owner or found.holding.owner_id,
        )

    def _with_customer(self, deal: Opportunity) -> Opportunity:
        """The deal with a customer, made or linked from its lead where it has none yet."""
        if deal.account_id or deal.contact_id or deal.lead_id is None:
            return deal
        account, contact, _ = converted(self.work, self.work.of(Lead).get(deal.lead_id))
        if account is None and contact is None:
            return deal
        return self._sold_to(deal, account.id if account else None, contact.id if contact else None)

    def _sold_to(self, deal: Opportunity, account: Id[Account] | None, contact: Id[Contact] | None) -> Opportunity:
        changed = evolve(deal, account_id=account, contact_id=contact)
        return self.work.change(changed, "opportunity.customer_changed")
