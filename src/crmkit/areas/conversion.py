"""From a lead to its customer: what the rule of qualification plans, carried out."""

from __future__ import annotations

from crmkit.areas.customers import Customers
from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.errors import Refused
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.work import Work
from crmkit.core.sales.lead import Lead
from crmkit.rules.qualification import Conversion, Step, conversion

ENOUGH_TO_ASK = 10  #: more candidates than that help nobody to choose


def converted(
    work: Work, lead: Lead, *, account: Id[Account] | None = None, contact: Id[Contact] | None = None
) -> tuple[Account | None, Contact | None, Conversion]:
    """The lead's account and contact, made or linked, and the plan that said which.

    :raises Refused: several accounts or contacts could be meant
    """
    plan = conversion(
        lead,
        accounts=_called(work, lead),
        contacts=_reached(work, lead),
        account_id=work.of(Account).get(account).id if account else None,
        contact_id=work.of(Contact).get(contact).id if contact else None,
        names=work.registry.normalizers.get("name"),
    )
    if plan.refusals:
        raise Refused(f"making a customer of lead {lead.topic}", plan.refusals)
    organisation = _account(work, lead, plan)
    return organisation, _contact(work, lead, plan, organisation), plan


def _called(work: Work, lead: Lead) -> tuple[Account, ...]:
    return work.of(Account).find(where("name") == lead.company, limit=ENOUGH_TO_ASK) if lead.company else ()


def _reached(work: Work, lead: Lead) -> tuple[Contact, ...]:
    """By the e-mail address; else by the phone number, if it is known who has it: companies share theirs."""
    contacts = work.of(Contact)
    found = contacts.find(where("email") == lead.email.address, limit=ENOUGH_TO_ASK) if lead.email else ()
    if found or lead.phone is None or lead.person is None:
        return found
    same = (where("phone.number") == lead.phone.number) & (where("phone.rule") == lead.phone.rule)
    return contacts.find(same, limit=ENOUGH_TO_ASK)


def _account(work: Work, lead: Lead, plan: Conversion) -> Account | None:
    if plan.account_id is not None:
        return work.of(Account).get(plan.account_id)
    if plan.account is Step.NONE or lead.company is None:
        return None
    anonymous = lead.person is None  # an address of a person is the contact's, not the company's
    return Customers(work).add_account(
        name=lead.company,
        email=lead.email if anonymous else None,
        phone=lead.phone if anonymous else None,
        address=lead.address,
        owner=lead.holding.owner_id,
    )


def _contact(work: Work, lead: Lead, plan: Conversion, account: Account | None) -> Contact | None:
    if plan.contact_id is not None:
        return work.of(Contact).get(plan.contact_id)
    if plan.contact is Step.NONE or lead.person is None:
        return None
    return Customers(work).add_contact(
        name=lead.person,
        account=account.id if account else None,
        email=lead.email,
        phone=lead.phone,
        address=None if account else lead.address,
        owner=lead.holding.owner_id,
    )
