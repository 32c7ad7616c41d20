"""A team: people who work together in one unit."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.fields import Name
from crmkit.core.kernel.ids import Id
from crmkit.core.people.unit import Unit


@entity("team")
@frozen(kw_only=True)
class Team(Entity):
    """Who answers together."""

    id: Id[Team]
    name: Name
    unit_id: Id[Unit] | None = None
