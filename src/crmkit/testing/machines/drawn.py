"""Arguments and fields drawn from their annotations: what a signature says is all that has to be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from inspect import Parameter
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.fields import Mark
from crmkit.core.kernel.flow import Move, arguments
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Address, Email, PersonName, Phone

Drawing: TypeAlias = Callable[[Any], SearchStrategy[Any] | None]  #: of an annotation; None where it knows nothing

ids: Final = st.builds(uuid7, st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1))
moments: Final = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - drawn aware
texts: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
money: Final = st.builds(Money, st.integers(0, 10**9), st.sampled_from(("EUR", "KRW", "USD")))

_BY_TYPE: Final[Mapping[Any, SearchStrategy[Any]]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(0, 100) | st.integers(-(2**40), 2**40),
    str: st.sampled_from(("done", "한빛")) | texts,
    Decimal: st.decimals(-(10**9), 10**9, places=4),
    date: st.dates(),
    datetime: moments,
    Money: money,
    Email: st.sampled_from(("ann@example.com", "hong@example.com", "Ann@Example.com")).map(Email.of),
    Phone: st.sampled_from(("+34 910 000 000", "02-123-4567")).map(Phone.of),
    PersonName: st.sampled_from(("Ann Smith", "홍길동", "Cher")).map(PersonName.of),
    Address: st.builds(Address, city=st.sampled_from(("Madrid", "서울"))),
}

#: What every record has without somebody writing it down; and the status, with which its life begins.
_OF_ITSELF: Final = frozenset({each.name for each in fields(Entity)} - {"key"} | {"status"})


def nothing_more(hint: Any) -> None:
    """Draws nothing beyond what is known of every program."""


def values(hint: Any, drawing: Drawing = nothing_more) -> SearchStrategy[Any]:
    """Values of an annotation; `drawing` is asked first, for types of one's own and for ids of records there are.

    :raises DefinitionError: a type of which nothing is known
    """
    asked = drawing(hint)
    if asked is not None:
        return asked
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return values(inside[0], drawing)
    if origin in (Union, UnionType):
        return st.one_of([values(each, drawing) for each in inside])
    if origin in (frozenset, set):
        return st.frozensets(values(inside[0], drawing), max_size=3)
    if hint is Id or origin is Id:
        return ids
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if hint not in _BY_TYPE:
        raise DefinitionError(f"nothing is known of the values of {hint}", hint="say how to draw them: drawing=...")
    return _BY_TYPE[hint]


def given_to(
    move: Move[Any, ...], drawing: Drawing = nothing_more, reasons: tuple[str, ...] = ()
) -> SearchStrategy[dict[str, Any]]:
    """Arguments that a move takes, by name; what may be left out sometimes is. `reasons` if not those of the move."""
    known = reasons or move.reasons
    drawn = {
        name: st.sampled_from(known) if name == "reason" else values(each.annotation, drawing)
        for name, each in arguments(move).items()
    }
    optional = {name for name, each in move.parameters.items() if each.default is not Parameter.empty}
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in drawn.items() if name not in optional},
        optional={name: strategy for name, strategy in drawn.items() if name in optional},
    )


def fields_of(cls: type[Entity], drawing: Drawing = nothing_more) -> SearchStrategy[dict[str, Any]]:
    """The fields of a new record that somebody writes down; what has a default is left out now and then."""
    hints = get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    written = [each for each in fields(cls) if each.name not in _OF_ITSELF and not _is_stamped(hints[each.name])]
    return st.fixed_dictionaries(
        {each.name: values(hints[each.name], drawing) for each in written if each.default is NOTHING},
        optional={each.name: values(hints[each.name], drawing) for each in written if each.default is not NOTHING},
    )


def _is_stamped(hint: Any) -> bool:
    return get_origin(hint) is Annotated and Mark.STAMPED in get_args(hint)[1:]
