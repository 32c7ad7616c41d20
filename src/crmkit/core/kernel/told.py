"""What one transaction did, as it is shown to those who did not do it: nothing in it can be changed."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from attrs import evolve, frozen

from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.sweep import Swept


@frozen
class Told:
    """Its events in their order, those of sweeps excepted, and its sweeps; false if it changed nothing."""

    events: tuple[Event, ...] = ()
    swept: tuple[Swept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.events or self.swept)


NOTHING: Final = Told()


def told(events: Iterable[Event], swept: Iterable[Swept]) -> Told:
    """Copies of the events that share nothing with them that can be changed; and the sweeps that found something."""
    return Told(tuple(map(_sealed_event, events)), tuple(each for each in swept if each.count))


def _sealed_event(event: Event) -> Event:
    return evolve(event, changes=_sealed(event.changes), details=_sealed(event.details))


def _sealed(value: Any) -> Any:
    if isinstance(value, dict | MappingProxyType):
        return MappingProxyType({key: _sealed(each) for key, each in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_sealed(each) for each in value)
    return value


class Audience:
    """Who is asked before a commit and told after it: nobody, if it is not a subclass that says whom."""

    @property
    def asking(self) -> str:
        """Who is being asked at this moment by whoever runs this; the empty text if nobody is."""
        return ""

    def ask(self, told: Told) -> None:
        """Nothing, if it may be kept.

        :raises CrmError: it may not
        """

    def tell(self, told: Told) -> None:
        """It is kept; nothing is raised."""


NOBODY: Final = Audience()
