"""One function of a plugin behind one hook, called so that its faults have its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from crmkit.core.kernel.errors import PluginError, shape


@frozen(kw_only=True)
class Implementation:
    """`takes` are the parameters of the hook that this function has, in its order."""

    plugin: str
    hook: str
    function: Callable[..., Any]
    takes: tuple[str, ...]

    def __call__(self, given: Mapping[str, Any]) -> Any:
        """What it answers; `given` are all arguments of the hook.

        :raises PluginError: it raised anything, which is the cause
        """
        try:
            return self.function(*[given[name] for name in self.takes])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin that exits is no reason for its host to do so
            raise PluginError(self.plugin, f"raised {told(error)} in {self.hook}") from error

    def require_silence(self, given: Mapping[str, Any]) -> None:
        """Nothing, if it answers nothing.

        :raises PluginError: it answered, or like a call
        """
        answer = self(given)
        if answer is not None:
            raise PluginError(self.plugin, f"answered {shape(answer)} in {self.hook}", hint="nothing is expected")


def told(error: BaseException) -> str:
    """An exception by its class and its words, in one line whatever it is."""
    try:
        words = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception of a stranger may not even be able to say what it is
        words = ""
    return f"{type(error).__name__}: {words[:300]}" if words else type(error).__name__
