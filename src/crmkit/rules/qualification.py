"""What qualifying a lead makes and what it links, decided before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.errors import Refusal
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.normal import Normalizer, spelled
from crmkit.core.sales.lead import Lead


class Step(StrEnum):
    """What becomes of one side of the customer."""

    CREATE = "create"
    LINK = "link"
    NONE = "none"  #: the lead says nothing of it


@frozen(kw_only=True)
class Conversion:
    """The plan: which account and which contact, new or already there, and why not if it cannot be."""

    account: Step
    contact: Step
    account_id: Id[Account] | None = None  #: the one to link
    contact_id: Id[Contact] | None = None  #: the one to link
    refusals: tuple[Refusal, ...] = ()

    def that(self, step: Step) -> tuple[str, ...]:
        """Which of "account" and "contact" the plan takes this step for."""
        steps = {"account": self.account, "contact": self.contact}
        return tuple(what for what, planned in steps.items() if planned is step)


def conversion(
    lead: Lead,
    *,
    accounts: Sequence[Account],
    contacts: Sequence[Contact],
    account_id: Id[Account] | None = None,
    contact_id: Id[Contact] | None = None,
    names: Normalizer | None = None,
) -> Conversion:
    """Link what is named by the caller or by the lead already, else the only one that is the same, else create.

    `accounts` are those named like the lead's company, `contacts` those with the lead's e-mail address or phone number;
    somebody of another name (as `names` reads it) who shares it is somebody else. Several are a question for a person,
    so a refusal; a person without company becomes a contact only.
    """
    if lead.person is not None:
        called = spelled(lead.person, names)
        contacts = [one for one in contacts if spelled(one.name, names) == called]
    account_id = account_id or lead.account_id or (accounts[0].id if len(accounts) == 1 else None)
    contact_id = contact_id or lead.contact_id or (contacts[0].id if len(contacts) == 1 else None)
    refusals = [
        Refusal(
            code=f"several_{what}s",
            says=f"{len(found)} {what}s are {like}; name the one that is meant",
            facts={"ids": [str(one.id) for one in found]},
        )
        for what, like, chosen, found in (
            ("account", f"called {lead.company}", account_id, accounts),
            ("contact", f"reached at {lead.email or lead.phone}", contact_id, contacts),
        )
        if chosen is None and len(found) > 1
    ]
    return Conversion(
        account=Step.LINK if account_id else Step.CREATE if lead.company else Step.NONE,
        contact=Step.LINK if contact_id else Step.CREATE if lead.person else Step.NONE,
        account_id=account_id,
        contact_id=contact_id,
        refusals=tuple(refusals),
    )
