"""CRMs to tell stories in: one per store, with a clock that stands still."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from attrs import evolve

from crmkit.crm import CRM
from crmkit.testing import FixedClock, FixedIds
from crmkit.transaction import Transaction
from support import servers

STORES: tuple[str, ...] = ("memory", "sqlite", *servers.there())

LOCAL: tuple[str, ...] = ("memory", "sqlite")

_NUMBERS = count(1)
_EMPTY: dict[tuple[str, object], list[str]] = defaultdict(list)  #: databases of this process that nobody uses


def local(store: str, folder: Path) -> str:
    """The URL of a store that needs no server."""
    return "memory:" if store == "memory" else f"sqlite:{folder / 'crm.db'}"


@contextmanager
def place(store: str, folder: Path, made_for: object = "") -> Iterator[str]:
    """The URL of a store that holds nothing, until the end of the block.

    Databases on servers are used again, for tables take long to make: each by those who say that it is made for the
    same, which is to say the same model.
    """
    if store in LOCAL:
        yield local(store, folder)
        return
    free = _EMPTY[store, made_for]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    url = free.pop() if free else servers.make(store, f"{worker}_{next(_NUMBERS)}")
    yield url
    servers.empty(url)
    free.append(url)


@contextmanager
def opened(store: str, folder: Path, clock: FixedClock | None = None, **how: object) -> Iterator[CRM]:
    """A fresh CRM on a store, closed afterwards."""
    made_for = how.get("entities"), how.get("extensions")
    with (
        place(store, folder, made_for) as url,
        CRM.open(url, clock=clock or FixedClock(), ids=FixedIds(), **how) as crm,  # type: ignore[arg-type]
    ):
        yield crm


class _Undo(Exception):
    """Leaves a transaction without keeping it."""


@contextmanager
def undone(crm: CRM) -> Iterator[Transaction]:
    """A transaction of which nothing stays, so that one CRM serves many examples."""
    with suppress(_Undo), crm.transaction() as tx:
        yield tx
        raise _Undo


@contextmanager
def plugged(store: str, folder: Path, **fields: object) -> Iterator[CRM]:
    """A fresh CRM whose registry has these fields besides, as plugins fill them."""
    with opened(store, folder) as crm:
        registry = evolve(crm.registry, **fields)  # type: ignore[arg-type]
        yield CRM(crm._opened(), registry, crm._loaded, clock=crm._transactions.clock, ids=crm._transactions.ids)
