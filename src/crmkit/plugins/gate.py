"""Who is let in: pluggy keeps the plugins of one CRM and knows what they implement; here their marks are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from inspect import isfunction, signature
from typing import Any, Final

from pluggy import HookspecMarker, PluginManager, PluginValidationError

from crmkit.core.kernel.errors import PluginError
from crmkit.plugins import spec
from crmkit.plugins.implementation import Implementation, told
from crmkit.plugins.mark import GROUP

#: Every hook by its name, in the order of `spec`.
HOOKS: Final[Mapping[str, Any]] = {
    name: HookspecMarker(GROUP)(hook)
    for name, hook in vars(spec).items()
    if isfunction(hook) and hook.__module__ == spec.__name__
}


class Gate:
    """The plugins of one CRM while it is being opened."""

    def __init__(self) -> None:
        self._plugins = PluginManager(GROUP)
        self._plugins.add_hookspecs(spec)

    def admit(self, name: str, plugin: object) -> tuple[Implementation, ...]:
        """What a plugin implements, in the order of `spec`; it is kept out if anything is wrong with it.

        :raises PluginError: it is there already, implements nothing or what is no hook, or has a wrong signature
        """
        try:
            self._plugins.register(plugin, name)
        except PluginValidationError as error:
            raise PluginError(name, f"has a wrong signature: {_line(error)}") from error
        except ValueError as error:
            known = self._plugins.get_name(plugin)
            raise PluginError(name, f"is registered twice{f', also as {known}' if known else ''}") from error
        except Exception as error:  # whatever an object of a stranger makes of being looked at
            raise PluginError(name, f"cannot be looked into: {told(error)}") from error
        try:
            return tuple(self._implementations(name, plugin))
        except PluginError:
            self.dismiss(name)
            raise

    def claims(self, plugin: object, hook: Callable[..., Any]) -> bool:
        """Whether something in it is marked as an implementation of this hook, right or wrong."""
        return any(self._marked(plugin, name, hook) for name in dir(plugin))

    def _marked(self, plugin: object, name: str, hook: Callable[..., Any]) -> bool:
        try:
            options = self._plugins.parse_hookimpl_opts(plugin, name)
        except Exception:  # noqa: BLE001 - what cannot be read is no function with a mark
            return False
        return options is not None and options.get("specname") == hook.__name__

    def dismiss(self, name: str) -> None:
        """It was let in, and is out again."""
        self._plugins.unregister(name=name)

    def _implementations(self, name: str, plugin: object) -> Iterator[Implementation]:
        callers = {caller.name: caller for caller in self._plugins.get_hookcallers(plugin) or ()}
        if not callers:
            raise PluginError(name, "implements no hook", hint="mark functions with @implements(spec.entities), say")
        for unknown in callers.keys() - HOOKS.keys():
            near = get_close_matches(unknown, HOOKS, n=1)
            raise PluginError(
                name,
                f"implements {unknown}, which is no hook",
                hint=f"did you mean {near[0]}?" if near else f"hooks: {', '.join(HOOKS)}",
            )
        for hook in HOOKS:
            for found in callers[hook].get_hookimpls() if hook in callers else ():
                if found.plugin is plugin:
                    if found.hookwrapper or found.wrapper:
                        raise PluginError(name, f"wraps {hook}, where it is to answer")
                    try:
                        signature(found.function).bind(*found.argnames)
                    except TypeError as error:
                        raise PluginError(
                            name, f"has a wrong signature: {hook} has no such parameter: {error}"
                        ) from error
                    yield Implementation(plugin=name, hook=hook, function=found.function, takes=tuple(found.argnames))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
