"""A sweep: one change to all records that fulfil a condition, as data.

    stale = Sweep("stale leads", Lead, where("modified_at") < Ago(90, Unit.DAYS), {"tags": frozenset({"stale"})},
                  event="lead.went_stale")

`GroundSweep.step` reads it for one row, a store for a whole table: version, event and changes come out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.assigns import Assigns, at
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.call import NO_FUNCTIONS, Function
from crmkit.core.kernel.columns import Column, Json
from crmkit.core.kernel.criteria import ALWAYS, Criteria, Given, Param, all_of
from crmkit.core.kernel.criteria import where as field_at
from crmkit.core.kernel.derive import cells
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.flow import Move
from crmkit.core.kernel.ground import Every, Ground, OneOf
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, Stamp, changes
from crmkit.core.kernel.model import EntityModel, Model, Row, meant
from crmkit.core.kernel.move import NOT_BY_EFFECT
from crmkit.core.kernel.params import NO_PARAMS, supplied
from crmkit.core.kernel.predicate import predicate
from crmkit.core.kernel.simplify import every

E = TypeVar("E", bound=Entity)

MOST_GUARDED: Final = 1000  #: ids in one guarded change


@frozen
class Sweep:
    """Which records of one kind, and what their fields are given: values as the field takes them, `Param`, `OCCURRED`.

    With a `move`, only records that can make it do: its sources and needs are part of the condition, its effect and its
    target part of what is given. Without one, a record that has all of it already is left alone.

    :raises DefinitionError: it gives nothing or what only a move or the library may give; it has neither a move nor an
        event of its kind, or both; its move is of another kind, or has an effect that is not `Assigns`
    """

    name: str  #: what did it, in the details of its events
    entity: type[Entity]
    where: Criteria
    sets: Mapping[str, Any] = field(factory=dict)  #: by field, `acme.level` for those of an extension
    move: Move[Any, Any] | None = None
    event: str | None = None  #: as which the change is recorded; the one of the move, if there is a move

    def __attrs_post_init__(self) -> None:
        faults = [*self._misnamed(), *self._forbidden(), *self._immovable()]
        if faults:
            raise DefinitionError(f"the sweep «{self.name}» cannot be made: {'; '.join(faults)}")

    def _misnamed(self) -> Iterator[str]:
        if (self.move is None) == (self.event is None):
            yield "it needs either a move or an event"
        elif self.event is not None and not self.event.startswith(f"{kind_of(self.entity)}."):
            yield f"{self.event} is no event of a {kind_of(self.entity)}"

    def _forbidden(self) -> Iterator[str]:
        if not self.sets and self.move is None:
            yield "it changes nothing"
        yield from (f"it sets {name}" for name in NOT_BY_EFFECT if name in self.sets)

    def _immovable(self) -> Iterator[str]:
        if self.move is None:
            return
        if self.move.entity is not self.entity:
            yield f"{self.move} is no move of a {kind_of(self.entity)}"
        if not isinstance(self.move.effect, Assigns | None):
            yield f"the effect of {self.move} is a function, which no table can be asked to call"
        yield from (f"{self.move} itself sets {name}" for name in self.effect if name in self.sets)

    @property
    def effect(self) -> Mapping[str, Any]:
        """What its move gives to the fields besides the status."""
        effect = self.move.effect if self.move is not None else None
        return effect.values if isinstance(effect, Assigns) else {}

    @property
    def named(self) -> str:
        """The name of its events."""
        return self.move.event if self.move is not None else str(self.event)

    @property
    def condition(self) -> Criteria:
        """Which records it changes, if there is something to change."""
        return self.where if self.move is None else all_of(self.where, self.requirement)

    @property
    def requirement(self) -> Criteria:
        """What its move asks of a record by itself."""
        if self.move is None:
            return ALWAYS
        return all_of(field_at("status").in_(self.move.sources), *[need.criteria for need in self.move.needs])


@frozen(kw_only=True, eq=False)
class GroundSweep:
    """What is left of a sweep once conditions, parameters and moments are resolved, at the instant of its stamp."""

    name: str
    model: EntityModel
    where: Ground
    sets: tuple[tuple[Column, Any], ...]  #: columns of the record itself, and their values in its row
    event: str
    moves: bool  #: it is an event of every record that fulfils `where`, also where no column changes
    stamp: Stamp
    among: frozenset[Id[Any]] | None = None  #: the only ones that fulfil `where`, if it is to tell which it changed

    @property
    def details(self) -> Mapping[str, Json]:
        """What its events say besides their changes."""
        return {"sweep": self.name}

    def step(self, row: Row) -> tuple[Row, Event] | None:
        """The row after it, one version further, and the event, of a row that fulfils `where`; None where it stays."""
        position, cells = self.model.position, list(row)
        for column, value in self.sets:
            cells[position[column.path]] = value
        if not self.moves and tuple(cells) == row:
            return None
        recorded = max(self.stamp.at, row[position["modified_at"]])
        cells[position["modified_at"]] = recorded
        cells[position["version"]] += 1
        after = tuple(cells)
        event = Event(
            name=self.event,
            kind=self.model.kind,
            id=row[position["id"]],
            version=after[position["version"]],
            stamp=evolve(self.stamp, at=recorded),
            changes=changes(self.model, row, after),
            details=self.details,
        )
        return after, event

    def apply(self, record: E) -> tuple[E, Event] | None:
        """The record after it and the event; None where it does not fulfil `where`, or has it all.

        :raises CriteriaError: the condition asks other records
        """
        if not predicate(self.where, self.model)(record):
            return None
        stepped = self.step(self.model.flatten(record))
        return None if stepped is None else (self.model.build(stepped[0]), stepped[1])


@frozen
class Swept:
    """What a sweep did, told once for all of its records."""

    name: str
    count: int  #: of records, and of events
    batch: int  #: its events have the sweep's operation, its name in their details and a sequence above this one
    done: tuple[Id[Any], ...] = ()  #: which, if it was among some


@frozen
class Guarded:
    """What became of a change that was wanted of some records, each of them in one of the two, in the order given."""

    done: tuple[Id[Any], ...]  #: changed by this transaction, and by no other that guards the same
    left: tuple[Id[Any], ...]  #: as they are: not there, not fulfilling the condition, or changed by another one first


def bind_sweep(
    sweep: Sweep,
    *,
    model: Model,
    stamp: Stamp,
    zone: str = "UTC",
    params: Mapping[str, Given] = NO_PARAMS,
    functions: Mapping[str, Function] = NO_FUNCTIONS,
    among: Collection[Id[Any]] | None = None,
    sees: Callable[[str, Ground], Ground] | None = None,
) -> GroundSweep:
    """What a sweep asks of and gives to the rows of its kind, as of this stamp; `among` those with these ids only.

    `sees` makes of a bound condition what somebody may ask; what the move requires is asked of all records.

    :raises CriteriaError: a condition that cannot be asked, a parameter that is not given
    :raises DefinitionError: a field that the record does not have or that makes a tree; one that is stamped, by a sweep
        without a move
    :raises Invalid: a value that its field does not take
    """
    of = model.of(sweep.entity)
    given = {**sweep.effect, **sweep.sets}
    said = {path: supplied(value, params) if isinstance(value, Param) else value for path, value in given.items()}
    sets = [each for path, value in said.items() for each in _cells(of, path, at(value, stamp))]
    if sweep.move is not None:
        sets.append((of.by_path["status"], sweep.move.target.value))
    for column, _ in sets:
        if column in of.parents:
            raise DefinitionError(f"{column.path} makes a tree, which a sweep could bend into a loop")
        if column.stamped and sweep.move is None:
            raise DefinitionError(f"{column.path} is set by commands only", hint="name the move that stands for it")
    bound = partial(bind, model=model, kind=of.kind, now=stamp.occurred, zone=zone, params=params, functions=functions)
    if sees is None:
        there = bound(sweep.condition)
    else:
        there = every([sees(of.kind, bound(sweep.where)), bound(sweep.requirement)])
    ids = None if among is None else frozenset(among)
    return GroundSweep(
        name=sweep.name,
        model=of,
        where=there if ids is None else Every((OneOf(of.by_path["id"], ids), there)),
        sets=tuple(sorted(sets, key=lambda each: of.position[each[0].path])),
        event=sweep.named,
        moves=sweep.move is not None,
        stamp=stamp,
        among=ids,
    )


def _cells(model: EntityModel, path: str, value: Any) -> tuple[tuple[Column, Any], ...]:
    field = model.shape.fields().get(path)
    if field is None:
        hint = meant(path, model.shape.fields())
        raise DefinitionError(f"{model.kind} has no field «{path}» of its own to be set", hint=hint)
    return cells(field, value)
