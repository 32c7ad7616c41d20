"""Life cycles as tables of moves: from where to where, with what, under which needs, and the event that says so.

    class case(LifeCycle):
        flow = Flow(Case, CaseStatus, initial=ACTIVE, final=(CLOSED,))
        hold = flow.move({ACTIVE}, ON_HOLD, event="case.held")
        resolve = flow.move({ACTIVE, ON_HOLD}, RESOLVED, then=_resolved, event="case.resolved")

    resolved, event = case.resolve(one, stamp, resolution="new cable")

What a move requires is the signature of its effect: the type checker, the docs, commands in JSON and the walks of the
tests all read that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from itertools import combinations
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from attrs import NOTHING, evolve, field, fields_dict, frozen

from crmkit.core.kernel import diagram
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.move import Move, arguments
from crmkit.core.kernel.need import Need

__all__ = ["Flow", "LifeCycle", "Move", "Need", "arguments"]

E = TypeVar("E", bound=Entity)
S = TypeVar("S", bound=StrEnum)
P = ParamSpec("P")


@frozen(eq=False)
class Flow(Generic[E, S]):
    """The statuses that a kind of record can have, and the moves between them.

    :raises DefinitionError: the entity has no field `status`, or new records begin elsewhere than in `initial`
    """

    entity: type[E]
    statuses: type[S]
    initial: S = field(kw_only=True)
    final: tuple[S, ...] = field(kw_only=True, default=())  #: where a life ends
    title: str = field(kw_only=True, default="")
    _made: list[Move[E, Any]] = field(init=False, factory=list, repr=False)  #: filled by the body of the life cycle

    def __attrs_post_init__(self) -> None:
        status = fields_dict(self.entity).get("status")
        begins = NOTHING if status is None else status.default
        if begins is not self.initial:
            raise DefinitionError(
                f"{self.entity.__name__}.status begins {'nowhere' if begins is NOTHING else f'as {begins!r}'}",
                hint=f"the flow begins in {self.initial!r}; make that the default of the field",
            )

    @property
    def kind(self) -> str:
        """The kind of the records that live it."""
        return kind_of(self.entity)

    @property
    def moves(self) -> Mapping[str, Move[E, Any]]:
        """The moves by their names, in the order of their definition."""
        return {move.name: move for move in self._made}

    @overload
    def move(self, sources: Collection[S], target: S, *, event: str, needs: tuple[Need, ...] = ()) -> Move[E, []]: ...

    @overload
    def move(
        self,
        sources: Collection[S],
        target: S,
        *,
        then: Callable[Concatenate[E, Stamp, P], E],
        event: str,
        needs: tuple[Need, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> Move[E, P]: ...

    def move(
        self,
        sources: Collection[S],
        target: S,
        *,
        event: str,
        then: Callable[..., E] | None = None,
        needs: tuple[Need, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> Move[E, Any]:
        """A way from each of `sources` to `target`, to be named by the life cycle.

        :raises DefinitionError: a status of something else, an event of another kind, an effect that is not
            `(record, stamp, *, ...)`, or an argument `reason` without a vocabulary (and the other way round)
        """
        if any(move.name for move in self._made):
            raise DefinitionError(
                f"{event}: the life cycle of a {self.kind} is complete", hint="add needs to its moves"
            )
        for status in (*sources, target):
            if not isinstance(status, self.statuses):
                raise DefinitionError(f"{event}: {status!r} is no {self.statuses.__name__}")
        in_order = tuple(status for status in self.statuses if status in sources)
        made: Move[E, Any] = Move(self, in_order, target, event, then, needs, reasons)
        self._made.append(made)
        return made

    def shown(self, each: Callable[[Move[E, Any]], Move[E, Any]]) -> Flow[E, S]:
        """The same life cycle to look at, every move of it as `each` gives it."""
        flow: Flow[E, S] = evolve(self)
        flow._made.extend(map(each, self._made))
        return flow

    def possible(self, status: StrEnum) -> tuple[str, ...]:
        """The names of the moves that begin in this status."""
        return tuple(move.name for move in self._made if status in move.sources)

    def contradictions(self, named: Mapping[str, Move[Any, Any]]) -> Iterator[str]:
        """What is wrong with it in a life cycle that gives its moves these names, in words."""
        yield from self._misnamed(named)
        yield from self._misled()
        yield from self._ambiguous()

    def _misnamed(self, named: Mapping[str, Move[Any, Any]]) -> Iterator[str]:
        for name, move in named.items():
            if move.flow is not self:
                yield f"{name} is a move of another flow"
            elif move.name != name:
                yield f"{name} and {move.name} are the same move"
        for move in self._made:
            if move not in named.values():
                yield f"the move with the event {move.event} is no attribute of it"

    def _misled(self) -> Iterator[str]:
        reached: set[StrEnum] = {self.initial}
        for _ in self.statuses:
            reached |= {move.target for move in self._made if reached & set(move.sources)}
        left = {source for move in self._made for source in move.sources if source != move.target}
        for status in self.statuses:
            if status not in reached:
                yield f"nothing leads to {status}"
            if status in left and status in self.final:
                yield f"{status} is final, yet a move leads out of it"
            if status not in left and status not in self.final:
                yield f"nothing leads out of {status}, and it is not final"

    def _ambiguous(self) -> Iterator[str]:
        for one, other in combinations(self._made, 2):
            if one.event == other.event:
                yield f"{one.name} and {other.name} have the same event"
            elif set(one.sources) & set(other.sources) and _deed(one) == _deed(other):
                yield f"{one.name} and {other.name} do the same"

    def table(self) -> str:
        """The moves as a table in Markdown."""
        return diagram.table(self)

    def mermaid(self) -> str:
        """The life cycle as a state diagram in the language of Mermaid."""
        return diagram.mermaid(self)

    def _repr_html_(self) -> str:
        return diagram.html(self)


class _HasFlow(type):
    flow: Flow[Any, Any]  # said of the class itself, it would be the type of every flow: no move would know its record


class LifeCycle(metaclass=_HasFlow):
    """The namespace of a flow and its moves; a subclass is checked as soon as it is defined.

    Every status can be reached, and can be left unless it is final; what is final is never left. No two moves have the
    same event, nor are two names for one deed: from one status to the same other, with the same effect, needs and
    reasons.

    :raises DefinitionError: whatever is wrong with it, all at once
    """

    def __init_subclass__(cls) -> None:
        flow = vars(cls).get("flow")
        if not isinstance(flow, Flow):
            raise DefinitionError(
                f"the life cycle {cls.__name__} has no flow", hint="flow = Flow(Entity, Status, initial=...)"
            )
        named = {name: value for name, value in vars(cls).items() if isinstance(value, Move)}
        faults = list(flow.contradictions(named))
        if faults:
            raise DefinitionError(f"the life cycle {cls.__name__} contradicts itself: {'; '.join(faults)}")


def _deed(move: Move[Any, Any]) -> tuple[object, ...]:
    return move.target, move.effect, move.needs, move.reasons
