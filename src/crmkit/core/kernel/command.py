"""Commands: what is asked of a transaction from outside, done once per operation however often it is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from attrs import define, field

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import apply
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.operation import Command, Operation, answer, digest, outcome

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work

F = TypeVar("F", bound=Callable[..., Any])


@define
class Commands:
    """The outermost commands of one work: noted as they are done, or answered as they were when they were done."""

    known: Operation | None = None  #: what was committed before under the same id
    done: list[Command] = field(factory=list)
    busy: bool = False  #: inside a command: what it asks for is part of it
    _answered: int = 0  #: of those known, as far as they were asked for

    def next(self, name: str, given: str) -> Command:
        """The next that was done like this one; what came before it and is not asked for again is passed over.

        :raises Invalid: there is none
        """
        known = self.known.commands if self.known else ()
        for place in range(self._answered, len(known)):
            if (known[place].name, known[place].digest) == (name, given):
                self._answered = place + 1
                return known[place]
        raise Invalid(
            "operation",
            f"was done before without {name}, or with other arguments",
            accepts="the same commands as the first time, or a new operation id",
        )


def command(method: F) -> F:
    """Let a method of an area, or of the work, be done once per operation.

    It is done as a whole: one that fails after it changed something leaves a work that is over. The outermost is noted
    with a digest of its arguments and its outcome; in an operation that was committed before, it answers what it
    answered then and does nothing.
    """
    name = method.__qualname__.lower()
    names = tuple(signature(method).parameters)[1:]

    @wraps(method)
    def once(self: Any, *args: Any, **kwargs: Any) -> Any:
        work: Work = getattr(self, "work", self)
        commands = work.commands
        if commands.busy:
            return method(self, *args, **kwargs)
        given = digest({**dict(zip(names, args, strict=False)), **kwargs})
        if commands.known is not None:
            stored = commands.next(name, given).outcome
            return answer(stored, lambda: _answered(method), lambda *which: _as_it_was(work, *which))
        commands.busy, steps = True, work.steps
        try:
            found = method(self, *args, **kwargs)
        except BaseException as error:
            if work.steps > steps:
                work.fail(error)  # a host that goes on all the same may not keep the half of it
            raise
        finally:
            commands.busy = False
        commands.done.append(Command(name=name, digest=given, outcome=outcome(found)))
        return found

    once.__crm_command__ = True  # type: ignore[attr-defined] # for the test that no writing method goes without
    return cast("F", once)


def _answered(method: Callable[..., Any]) -> Any:
    """The class of its answers; what its arguments are is nobody's business here, and need not be known by name."""
    alone = SimpleNamespace(__annotations__={"return": method.__annotations__["return"]})
    return get_type_hints(alone, method.__globals__)["return"]


def _as_it_was(work: Work, kind: str, id: Id[Any], version: int) -> Any:
    """The record at this version, from its events."""
    model, row = work.model.kind(kind), None
    for event in work.session.history(kind=kind, id=id, limit=version):
        row = apply(model, row, event)
    return model.build(cast("Row", row))
