"""What a machine did, as a program that a person can paste: the steps are values that can be made and written down."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, Final, Protocol

from attrs import evolve, field, fields, frozen, has

import crmkit
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.flow import LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import NOTHING
from crmkit.core.kernel.work import Work
from crmkit.testing.factories import Factory

_USED: Final[Mapping[str, tuple[str, ...]]] = {
    "contextlib": ("suppress",),
    "crmkit": ("CRM", "CrmError"),
    "crmkit.testing": ("Factory", "FixedClock", "FixedIds"),
    "datetime": ("timedelta",),
}

MEMORY: Final = 'CRM.open("memory:", clock=clock, ids=FixedIds())'


class Words:
    """Values as the Python that makes them, and what has to be imported for it."""

    def __init__(self) -> None:
        self.names: dict[Id[Any], str] = {}  #: how the records of the story are spoken of: lead_1.id
        self._imports: set[tuple[str, str]] = set()

    def uses(self, thing: Any) -> str:
        """The name of a class or function, imported."""
        name = str(thing.__qualname__)
        offered = getattr(crmkit, name, None) is thing
        self._imports.add(("crmkit" if offered else thing.__module__, name.partition(".")[0]))
        return name

    def needs(self, module: str, names: Collection[str]) -> None:
        """These names of a module, imported."""
        self._imports |= {(module, name) for name in names}

    def imports(self) -> Iterator[str]:
        """The lines that import what was used."""
        modules = sorted({module for module, _ in self._imports})
        for module in modules:
            yield f"from {module} import {', '.join(sorted(name for of, name in self._imports if of == module))}"

    def of(self, value: Any) -> str:
        """The expression that gives this value."""
        match value:
            case Enum():
                return f"{self.uses(type(value))}.{value.name}"
            case Id():
                return self.names.get(value) or f"{self.uses(Id)}({str(value)!r})"
            case datetime() | date():
                return f"{self.uses(type(value))}.fromisoformat({value.isoformat()!r})"
            case Decimal():
                return f"{self.uses(Decimal)}({str(value)!r})"
            case frozenset():
                return f"frozenset({sorted(value)!r})"
            case _ if has(type(value)):
                return f"{self.uses(type(value))}({self.named(_said(value))})"
        return repr(value)

    def named(self, given: Mapping[str, Any]) -> str:
        """Arguments by name."""
        return ", ".join(f"{name}={self.of(value)}" for name, value in given.items())


def _said(value: Any) -> dict[str, Any]:
    """The fields of a value that say more than their defaults."""
    cells = {each.alias: (getattr(value, each.name), each.default) for each in fields(type(value))}
    return {str(name): cell for name, (cell, default) in cells.items() if cell != default}


class Step(Protocol):
    """Something that is done in a transaction, and can be told."""

    @property
    def answer(self) -> str:
        """What its answer is called, or nothing where nobody needs it."""
        ...

    def __call__(self, tx: Any) -> Any:
        """Do it."""
        ...

    def told(self, words: Words) -> str:
        """The expression that does it."""
        ...


@frozen
class Call:
    """A command by its path: `Call("sales.win", (id,), {"revenue": ten})` is `tx.sales.win(deal_1.id, revenue=...)`."""

    path: str
    given: Sequence[Any] = ()
    named: Mapping[str, Any] = field(default=NOTHING)
    answer: str = ""

    def __call__(self, tx: Work) -> Any:
        """Make the call."""
        return attrgetter(self.path)(tx)(*self.given, **self.named)

    def told(self, words: Words) -> str:
        """As a call of the transaction."""
        said = ", ".join([*map(words.of, self.given), *([words.named(self.named)] if self.named else [])])
        return f"tx.{self.path}({said})"


@frozen
class Birth:
    """A new record of a class, of these fields."""

    cls: type[Entity]
    fields: Mapping[str, Any]
    event: str

    @property
    def answer(self) -> str:
        """It is called by its kind."""
        return kind_of(self.cls)

    def __call__(self, tx: Work) -> Any:
        """Add it."""
        return tx.add(self.cls(id=tx.new_id(self.cls), **self.fields), self.event)

    def told(self, words: Words) -> str:
        """As an addition of a record made on the spot."""
        name = words.uses(self.cls)
        said = words.named(self.fields)
        return f"tx.add({name}(id=tx.new_id({name}){', ' if said else ''}{said}), {self.event!r})"


@frozen
class Made:
    """A record that a factory makes of a class."""

    cls: type[Entity]
    make: Factory

    @property
    def answer(self) -> str:
        """It is called by its kind."""
        return kind_of(self.cls)

    def __call__(self, tx: Work) -> Any:
        """Keep it."""
        return self.make.keep(tx, self.make.of(self.cls))

    def told(self, words: Words) -> str:
        """As kept by the factory of the story."""
        return f"make.keep(tx, make.of({words.uses(self.cls)}))"


@frozen
class Begun:
    """A record that a function of somebody's brings into being."""

    begin: Callable[[Any], Entity]
    answer: str

    def __call__(self, tx: Work) -> Any:
        """Call it."""
        return self.begin(tx)

    def told(self, words: Words) -> str:
        """As a call of the function, by its name if it has one."""
        return f"{words.uses(self.begin) if self.begin.__name__.isidentifier() else 'begin'}(tx)"


