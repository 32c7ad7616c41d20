"""A user: somebody, or something, who acts in this CRM."""

from __future__ import annotations

from typing import Annotated, Final

from attrs import frozen

from crmkit.core.kernel.access import SYSTEM_ID
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.fields import Name, Personal
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.values import Email
from crmkit.core.people.team import Team


@entity("user")
@frozen(kw_only=True)
class User(Entity):
    """Who holds records and whose name stands behind every event."""

    id: Id[User]
    name: Annotated[Name, Personal]
    email: Annotated[Email | None, Personal] = None
    team_id: Id[Team] | None = None
    active: bool = True  #: an inactive user is kept for history and may not act


SYSTEM: Final = User(id=SYSTEM_ID, name="System")
"""Who acts when nobody else is named; there in every CRM from the start."""
