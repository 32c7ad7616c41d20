"""What became of each plugin: where it comes from, what it provides, or why it is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen

from crmkit.core.kernel.columns import Json
from crmkit.core.kernel.errors import NotFound
from crmkit.core.kernel.layout import text_table
from crmkit.plugins.listening import Listening

_HEADER: Final = ("plugin", "version", "from", "is", "provides")


class State(StrEnum):
    """Whether a plugin takes part."""

    LOADED = "loaded"
    FAILED = "failed"
    DISABLED = "disabled"


@frozen(kw_only=True)
class Plugin:
    """One plugin as it was when the CRM was opened."""

    name: str
    origin: str  #: "built in", "given", or its entry point and distribution
    version: str = ""
    state: State = State.LOADED
    provides: tuple[str, ...] = ()  #: hooks and what is behind them: "entities: visit"
    problem: str = ""  #: why it failed

    @property
    def says(self) -> str:
        """Its state, and why."""
        return f"{self.state}: {self.problem}" if self.problem else str(self.state)


class Report:
    """All plugins of one CRM in the order in which they are asked, those that are not there last.

    What listeners failed in since it was opened is counted.
    """

    def __init__(self, plugins: tuple[Plugin, ...], listening: Listening) -> None:
        self._plugins = plugins
        self._listening = listening

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins)

    def __getitem__(self, name: str) -> Plugin:
        for plugin in self._plugins:
            if plugin.name == name:
                return plugin
        raise NotFound(f"there is no plugin {name}", hint=f"there are: {', '.join(each.name for each in self)}")

    def of(self, state: State) -> tuple[str, ...]:
        """The names of those in a state."""
        return tuple(plugin.name for plugin in self if plugin.state is state)

    @property
    def failures(self) -> Mapping[str, int]:
        """How often a plugin failed that was told of a commit, by name; of those that did not there is nothing."""
        return dict(self._listening.failures)

    def to_json(self) -> list[Json]:
        """One object for each plugin."""
        return [
            {
                "name": plugin.name,
                "version": plugin.version,
                "from": plugin.origin,
                "state": str(plugin.state),
                "provides": list(plugin.provides),
                "problem": plugin.problem,
                "failures": self.failures.get(plugin.name, 0),
            }
            for plugin in self
        ]

    def __str__(self) -> str:
        rows = [(each.name, each.version, each.origin, self._is(each), "; ".join(each.provides)) for each in self]
        return text_table(_HEADER, rows)

    def _is(self, plugin: Plugin) -> str:
        last = self._listening.last.get(plugin.name)
        return f"{plugin.says} ({self.failures[plugin.name]} failures, the last: it {last})" if last else plugin.says
