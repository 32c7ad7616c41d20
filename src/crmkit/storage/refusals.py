"""What every store says when it refuses a write, in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.core.kernel.errors import Conflict, Invalid, StoreError
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event


def taken(field: str, kind: str) -> Invalid:
    """Another record has this unique value."""
    return Invalid(field, "is taken", accepts=f"a value no other {kind} has")


def still_needed(kind: str, field: str, target: str) -> Invalid:
    """What is to be deleted has a record of `kind` leading to it."""
    return Invalid(
        f"{kind}.{field}",
        f"still leads to a {target} that is to be deleted",
        accepts=f"a {target} that nothing leads to",
    )


def only_reads() -> StoreError:
    """A snapshot is asked to write."""
    return StoreError("this is a view, it does not write", hint="crm.transaction() does")


def recorded_before(event: Event) -> Conflict:
    """The record has had its event of this version."""
    return Conflict(
        f"{event.kind} {event.id} already has an event of version {event.version}",
        hint="read it again",
        facts={"id": str(event.id), "version": event.version},
    )


def changed_meanwhile(kind: str, ids: Sequence[Id[Any]]) -> Conflict:
    """Another transaction changed records that were being swept."""
    which = ", ".join(map(str, ids))
    return Conflict(
        f"{kind} {which} changed while it was being swept", hint="sweep again", facts={"ids": list(map(str, ids))}
    )


def done_before(operation: Id[Any]) -> Conflict:
    """The operation has been committed, by an earlier attempt or by somebody else."""
    return Conflict(
        f"operation {operation} is done already",
        hint="run it again to have its answers",
        facts={"operation": str(operation)},
    )


def nothing_to_redact() -> Conflict:
    """What is to be redacted is not there."""
    return Conflict("an event or an operation that is to be redacted is not there", hint="read them again")
