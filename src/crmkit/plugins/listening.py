"""Telling plugins what happened: each alone, on a thread of its own, for a limited time."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar, copy_context
from threading import Lock, Thread
from typing import Any, Final

from crmkit.core.kernel.errors import PluginError
from crmkit.plugins.implementation import Implementation, told

_LOG: Final = logging.getLogger("crmkit.plugins")
_TOLD: Final[ContextVar[tuple[tuple[Listening, str], ...]]] = ContextVar("crmkit_told", default=())


class Listening:
    """How the listeners of one CRM are told; what they fail in is logged and counted, and nobody else hears of it.

    What a plugin does because it was told is not told to it. One that takes longer than `patience` seconds goes on
    alone, and what happens until it is through is not told to it either: a plugin that hangs costs one thread and one
    wait.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._late: dict[str, Thread] = {}
        self._lock = Lock()
        self.failures: Counter[str] = Counter()  #: by plugin
        self.last: dict[str, str] = {}  #: failure, by plugin, in words

    def tell(self, listener: Implementation, given: Mapping[str, Any]) -> None:
        """Let one plugin know."""
        name = listener.plugin
        if (self, name) in _TOLD.get():
            return
        late = self._late.get(name)
        if late is not None and late.is_alive():
            self._failed(name, f"was not told, for it is still busy in {listener.hook}")
            return
        thread = Thread(target=copy_context().run, args=(self._listen, listener, given), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no thread can be had: what happened is kept all the same
            self._failed(name, f"was not told in {listener.hook}", error)
            return
        thread.join(self._patience)
        if thread.is_alive():
            self._late[name] = thread
            self._failed(name, f"takes more than {self._patience:g} seconds in {listener.hook}")

    def _listen(self, listener: Implementation, given: Mapping[str, Any]) -> None:
        _TOLD.set((*_TOLD.get(), (self, listener.plugin)))
        try:
            listener.require_silence(given)
        except PluginError as error:
            self._failed(listener.plugin, error.problem, error.__cause__)
        except BaseException as error:  # noqa: BLE001 - on this thread it is the plugin that interrupts
            self._failed(listener.plugin, f"raised {told(error)} in {listener.hook}", error)

    def _failed(self, name: str, problem: str, cause: BaseException | None = None) -> None:
        with self._lock:
            self.failures[name] += 1
            self.last[name] = problem
        _LOG.error("the plugin %s %s", name, problem, exc_info=cause)
