"""How large a condition may be, for all who read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Age, And, Calendar, Criteria, Field, In, Not, Or, Part, Some, where
from crmkit.core.kernel.criteria_json import from_json, to_json
from crmkit.core.kernel.describe import describe
from crmkit.core.kernel.errors import CriteriaError
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.limits import DEEPEST, MOST_HOPS, MOST_NODES, MOST_VALUES
from crmkit.core.kernel.predicate import predicate, row_predicate
from crmkit.testing.world.pools import NOW, VISIT_IDS
from crmkit.testing.world.records import MODEL, Visit

Reader: TypeAlias = Callable[[Criteria], object]

LEAF = where("score") == 1


def bound(criteria: Criteria, kind: str = "visit") -> Ground:
    return bind(criteria, model=MODEL, kind=kind, now=NOW)


READERS = (bound, to_json, describe)


def nested(depth: int, leaf: Criteria = LEAF) -> Criteria:
    """A condition of so many levels, mixed so that none of them can be left out."""
    found = leaf
    for level in range(depth - 1):
        found = (And((found, LEAF)), Not(found), Or((LEAF, found)))[level % 3]
    return found


def counted(depth: int) -> Criteria:
    """Firms below firms below firms."""
    found: Criteria = where("name") == "x"
    for _ in range(depth - 1):
        found = Some("firm", "parent_id", found)
    return found


TOO_LARGE = (
    nested(DEEPEST + 1),
    counted(DEEPEST + 1),
    nested(10_000),
    And((LEAF,) * MOST_NODES),
    And((Or((LEAF,) * 250), Or((LEAF,) * 250))),
    In(Field("score"), tuple(range(MOST_VALUES + 1))),
    In(Age("birthday"), tuple(range(MOST_NODES + 1))),
    Or((In(Part("birthday", Calendar.DAY), tuple(range(300))), In(Age("birthday"), tuple(range(300))))),
)
LARGEST = (
    nested(DEEPEST),
    nested(DEEPEST, where("firm" + ".parent" * (MOST_HOPS - 1) + ".name") == "x"),
    And((LEAF,) * (MOST_NODES - 1)),
    In(Field("score"), tuple(range(MOST_VALUES))),
    In(Age("birthday"), tuple(range(MOST_NODES))),
)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("place", range(len(TOO_LARGE)))
def test_what_is_too_large_is_refused(place: int, read: Reader) -> None:
    """By all who would have to walk it."""
    with pytest.raises(CriteriaError, match="levels deep|conditions in one|values in one list"):
        read(TOO_LARGE[place])


@pytest.mark.parametrize("place", range(len(LARGEST)))
def test_what_is_just_not_too_large_is_read(place: int) -> None:
    """By everybody, down to the generated function."""
    criteria = LARGEST[place]
    nobody: Any = None
    row = MODEL.kind("visit").flatten(Visit(id=VISIT_IDS[0]))

    assert from_json(to_json(criteria)) == criteria
    assert describe(criteria)
    assert row_predicate(bound(criteria), MODEL.kind("visit"))(row, nobody) in (True, False)


def test_what_is_just_not_too_deep_is_asked_of_a_record() -> None:
    """The generated function has no more levels than Python's grammar admits."""
    assert predicate(bound(nested(DEEPEST)), MODEL.kind("visit"))(Visit(id=VISIT_IDS[0])) in (True, False)
    assert callable(row_predicate(bound(counted(DEEPEST), "firm"), MODEL.kind("firm")))


def test_json_that_is_too_deep_or_too_long_is_refused() -> None:
    """Before anything is made of it."""
    deep: Any = to_json(LEAF)
    for _ in range(DEEPEST):
        deep = {"not": deep}

    with pytest.raises(CriteriaError, match="levels deep"):
        from_json(deep)
    with pytest.raises(CriteriaError, match="conditions in one"):
        from_json({"all": [to_json(LEAF)] * MOST_NODES})
    with pytest.raises(CriteriaError, match="values in one list"):
        from_json({"in": ["score", list(range(MOST_VALUES + 1))]})
