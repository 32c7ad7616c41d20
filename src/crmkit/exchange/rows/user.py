"""A line about a user."""

from __future__ import annotations

from typing import Annotated, ClassVar

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.fields import Code, Name
from crmkit.core.kernel.values import Email
from crmkit.core.people.team import Team
from crmkit.core.people.unit import Unit
from crmkit.core.people.user import User
from crmkit.exchange.cells import Dispensable, To
from crmkit.exchange.desk import Desk


@frozen(kw_only=True)
class UserRow:
    """Who works here; teams and units are found by their name as key, or added."""

    entity: ClassVar[type[Entity]] = User
    identity: ClassVar[str] = "key"

    key: Annotated[Code | None, To(User)] = None
    name: Name | None = None  #: the key, unless it is given
    email: Annotated[Email | None, Dispensable] = None
    team: Annotated[Code | None, To(Team)] = None
    unit: Annotated[Code | None, To(Unit)] = None  #: of a team that is added; where it is no team's it means nothing

    def enter(self, desk: Desk) -> User:
        """Add the user, or revise what the line knows better.

        :raises Invalid: neither key nor name
        """
        desk.useless(self, "unit", "team")
        team, user = self._team(desk), desk.find(User, self.key)
        team_id = team.id if team else None
        if user is None:
            name = self.name or self.key or ""
            return desk.keep(desk.tx.people.add_user(name=name, email=self.email, team=team_id, key=self.key))
        return desk.tx.revise(
            evolve(user, name=self.name or user.name, email=self.email or user.email, team_id=team_id or user.team_id)
        )

    def _team(self, desk: Desk) -> Team | None:
        if self.team is None:
            return None
        unit, team = self._unit(desk), desk.find(Team, self.team)
        unit_id = unit.id if unit else None
        if team is None:
            return desk.keep(desk.tx.people.add_team(name=self.team, unit=unit_id, key=self.team))
        return desk.tx.revise(evolve(team, unit_id=unit_id or team.unit_id))

    def _unit(self, desk: Desk) -> Unit | None:
        if self.unit is None:
            return None
        return desk.find(Unit, self.unit) or desk.keep(desk.tx.people.add_unit(name=self.unit, key=self.unit))
