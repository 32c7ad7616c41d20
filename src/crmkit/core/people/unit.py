"""A unit: a part of the organisation, such as a region or a branch; units form a tree."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.fields import Name
from crmkit.core.kernel.ids import Id


@entity("unit")
@frozen(kw_only=True)
class Unit(Entity):
    """Where teams belong."""

    id: Id[Unit]
    name: Name
    parent_id: Id[Unit] | None = None