@frozen
class Revision:
    """A record put right in some fields."""

    cls: type[Entity]
    id: Id[Any]
    fields: Mapping[str, Any]
    answer: str = ""

    def __call__(self, tx: Work) -> Any:
        """Revise it."""
        return tx.revise(evolve(tx.of(self.cls).get(self.id), **self.fields))

    def told(self, words: Words) -> str:
        """As a revision of the record that is there."""
        there = f"tx.of({words.uses(self.cls)}).get({words.of(self.id)})"
        return f"tx.revise({words.uses(evolve)}({there}, {words.named(self.fields)}))"


@frozen
class Moved:
    """A move of a life cycle."""

    cycle: type[LifeCycle]
    name: str
    id: Id[Any]
    given: Mapping[str, Any]
    answer: str = ""

    def __call__(self, tx: Work) -> Any:
        """Make the move."""
        return tx.move(self.cycle.flow.moves[self.name], self.id, **self.given)

    def told(self, words: Words) -> str:
        """As a move of the transaction."""
        said = f", {words.named(self.given)}" if self.given else ""
        return f"tx.move({words.uses(self.cycle)}.{self.name}, {words.of(self.id)}{said})"


class Story:
    """The steps of a machine in their order; `str` of it is the program."""

    def __init__(self, opening: str = MEMORY) -> None:
        self.words = Words()
        self.opening = opening  #: the expression that opens the CRM
        self._told: list[str] = []
        self._count: Counter[str] = Counter()
        self._makes = False

    def tell(self, step: Step, *, back: int = 0) -> str:
        """A step that is about to be done, `back` days ago; gives what its answer is called."""
        name = ""
        if step.answer:
            self._count[step.answer] += 1
            self._makes = self._makes or isinstance(step, Made)
            name = f"{step.answer}_{self._count[step.answer]}"
        past = f", tx.occurred(tx.now - timedelta(days={back}))" if back else ""
        told = f"{f'{name} = ' if name else ''}{step.told(self.words)}"
        self._told.append(f"with crm.transaction() as tx{past}:\n    {told}")
        return name

    def answered(self, name: str, answer: Any) -> None:
        """From now on the story speaks of what came out of a step: a record, or the records in a value."""
        if isinstance(answer, Entity):
            self.words.names.setdefault(answer.id, f"{name}.id")
        elif has(type(answer)):
            for each in fields(type(answer)):
                self.answered(f"{name}.{each.name}", getattr(answer, each.name))

    def refused(self, why: object) -> None:
        """The step that was told last was refused, as it should be."""
        first, *rest = self._told.pop().split("\n")
        words = " ".join(str(why).split())
        self._told.append("\n".join([first.replace("with ", "with suppress(CrmError), ", 1), *rest, f"    # {words}"]))

    def tell_plainly(self, line: str) -> None:
        """Something that is done outside a transaction."""
        self._told.append(line)

    def __str__(self) -> str:
        opened = ["clock = FixedClock()", "make = Factory()", f"crm = {self.opening}"]
        body = "\n".join([*(line for line in opened if not line.startswith("make") or self._makes), "", *self._told])
        for module, names in _USED.items():
            self.words.needs(
                module, {name for name in names if re.search(rf"\b{name}\(|\b{name}\.open|\b{name}\)", body)}
            )
        return "\n".join([*self.words.imports(), "", body])

    @contextmanager
    def told(self) -> Iterator[None]:
        """What goes wrong inside is told with the whole story."""
        try:
            yield
        except Exception as error:
            error.add_note(f"\nThe story, to be pasted:\n\n{self}\n")
            raise
