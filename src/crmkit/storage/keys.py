"""Which key refused a write: looked up afterwards, for a database only says that one did."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.errors import CrmError, StoreError
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ground import Complement, Every, Ground, OneOf, Test
from crmkit.core.kernel.identity import leads_nowhere
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import EntityModel, Model, Relation, Row
from crmkit.core.kernel.store import Session
from crmkit.core.kernel.text import fold
from crmkit.storage.refusals import still_needed, taken


def refused_row(session: Session, model: EntityModel, row: Row, *, new: bool) -> CrmError:
    """Why a row, a new one or one in the place of another, could not be written."""
    id = row[model.position["id"]]
    if new and session.load(model.kind, [id]):
        return taken("id", model.kind)
    for relation in model.relations.values():
        at = row[model.position[relation.column.path]]
        if at not in (None, id) and not session.load(relation.target, [at]):
            return leads_nowhere(relation.column.path, relation.target)
    others = Complement(_same(model.by_path["id"], id))
    for index in model.indexes:
        key = [(model.by_path[path], row[model.position[path]]) for path in index.paths]
        if index.unique and all(value is not None for _, value in key):
            holder = Every((*(_same(column, value) for column, value in key), others))
            if session.page(model.kind, holder, limit=1):
                return taken(index.paths[0], model.kind)
    return _unknown(model.kind)


def refused_delete(session: Session, model: Model, kind: str, ids: Collection[Id[Any]]) -> CrmError:
    """Why these records could not be deleted."""
    for other, relation in _leading_to(model, kind):
        pointing = session.page(other.kind, OneOf(relation.column, frozenset(ids)))
        staying = [row for row in pointing if other.kind != kind or row[other.position["id"]] not in ids]
        if staying:
            return still_needed(other.kind, relation.column.path, kind)
    return _unknown(kind)


def _same(column: Column, value: Any) -> Ground:
    return Test(column, Operator.EQUAL, fold(value) if column.scalar is Scalar.NAME else value)


def _leading_to(model: Model, kind: str) -> Iterator[tuple[EntityModel, Relation]]:
    for other in model.entities.values():
        for relation in other.relations.values():
            if relation.target == kind:
                yield other, relation


def _unknown(kind: str) -> StoreError:
    return StoreError(f"the database refuses a change of {kind}", hint="it has a rule that crmkit did not make")
