"""A store that fails when it is told to: the n-th thing asked of it, before or after it took effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from attrs import define

from crmkit.core.kernel.errors import Ambiguous, Retryable
from crmkit.core.kernel.feed import Stretch
from crmkit.core.kernel.store import Session, Store

When = Literal["before", "after"]
WHEN: tuple[When, ...] = ("before", "after")


@define
class Faulty:
    """A store in front of another; between `failing` it does what that does."""

    store: Store
    at: int = 0  #: the call that fails, from 1; 0: none
    calls: int = 0
    when: When = "before"
    again: bool = False  #: from then on every call fails
    commits: bool = False  #: no other calls count
    failed: int = 0

    @contextmanager
    def failing(self, at: int, when: When, *, again: bool = False, commits: bool = False) -> Iterator[None]:
        """Inside, the call with this number fails, or the commit with this number."""
        self.at, self.calls, self.when, self.again, self.commits, self.failed = at, 0, when, again, commits, 0
        try:
            yield
        finally:
            self.at = 0

    def asked(self, do: Callable[[], Any], *, commit: bool = False) -> Any:
        """Do it, or fail."""
        self.calls += commit or not self.commits
        if (
            (self.commits and not commit)
            or not self.at
            or not (self.calls == self.at or (self.again and self.calls > self.at))
        ):
            return do()
        self.failed += 1
        if self.when == "after" and (commit or self.calls == self.at):
            do()
        raise Ambiguous("the line is dead") if commit else Retryable("somebody is in the way")

    def create(self, *, thorough: bool = False) -> None:
        self.store.create(thorough=thorough)

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:
        return self.store.migrate(dry=dry)

    def close(self) -> None:
        self.store.close()

    def begin(self) -> Any:
        begun: list[Session] = []

        def begin() -> Session:
            begun.append(self.store.begin())
            return begun[0]

        try:
            return FaultySession(self, self.asked(begin))
        except Retryable:
            for session in begun:
                session.rollback()
            raise

    def snapshot(self) -> Session:
        return self.store.snapshot()

    def feed(self, **asked: Any) -> Stretch:
        found: Stretch = self.asked(lambda: self.store.feed(**asked))
        return found


@define
class FaultySession:
    """A session whose every call may fail."""

    faulty: Faulty
    session: Session
    over: bool = False

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            return self.faulty.asked(lambda: getattr(self.session, name)(*args, **kwargs))

        return call

    def commit(self) -> None:
        def commit() -> None:
            self.session.commit()
            self.over = True

        self.faulty.asked(commit, commit=True)
        self.rollback()  # where a broken front acknowledged what was not committed

    def rollback(self) -> None:
        if not self.over:
            self.session.rollback()
