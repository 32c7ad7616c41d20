"""A line about an opportunity: with whom, what of, and what became of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.fields import Amount, Code, Name
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.money import Money
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, LeadStatus
from crmkit.core.sales.opportunity import Opportunity, OpportunityStatus
from crmkit.core.sales.pipeline import Pipeline
from crmkit.core.sales.product import Product
from crmkit.exchange.cells import Dispensable, To
from crmkit.exchange.desk import Desk
from crmkit.exchange.rows.account import AccountRow
from crmkit.exchange.rows.amounts import money

UNSAID: Final = "cancelled"  #: the reason that says least, for a deal that was lost without one
OPEN: Final = (OpportunityStatus.OPEN, OpportunityStatus.ON_HOLD)
_DAY: Final = timedelta(days=1)


class Outcome(StrEnum):
    """What became of a deal that is closed."""

    WON = "won"
    LOST = "lost"


@frozen(kw_only=True)
class OpportunityRow:
    """A deal, open or closed; its lead has to be there, its account is made where it is not."""

    entity: ClassVar[type[Entity]] = Opportunity
    identity: ClassVar[str] = "key"

    key: Annotated[Code | None, To(Opportunity)] = None
    name: Name | None = None  #: the topic of its lead, or product and customer, unless it is given
    lead: Annotated[Code | None, To(Lead)] = None
    account: Annotated[Code | None, To(Account)] = None
    account_name: Name | None = None
    industry: Annotated[Code | None, Dispensable] = None  #: of the account
    product: Annotated[Code | None, To(Product, "code"), To(Product, "name"), Dispensable] = None
    owner: Annotated[Code | None, To(User), Dispensable] = None
    lead_owner: Annotated[Code | None, To(User), Dispensable] = None  #: into whose hands the lead came
    stage: Code | None = None
    opened: Annotated[datetime | None, Dispensable] = None  #: else when it closed, else now
    outcome: Outcome | None = None
    closed: datetime | None = None
    expected_on: Annotated[date | None, Dispensable] = None
    amount: Amount | None = None  #: revenue of a deal that was won, otherwise an estimate
    currency: Code | None = None
    reason: Code | None = None  #: why it was lost

    def enter(self, desk: Desk) -> Opportunity:
        """Qualify the lead and open the deal, or revise what the line knows better; then let it be won or lost.

        :raises Invalid: a lead that is not there, an outcome without its date, an amount that is no money
        :raises Refused: several accounts or contacts could be the lead's, or nobody is there to have bought
        :raises IllegalMove: the lead was disqualified
        """
        amount = money(self.amount, self.currency)
        if self.outcome is not None and self.closed is None:
            raise Invalid("closed", "is missing", accepts=f"the date on which the deal was {self.outcome}")
        for field, without in (("closed", "outcome"), ("reason", "outcome"), ("lead_owner", "lead")):
            desk.useless(self, field, without)
        deal, lead = desk.find(Opportunity, self.key), desk.needed(Lead, self.lead, "lead")
        self._compare_dates(desk, lead)
        with desk.tx.occurred(self.opened or self.closed or desk.tx.now):
            account = self._account(desk, deal)
            owner, lead_owner = desk.user(self.owner), desk.user(self.lead_owner, "lead_owner")
            if lead is not None:
                lead = desk.tx.people.assign(lead, to=lead_owner) if lead_owner else lead
            if deal is None:
                deal = desk.keep(self._opened(desk, lead, account, owner, amount))
            else:
                desk.settled("opened", self.opened, deal.created_at)
                desk.settled("lead", self.lead, self.lead if lead and lead.id == deal.lead_id else None)
                deal = self._revised(desk, deal, account, owner, amount)
        return self._closed(desk, deal, amount)

    def _account(self, desk: Desk, deal: Opportunity | None) -> Account | None:
        if self.account is None:
            return None
        found = desk.find(Account, self.account)
        if found is None and deal is not None and deal.status not in OPEN:
            return None
        if found is not None and self.account_name is None and self.industry is None:
            return found
        return AccountRow(key=self.account, name=self.account_name, industry=self.industry).enter(desk)

    def _opened(
        self, desk: Desk, lead: Lead | None, account: Account | None, owner: Id[User] | None, amount: Money | None
    ) -> Opportunity:
        product, contact = self._product(desk), None
        if lead is not None:
            lead, account, contact = self._qualified(desk, lead, account)
        return desk.tx.sales.open_opportunity(
            name=self._name(lead, account, product),
            stage=self._stage(desk),
            lead=lead.id if lead else None,
            account=account.id if account else None,
            contact=contact,
            product=product.id if product else None,
            estimate=None if self.outcome is Outcome.WON else amount,
            expected_on=self.expected_on,
            owner=owner or (lead.holding.owner_id if lead else None),
            key=self.key,
        )

    def _qualified(
        self, desk: Desk, lead: Lead, account: Account | None
    ) -> tuple[Lead, Account | None, Id[Contact] | None]:
        if lead.status is LeadStatus.QUALIFIED:
            known = desk.tx.of(Account).get(lead.account_id) if lead.account_id else None
            return lead, account or known, lead.contact_id
        done = desk.tx.sales.qualify(lead.id, account=account.id if account else None, opportunity=False)
        return done.lead, done.account, done.contact.id if done.contact else None

    def _revised(
        self, desk: Desk, deal: Opportunity, account: Account | None, owner: Id[User] | None, amount: Money | None
    ) -> Opportunity:
        product, stage = self._product(desk), self._stage(desk)
        if deal.status in OPEN:
            if account and account.id != deal.account_id:
                deal = desk.tx.sales.change_customer(deal.id, account=account.id, contact=deal.contact_id)
        else:
            desk.settled("account", self.account, self.account if account and account.id == deal.account_id else None)
            desk.settled("amount", amount, deal.revenue if deal.status is OpportunityStatus.WON else deal.estimate)
        estimate = amount if deal.status in OPEN and self.outcome is not Outcome.WON else None
        revised = desk.tx.revise(
            evolve(
                deal,
                name=self.name or deal.name,
                product_id=product.id if product else deal.product_id,
                estimate=estimate or deal.estimate,
                expected_on=self.expected_on or deal.expected_on,
            )
        )
        if stage and revised.status is OpportunityStatus.OPEN:
            revised = desk.tx.sales.change_stage(revised.id, stage=stage)
        desk.settled("stage", stage, revised.stage)
        return desk.tx.people.assign(revised, to=owner) if owner else revised

    def _closed(self, desk: Desk, deal: Opportunity, amount: Money | None) -> Opportunity:
        if self.outcome is None or self.closed is None:
            return deal
        if deal.status not in OPEN:
            desk.settled("outcome", str(self.outcome), str(deal.status))
            desk.settled("closed", self.closed, deal.closed_at)
            return deal
        with desk.tx.occurred(self.closed):
            if self.outcome is Outcome.WON:
                return desk.tx.sales.win(deal.id, revenue=amount)
            if self.reason is None:
                desk.note("reason", f"none given, so {UNSAID}")
            return desk.tx.sales.lose(deal.id, reason=self.reason or UNSAID)

    def _product(self, desk: Desk) -> Product | None:
        found = desk.find(Product, self.product, "code")
        if found is None and desk.several(Product, self.product, "name"):
            desk.note("product", "several products have this name, so none", self.product or "")
            return None
        found = found or desk.find(Product, self.product, "name")
        if found is None and self.product is not None:
            desk.note("product", "no such product, so none", self.product)
        return found

    def _stage(self, desk: Desk) -> str | None:
        if self.stage is None:
            return None
        code = self.stage.casefold().replace(" ", "_")
        stages = {stage.code for stage in desk.tx.registry.policy(Pipeline).stages}
        if self.stage in stages or code in stages:
            return self.stage if self.stage in stages else code
        desk.note("stage", "no such stage, so where it was or the first", self.stage)
        return None

    def _compare_dates(self, desk: Desk, lead: Lead | None) -> None:
        if lead is None or self.outcome is None or self.closed is None:
            return
        begun, what = lead.contacted_at or lead.created_at, "the first contact" if lead.contacted_at else "its lead"
        if self.closed < begun:
            desk.note("closed", f"{self.outcome} before {what}", f"by {(begun - self.closed) / _DAY:.2f} days")

    def _name(self, lead: Lead | None, account: Account | None, product: Product | None) -> str:
        made_of = [each.name for each in (product, account) if each]
        return self.name or (lead.topic if lead else None) or ", ".join(made_of) or self.key or ""
