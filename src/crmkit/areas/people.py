"""People: who works with this CRM, in which team and unit."""

from __future__ import annotations

from typing import TypeVar

from attrs import evolve, frozen

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.command import command
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.values import Email
from crmkit.core.kernel.work import Work
from crmkit.core.people.team import Team
from crmkit.core.people.unit import Unit
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.service.case import Case

H = TypeVar("H", Lead, Account, Contact, Opportunity, Case)


@frozen
class People:
    """`tx.people`."""

    work: Work

    @command
    def add_unit(self, *, name: str, parent: Id[Unit] | None = None, key: str | None = None) -> Unit:
        """A part of the organisation, below another or at the top."""
        unit = Unit(id=self.work.new_id(Unit), key=key, name=name, parent_id=parent)
        return self.work.add(unit, "unit.added")

    @command
    def add_team(self, *, name: str, unit: Id[Unit] | None = None, key: str | None = None) -> Team:
        """A team of a unit."""
        return self.work.add(Team(id=self.work.new_id(Team), key=key, name=name, unit_id=unit), "team.added")

    @command
    def add_user(
        self, *, name: str, email: Email | str | None = None, team: Id[Team] | None = None, key: str | None = None
    ) -> User:
        """Somebody who may act and hold records from now on."""
        user = User(id=self.work.new_id(User), key=key, name=name, email=Email.given(email, "email"), team_id=team)
        return self.work.add(user, "user.added")

    @command
    def assign(self, record: H, *, to: Id[User]) -> H:
        """The record is in the hands of this user from now on; what hangs on it stays where it is."""
        if record.holding.owner_id == to:
            return record
        held = evolve(record, holding=record.holding.passed_to(to, self.work.stamp.occurred))
        return self.work.change(held, f"{kind_of(type(record))}.assigned")
