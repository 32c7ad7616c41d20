"""One function of a plugin behind one hook, called so that its faults have its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar

from attrs import frozen

from crmkit.core.kernel.errors import PluginError, shape

T = TypeVar("T")


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
        return answered(self.plugin, self.hook, partial(self.function, *[given[name] for name in self.takes]))

    def require_silence(self, given: Mapping[str, Any]) -> None:
        """Nothing, if it answers nothing.

        :raises PluginError: it answered, or like a call
        """
        answer = self(given)
        if answer is not None:
            raise PluginError(self.plugin, f"answered {shape(answer)} in {self.hook}", hint="nothing is expected")


def answered(plugin: str, where: str, do: Callable[[], T]) -> T:
    """What code of a plugin gives, which may do whatever it likes.

    :raises PluginError: it raised anything, which is the cause
    """
    try:
        return do()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin that exits is no reason for its host to do so
        raise PluginError(plugin, f"raised {told(error)} in {where}") from error


def answering(plugin: str, where: str, function: Callable[..., T]) -> Callable[..., T]:
    """A function of a plugin whose faults have its name, wherever it is called; raises like `answered`."""

    @wraps(function)
    def asked(*given: Any) -> T:
        return answered(plugin, where, partial(function, *given))

    return asked


def told(error: BaseException) -> str:
    """An exception by its class and its words, in one line whatever it is."""
    try:
        words = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception of a stranger may not even be able to say what it is
        words = ""
    return f"{type(error).__name__}: {words[:300]}" if words else type(error).__name__
