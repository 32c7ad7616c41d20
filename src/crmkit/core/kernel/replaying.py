"""Holding what is kept against the journal, and putting it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crmkit.core.kernel.entity import declared
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.identity import outdated
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import EntityModel, Row
from crmkit.core.kernel.past import Difference, Replayed, World, everything
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.store import Reads, Session


def kept_rows(session: Reads, model: EntityModel) -> dict[Id[Any], Row]:
    """All rows of a kind, by id."""
    return {row[model.position["id"]]: row for row in session.page(model.kind, Const(True))}


def replayed(session: Reads, registry: Registry, *, repair: Callable[[], Session] | None = None) -> Replayed:
    """Whether every row is what the journal says, value for value; with `repair`, the way to write, it is afterwards.

    :raises Conflict: a record changed while it was being repaired
    :raises Invalid: like `Session.insert`
    """
    models = {kind: model for kind, model in registry.model.entities.items() if declared(model.cls).journaled}
    kept = {kind: kept_rows(session, model) for kind, model in models.items()}  # before the journal, which is ahead
    journal = tuple(session.history())
    right = everything(registry, journal)
    found = tuple(each for kind, model in models.items() for each in _differences(model, kept[kind], right[kind]))
    if repair and found:
        _repair(repair(), models, kept, right)
    return Replayed(len(journal), sum(map(len, right.values())), found, repaired=repair is not None)


def put_right(session: Session, model: EntityModel, kept: Mapping[Id[Any], Row], right: Mapping[Id[Any], Row]) -> int:
    """Let rows of one kind that nothing leads to be what is right; returns how many were not.

    :raises Conflict: one of them changed meanwhile
    """
    session.delete(model.kind, [id for id in kept if id not in right])
    session.insert(model.kind, [row for id, row in right.items() if id not in kept])
    return len(kept.keys() ^ right.keys()) + _update(session, model, kept, right)


def _update(session: Session, model: EntityModel, kept: Mapping[Id[Any], Row], right: Mapping[Id[Any], Row]) -> int:
    wrong = [(kept[id], row) for id, row in right.items() if id in kept and kept[id] != row]
    stale = session.update(model.kind, wrong)
    if stale:
        raise outdated(model.kind, stale)
    return len(wrong)


def _repair(session: Session, models: Mapping[str, EntityModel], kept: World, right: World) -> None:
    """What is missing comes first, what is too much goes last: references lead somewhere all the while."""
    for kind, each in models.items():
        session.insert(kind, [row for id, row in right[kind].items() if id not in kept[kind]])
        _update(session, each, kept[kind], right[kind])
    for kind in reversed(tuple(models)):
        session.delete(kind, [id for id in kept[kind] if id not in right[kind]])


def _differences(model: EntityModel, kept: Mapping[Id[Any], Row], right: Mapping[Id[Any], Row]) -> Iterator[Difference]:
    for id in sorted(kept.keys() | right.keys()):
        before, after = kept.get(id), right.get(id)
        if before is None or after is None:
            yield Difference(model.kind, id, missing=before is None)
        elif before != after:
            names = [column.path for column, old, new in zip(model.columns, before, after, strict=True) if old != new]
            yield Difference(model.kind, id, tuple(names))
