"""What is left of a condition once everything relative or clever is resolved: the few shapes that every reading knows.

Two readings exist: `predicate` here in the kernel, and the WHERE of the SQL stores. They must agree on every record;
whatever could differ between them (paths, clocks, folding, ages) is already gone.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from attrs import frozen

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import Calendar, Operator
from crmkit.core.kernel.model import Relation


@frozen
class Const:
    """Everybody or nobody."""

    value: bool


@frozen
class Every:
    """Each of at least one."""

    items: tuple[Ground, ...]


@frozen
class Either:
    """One of at least one."""

    items: tuple[Ground, ...]


@frozen
class Complement:
    """Plain complement: the rest is two-valued, so this is too."""

    item: Ground


@frozen
class Test:
    """A column against a value of its row type (folded already for a NAME); false when missing. Never `!=`."""

    column: Column
    operator: Operator
    value: Any


@frozen
class TestPart:
    """The year, month or day of a date column against a whole number; false when missing. Never `!=`."""

    column: Column
    part: Calendar
    operator: Operator
    value: int


@frozen
class Pair:
    """Two columns of one record; false when either is missing. Never `!=`."""

    left: Column
    operator: Operator
    right: Column


@frozen
class Lapse:
    """The microseconds from one MOMENT column to another against a number; false when either is missing. Never `!=`."""

    start: Column
    end: Column
    operator: Operator
    microseconds: int


@frozen
class OneOf:
    """A column equal to one of at least one value of its row type (folded already); false when missing."""

    column: Column
    values: frozenset[Any]


@frozen
class Within:
    """A text, folded already, in a text column; false when missing."""

    column: Column
    text: str


@frozen
class Tagged:
    """A TAGS column that has exactly this tag."""

    column: Column
    tag: str


@frozen
class Exists:
    """The column is not missing."""

    column: Column


@frozen
class Via:
    """The record that a reference leads to fulfils `item`; false when the reference is missing."""

    relation: Relation
    item: Ground


@frozen
class Count:
    """At least `least` records of `kind` point here by `column` (theirs) and fulfil `item`."""

    kind: str
    column: Column
    item: Ground
    least: int


Ground: TypeAlias = (
    Const
    | Every
    | Either
    | Complement
    | Test
    | TestPart
    | Pair
    | Lapse
    | OneOf
    | Within
    | Tagged
    | Exists
    | Via
    | Count
)
