"""CRMs to tell stories in: one per store, with a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from crmkit.crm import CRM, Transaction
from crmkit.testing import FixedClock, FixedIds

STORES: tuple[str, ...] = ("memory", "sqlite")


def url(store: str, folder: Path) -> str:
    """Where a fresh CRM of this store is kept."""
    return "memory:" if store == "memory" else f"sqlite:{folder / 'crm.db'}"


@contextmanager
def opened(store: str, folder: Path, clock: FixedClock | None = None, **how: object) -> Iterator[CRM]:
    """A fresh CRM on a store, closed afterwards."""
    with CRM.open(url(store, folder), clock=clock or FixedClock(), ids=FixedIds(), **how) as crm:  # type: ignore[arg-type]
        yield crm


class _Undo(Exception):
    """Leaves a transaction without keeping it."""


@contextmanager
def undone(crm: CRM) -> Iterator[Transaction]:
    """A transaction of which nothing stays, so that one CRM serves many examples."""
    with suppress(_Undo), crm.transaction() as tx:
        yield tx
        raise _Undo
