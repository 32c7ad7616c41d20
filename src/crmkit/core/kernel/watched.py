"""A session whose failures are noted: what is left of its transaction after one, nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from attrs import frozen

from crmkit.core.kernel.errors import CrmError, StoreError
from crmkit.core.kernel.store import Session


@frozen
class Watched:
    """Does whatever the session does.

    A database may have undone all of a transaction when it says no to one statement, a mere question among them, and
    go on as if nothing was. What the library says itself (a key is taken, a record has changed) undoes nothing else.
    """

    _session: Session
    _failures: list[BaseException]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        return partial(self._done, found) if callable(found) else found

    def _done(self, do: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            found = do(*args, **kwargs)
        except Exception as error:
            self._note(error)
            raise
        return self._each(found) if isinstance(found, Iterator) else found

    def _each(self, found: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from found
        except Exception as error:
            self._note(error)
            raise

    def _note(self, error: Exception) -> None:
        if isinstance(error, StoreError) or not isinstance(error, CrmError):
            self._failures.append(error)
