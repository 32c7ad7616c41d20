"""Which plugins there could be: those that crmkit brings, those that a host passes, those of installed packages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from attrs import frozen

from crmkit.core.kernel.errors import PluginError, shape
from crmkit.plugins.implementation import answered
from crmkit.plugins.mark import GROUP


@frozen(kw_only=True)
class Candidate:
    """Something that may be a plugin."""

    name: str
    origin: str
    load: Callable[[], object]  #: raises whatever its module raises
    version: str = ""
    given: bool = False  #: the host asked for this one: what is wrong with it is the host's business at once

    @staticmethod
    def of(plugin: object, *, name: str, origin: str, version: str) -> Candidate:
        """A plugin that is at hand."""
        return Candidate(name=name, origin=origin, version=version, load=lambda: plugin, given=True)


def builtin(plugins: Mapping[str, object], version: str) -> Iterator[Candidate]:
    """What crmkit brings, by name."""
    for name, plugin in plugins.items():
        yield Candidate.of(plugin, name=name, origin="built in", version=version)


def given(plugins: Sequence[object]) -> Iterator[Candidate]:
    """What a host passes: plugins themselves, or the names of entry points.

    :raises PluginError: there is no such entry point
    """
    for plugin in plugins:
        if isinstance(plugin, str):
            yield _found(plugin)
        else:
            version = str(getattr(plugin, "__version__", ""))
            yield Candidate.of(plugin, name=name_of(plugin), origin="given", version=version)


def installed() -> Iterator[Candidate]:
    """The entry points of installed packages, by name and then by package."""
    for point in _installed(tuple(sys.path)):
        yield _candidate(point)


def name_of(plugin: object) -> str:
    """What a plugin that is passed is called: its `crmkit_name`, that of its module, or that of its class."""
    named = getattr(plugin, "crmkit_name", None)
    if isinstance(named, str) and named:
        return named
    return plugin.__name__ if isinstance(plugin, ModuleType | type) else type(plugin).__name__


def requirements(name: str, plugin: object) -> tuple[str, ...]:
    """The names in its `crmkit_requires`: plugins that have to be there before it.

    :raises PluginError: it is no list of names, or cannot be asked
    """
    names = answered(name, "crmkit_requires", lambda: getattr(plugin, "crmkit_requires", ()))
    if not isinstance(names, list | tuple) or not all(isinstance(each, str) for each in names):
        raise PluginError(name, f"requires {shape(names)}", hint="crmkit_requires is a list of names of plugins")
    return tuple(names)


def _found(name: str) -> Candidate:
    for point in _installed(tuple(sys.path)):
        if point.name == name:
            return _candidate(point, given=True)
    there = ", ".join(sorted({point.name for point in _installed(tuple(sys.path))})) or "none"
    raise PluginError(name, "is not installed", hint=f"entry points of the group {GROUP}: {there}")


def _candidate(point: EntryPoint, *, given: bool = False) -> Candidate:
    package, version = (point.dist.name, point.dist.version) if point.dist is not None else ("", "")
    origin = f"{point.value} of {package}" if package else point.value
    return Candidate(name=point.name, origin=origin, version=version, load=point.load, given=given)


@cache
def _installed(_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Looked for once per search path: it takes milliseconds, and packages come with processes."""
    found = entry_points(group=GROUP)
    return tuple(sorted(found, key=lambda point: (point.name, point.dist.name if point.dist else "", point.value)))
