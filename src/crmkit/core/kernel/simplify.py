"""Ground put together so that nothing in it is always or never true, unless all of it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Operator
from crmkit.core.kernel.ground import Complement, Const, Either, Every, Ground, OneOf, Test, Via
from crmkit.core.kernel.model import Relation


def every(items: Iterable[Ground]) -> Ground:
    """All of these."""
    kept = [item for item in items if item != Const(True)]
    if not kept or Const(False) in kept:
        return Const(not kept)
    return kept[0] if len(kept) == 1 else Every(tuple(kept))


def either(items: Iterable[Ground]) -> Ground:
    """Any of these."""
    kept = [item for item in items if item != Const(False)]
    if not kept or Const(True) in kept:
        return Const(bool(kept))
    return kept[0] if len(kept) == 1 else Either(tuple(kept))


def complement(item: Ground) -> Ground:
    """Exactly the others."""
    match item:
        case Const(value):
            return Const(not value)
        case Complement(inner):
            return inner
        case _:
            return Complement(item)


def one_of(column: Column, tests: Sequence[Ground]) -> Ground:
    """Any of these; as one look into a set where all ask the column for a value."""
    values = [test.value for test in tests if isinstance(test, Test) and test.operator is Operator.EQUAL]
    if len(tests) > 1 and len(values) == len(tests):
        return OneOf(column, frozenset(values))
    return either(tests)


def through(hops: Sequence[Relation], item: Ground) -> Ground:
    """`item`, asked of the record at the end of these references."""
    if item != Const(False):
        for relation in reversed(hops):
            item = Via(relation, item)
    return item
