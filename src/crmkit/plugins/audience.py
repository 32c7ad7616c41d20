"""Plugins as those who are asked before a commit and told after it."""

from __future__ import annotations

from crmkit.core.kernel.told import Audience, Told
from crmkit.plugins import spec
from crmkit.plugins.door import Door


class Plugins(Audience):
    """All plugins of one CRM."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def asking(self) -> str:
        """The plugin that is asked for its objections."""
        return self._door.asking

    def ask(self, told: Told) -> None:
        """Nothing, if no plugin objects.

        :raises Veto: one does
        :raises PluginError: one failed
        """
        if told:
            self._door.ask(spec.before_commit, told.events, told.swept)

    def tell(self, told: Told) -> None:
        """Let every plugin know."""
        if told:
            self._door.tell(spec.after_commit, told.events, told.swept)
