"""The door: typed calls to what plugins implement. Nothing else in crmkit calls a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from inspect import signature
from typing import Any, Final, Generic, ParamSpec, TypeVar

from attrs import frozen

from crmkit.core.kernel.errors import CrmError, PluginError, Veto
from crmkit.plugins.implementation import Implementation
from crmkit.plugins.listening import Listening

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE: Final = 5.0  #: seconds, see `Listening`

_signature: Final = cache(signature)
_ASKED: Final[ContextVar[tuple[tuple[Door, str], ...]]] = ContextVar("crmkit_asked", default=())


@frozen
class Answer(Generic[R]):
    """What a plugin said."""

    plugin: str
    value: R


class Door:
    """What the plugins of one CRM implement, in the order in which they are asked; fixed when it is opened."""

    def __init__(self, implementations: Iterable[Implementation] = (), *, patience: float = PATIENCE) -> None:
        self._hooks: dict[str, tuple[Implementation, ...]] = {}
        for each in implementations:
            self._hooks[each.hook] = (*self._hooks.get(each.hook, ()), each)
        self.listening = Listening(patience)

    def has(self, hook: Callable[..., Any]) -> bool:
        """Whether anybody implements it: where nobody does, nothing needs to be made ready."""
        return hook.__name__ in self._hooks

    def all(self, hook: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> list[Answer[R]]:
        """The answers of all plugins.

        :raises PluginError: one of them raised
        """
        return [Answer(each.plugin, each(given)) for each, given in self._calls(hook, args, kwargs)]

    def first(self, hook: Callable[P, R | None], /, *args: P.args, **kwargs: P.kwargs) -> Answer[R] | None:
        """The first answer that is not None; a plugin that fails is passed over as long as another one answers.

        :raises CrmError: as a plugin raised it
        :raises PluginError: nobody answered, and one raised something else
        """
        failed: PluginError | None = None
        for each, given in self._calls(hook, args, kwargs):
            try:
                value = each(given)
            except PluginError as error:
                if isinstance(error.__cause__, CrmError):
                    raise error.__cause__ from None
                failed = failed or error
            else:
                if value is not None:
                    return Answer(each.plugin, value)
        if failed is not None:
            raise failed
        return None

    def ask(self, hook: Callable[P, None], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Nothing, if no plugin objects.

        :raises Veto: as the first plugin raised it that does
        :raises PluginError: one of them raised something else, or answered
        """
        for each, given in self._calls(hook, args, kwargs):
            with self._asking(each.plugin):
                try:
                    each.require_silence(given)
                except PluginError as error:
                    if isinstance(error.__cause__, Veto):
                        error.__cause__.facts.setdefault("plugin", each.plugin)
                        raise error.__cause__ from None
                    raise

    def tell(self, hook: Callable[P, None], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Let every plugin know, see `Listening`; nothing is raised, whatever they do."""
        for each, given in self._calls(hook, args, kwargs):
            self.listening.tell(each, given)

    @property
    def asking(self) -> str:
        """The plugin that is being asked for its objections by whoever runs this; the empty text if there is none."""
        return next((plugin for door, plugin in _ASKED.get() if door is self), "")

    @contextmanager
    def _asking(self, plugin: str) -> Iterator[None]:
        token = _ASKED.set((*_ASKED.get(), (self, plugin)))
        try:
            yield
        finally:
            _ASKED.reset(token)

    def _calls(
        self, hook: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Iterator[tuple[Implementation, Mapping[str, Any]]]:
        implementations = self._hooks.get(hook.__name__)
        if implementations is not None:
            given = _signature(hook).bind(*args, **kwargs).arguments
            yield from ((each, given) for each in implementations)
