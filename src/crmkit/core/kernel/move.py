"""A move: one way from a status to another, with its effect, its needs and the event that says it was made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, TypeAlias, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.argument import parameters, written
from crmkit.core.kernel.columns import Json
from crmkit.core.kernel.criteria import Criteria
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import DefinitionError, IllegalMove, Invalid, Refusal, Refused, shape
from crmkit.core.kernel.journal import Event, Stamp, step
from crmkit.core.kernel.need import Need

if TYPE_CHECKING:
    from crmkit.core.kernel.flow import Flow

E = TypeVar("E", bound=Entity)
P = ParamSpec("P")

Holds: TypeAlias = Callable[[Criteria], bool]  #: whether a condition holds for the record in question, asked of a store

NOT_BY_EFFECT: Final = ("id", "version", "status", "created_at", "modified_at", "custom")


@frozen(eq=False, repr=False)
class Move(Generic[E, P]):
    """One way from a status to another; called, it gives the record after it and the event.

    Its effect is a pure function `(record, stamp, *, ...) -> record` that sets the fields other than the status, the
    reason among them; `reasons` is the vocabulary of its argument `reason`.
    """

    flow: Flow[E, Any]
    sources: tuple[StrEnum, ...]
    target: StrEnum
    event: str
    effect: Callable[Concatenate[E, Stamp, P], E] | None
    needs: tuple[Need, ...]
    reasons: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(init=False)  #: what it takes besides record and stamp, by name
    name: str = ""  #: that of the attribute of its life cycle

    @parameters.default
    def _of_the_effect(self) -> Mapping[str, Parameter]:
        return parameters(self.effect)

    def __attrs_post_init__(self) -> None:
        if not self.event.startswith(f"{self.flow.kind}."):
            raise DefinitionError(f"{self.event} is no event of a {self.flow.kind}", hint=f"{self.flow.kind}.done")
        if ("reason" in self.parameters) != bool(self.reasons):
            raise DefinitionError(f"{self.event}: an argument reason and a vocabulary of reasons need each other")

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", self.name or name)  # once, by the class body that it stands in

    @property
    def entity(self) -> type[E]:
        """The class of the records that make it."""
        return self.flow.entity

    def __str__(self) -> str:
        return f"{self.flow.kind}.{self.name or '?'}"

    def __repr__(self) -> str:
        return f"<move {self}>"

    def __call__(self, record: E, stamp: Stamp, /, *args: P.args, **kwargs: P.kwargs) -> tuple[E, Event]:
        """The record after it, one version further, and the event; needs that are not `local` are left to the work.

        :raises IllegalMove: not from this status
        :raises Refused: needs are not met; all of them are named
        :raises Invalid: an argument that it does not take or misses, or a reason it does not know
        """
        self.require(record, now=stamp.occurred)
        details = self._written(args, kwargs)
        after = record
        if self.effect is not None:
            after = self.effect(record, stamp, *args, **kwargs)
            self._check_effect(record, after)
        return step(after, stamp, self.event, details, status=self.target)

    def require(self, record: E, *, now: datetime, holds: Holds | None = None) -> None:
        """Nothing, if the move can be made; `holds` as `refusals` has it.

        :raises IllegalMove: not from this status
        :raises Refused: needs are not met; all of them are named
        """
        self.require_status(record)
        refusals = self.refusals(record, now=now, holds=holds)
        if refusals:
            raise Refused(str(self), refusals)

    def require_status(self, record: E) -> None:
        """Nothing, if the move begins in the status that the record has.

        :raises IllegalMove: it does not
        """
        status: StrEnum = _living(record).status
        if status not in self.sources:
            raise self._illegal(status)

    def refusals(self, record: E, *, now: datetime, holds: Holds | None = None) -> tuple[Refusal, ...]:
        """The needs that are not met; `holds` answers those that are not local, which without it count as met."""
        return tuple(
            evolve(need.refusal, facts={"move": str(self), "id": str(record.id)})
            for need in self.needs
            if not _met(need, record, now, holds)
        )

    def adding(self, *, needs: tuple[Need, ...] = (), reasons: tuple[str, ...] = ()) -> Move[E, P]:
        """The same move with what one CRM demands and knows beyond it; the flow stays as it is."""
        return evolve(self, needs=self.needs + needs, reasons=self.reasons + reasons)

    def _written(self, given: Collection[object], named: Mapping[str, object]) -> dict[str, Json]:
        if given:
            raise Invalid("arguments", f"got {len(given)} of {self} by position", accepts="arguments by name")
        for name in named:
            if name not in self.parameters:
                raise Invalid(name, f"is no argument of {self}", accepts=", ".join(self.parameters) or "none")
        for name, parameter in self.parameters.items():
            if name not in named and parameter.default is Parameter.empty:
                raise Invalid(name, f"is missing, {self} needs it")
        if "reason" in named and named["reason"] not in (*self.reasons, self.parameters["reason"].default):
            raise Invalid("reason", f"got {shape(named['reason'])}", accepts=f"one of {', '.join(self.reasons)}")
        return {name: written(name, value) for name, value in named.items()}

    def _check_effect(self, record: E, after: E) -> None:
        if type(after) is not type(record):
            raise DefinitionError(
                f"the effect of {self} gives {shape(after)}", hint=f"it has to give a {self.flow.kind}"
            )
        for name in NOT_BY_EFFECT:
            was, now = getattr(record, name), getattr(after, name)
            if now is not was and now != was:  # most often it is the same object, and need not be looked into
                raise DefinitionError(f"the effect of {self} changes {name}", hint="the move itself sees to that")

    def _illegal(self, status: StrEnum) -> IllegalMove:
        kind, possible = self.flow.kind, self.flow.possible(status)
        done, ways = self.event.partition(".")[2].replace("_", " "), ", ".join(possible) or "nothing"
        return IllegalMove(
            f"{_with_article(status)} {kind} cannot be {done}; possible from {status}: {ways}",
            facts={"kind": kind, "status": str(status), "move": self.name, "possible": list(possible)},
        )


def arguments(move: Move[Any, ...]) -> Mapping[str, Parameter]:
    """What a move takes besides record and stamp, by name, its annotations as types.

    :raises DefinitionError: an annotation that cannot be resolved
    """
    return parameters(move.effect, resolved=True)


def _met(need: Need, record: Entity, now: datetime, holds: Holds | None) -> bool:
    met = need.met(record, now=now)
    if met is None:
        return holds is None or holds(need.criteria)
    return met


def _living(record: Entity) -> Any:
    """The record as one that has a status, which the type of all entities does not say."""
    return record


def _with_article(status: str) -> str:
    return f"{'an' if status[0] in 'aeiou' else 'a'} {status.replace('_', ' ')}"
