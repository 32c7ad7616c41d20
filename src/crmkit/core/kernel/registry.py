"""What one CRM is made of, asked once when it is opened and frozen from then on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from crmkit.core.kernel.model import Model
from crmkit.core.kernel.projection import Projection

P = TypeVar("P")


@frozen(kw_only=True)
class Registry:
    """The model, what is kept ready beside it, and the policies of the host."""

    model: Model
    projections: tuple[Projection[Any], ...] = ()
    policies: Mapping[type[Any], Any] = field(factory=dict)  #: by class: a host replaces the standard one of a class
    zone: str = "UTC"  #: where a day begins and ends
    heard: bool = False  #: plugins want to know what each transaction did: its events are kept until its end

    def policy(self, cls: type[P]) -> P:
        """The host's policy of this class, or the standard one: the class called without arguments."""
        found: P = self.policies[cls] if cls in self.policies else cls()
        return found
