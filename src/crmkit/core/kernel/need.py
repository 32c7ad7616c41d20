"""A need: what has to be so before a move is made, as a condition that has a name and words of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from attrs import astuple, field, frozen, has

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Age, Ago, Criteria, Unit
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import CriteriaError, DefinitionError, Refusal
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.predicate import predicate

_EXACT: Final = (Unit.MINUTES, Unit.HOURS)
_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


@frozen
class Need:
    """One condition that the store, a list filter, the error, the docs and the diagram read alike."""

    code: str  #: of the refusal when it is not met; never changes
    criteria: Criteria
    says: str  #: what is needed, to be read after "it needs": "an e-mail address or a phone number"
    _by_clock: bool = field(init=False, eq=False, repr=False)
    _spelled: str = field(init=False, eq=False, repr=False)  #: tells `== True` from `== 1`, which equality does not

    @_by_clock.default
    def _asks_the_clock(self) -> bool:
        return any(isinstance(node, Ago) for node in _nodes(self.criteria))

    @_spelled.default
    def _spell(self) -> str:
        return repr(self.criteria)

    @property
    def refusal(self) -> Refusal:
        """What is said when it is not met."""
        return Refusal(code=self.code, says=f"it needs {self.says}")

    def local(self, entity: type[Entity]) -> bool:
        """A record of this class and an instant are enough to answer it.

        They are not where it looks at other records, at parameters, at fields of extensions or at days: those begin
        when the zone of the CRM says so.
        """
        return self._reading(entity, _ANY_TIME) is not None

    def met(self, record: Entity, *, now: datetime) -> bool | None:
        """The answer for this record; None when it is not local."""
        reading = self._reading(type(record), now)
        return None if reading is None else reading(record)

    def _reading(self, entity: Any, now: datetime) -> Callable[[Any], bool] | None:
        return _reading(self.criteria, self._spelled, entity, now if self._by_clock else _ANY_TIME)


@lru_cache(maxsize=1024)
def _reading(criteria: Criteria, _spelled: str, entity: Any, now: datetime) -> Callable[[Any], bool] | None:
    if any(map(_by_calendar, _nodes(criteria))):
        return None
    try:
        model = Model.alone(entity)
        return predicate(bind(criteria, model=model, kind=kind_of(entity), now=now), model.of(entity))
    except (CriteriaError, DefinitionError):
        return None  # only the model of a whole CRM knows whether it is a hop, an extension or a mistake


def _nodes(node: Any) -> Iterator[object]:
    """A condition and all that it is made of: conditions, terms, values."""
    yield node
    inside = node if isinstance(node, tuple) else astuple(node, recurse=False) if has(type(node)) else ()
    for part in inside:
        yield from _nodes(part)


def _by_calendar(node: object) -> bool:
    return isinstance(node, Age) or (isinstance(node, Ago) and node.unit not in _EXACT)
