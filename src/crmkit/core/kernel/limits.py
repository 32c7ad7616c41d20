"""How large a condition may be: far more than people write, far less than a parser or a database chokes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crmkit.core.kernel.criteria import And, Criteria, Field, In, Not, Or, Some
from crmkit.core.kernel.errors import CriteriaError

DEEPEST: Final = 40  #: levels of conditions inside conditions
MOST_NODES: Final = 500  #: conditions in all; a value that an age or a part of a date is looked for in counts as one
MOST_VALUES: Final = 1000  #: values in one list
MOST_HOPS: Final = 10  #: relations in one path


def refuse_oversized(criteria: Criteria) -> None:
    """Nothing, if the condition is of a size that can be read, written and asked.

    :raises CriteriaError: it is too deep, has too many parts, or too many values in one list
    """
    level, depth, nodes = [criteria], 0, 0
    while level:
        depth, nodes = depth + 1, nodes + sum(map(_weight, level))
        if depth > DEEPEST:
            raise CriteriaError(f"conditions inside conditions over {DEEPEST} levels deep", hint="flatten it")
        if nodes > MOST_NODES:
            raise CriteriaError(f"over {MOST_NODES} conditions in one", hint="is it a list of values? use in_()")
        level = [inner for each in level for inner in _inside(each)]


def size(criteria: Criteria) -> int:
    """How many conditions it is made of, itself included."""
    return _weight(criteria) + sum(map(size, _inside(criteria)))


def _inside(criteria: Criteria) -> Iterable[Criteria]:
    match criteria:
        case And(items) | Or(items):
            return items
        case Not(item) | Some(where=item):
            return (item,)
        case _:
            return ()


def _weight(criteria: Criteria) -> int:
    if not isinstance(criteria, In):
        return 1
    if len(criteria.values) > MOST_VALUES:
        raise CriteriaError(f"over {MOST_VALUES:,} values in one list", hint="mark the records, and ask for the mark")
    return 1 if isinstance(criteria.term, Field) else len(criteria.values)
