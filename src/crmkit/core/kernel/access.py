"""What an actor may see: the rules of plugins, ANDed into whatever is read, so that what may not be seen is not there.

An invisible record is not found, in the words of one that never was; conditions, figures and sweeps lead over visible
records only. What this does not hide stands in docs/reference/access.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import evolve

from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Criteria, Operator
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Refusal, Refused
from crmkit.core.kernel.ground import Complement, Const, Count, Either, Every, Ground, OneOf, Test, Via
from crmkit.core.kernel.identity import leads_nowhere, missing
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import EntityModel, Relation, Row
from crmkit.core.kernel.simplify import complement, either, every
from crmkit.core.kernel.sweep import GroundSweep
from crmkit.core.kernel.tally import GroundCount, GroundMean, GroundMeasure, GroundPercentile, GroundSum, GroundTally

if TYPE_CHECKING:
    from crmkit.core.kernel.reading import Reading

#: A plugin's: pure, of the user who acts and a class of records; ALWAYS where it has nothing to hide.
Access: TypeAlias = Callable[[Any, type[Entity]], Criteria]

SYSTEM_ID: Final[Id[Any]] = Id("00000000-0000-7000-8000-000000000001")  #: the user who acts for nobody, and sees all

EVERYTHING: Final = Const(True)
AT_ONCE: Final = 500  #: events whose records are looked for together


class Sight:
    """What one work sees of the records there are.

    Who reads or makes a record has it until the work ends, whatever becomes of it; searches go by the rules each time.
    """

    def __init__(self, work: Reading) -> None:
        self._work = work
        self.actor: Entity | None = None  #: whom the rules are asked about, if not the one whom this work reads
        self._rules = {} if work.stamp.by == SYSTEM_ID else work.registry.access
        self._lifted = 0
        self._visible: dict[str, Ground] = {}
        self._had: set[tuple[str, Id[Any]]] = set()

    @property
    def whole(self) -> bool:
        """Nothing is hidden: there are no rules, or it is the system that acts."""
        return not self._rules or self._lifted > 0

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Inside, everything is seen: for what has to be true of all records, and is told to nobody."""
        self._lifted += 1
        try:
            yield
        finally:
            self._lifted -= 1

    def visible(self, kind: str) -> Ground:
        """Which records of a kind there are; what is kept ready beside a record is seen with the record.

        :raises Refused: a rule fails
        """
        if self.whole:
            return EVERYTHING
        if kind not in self._visible:
            found = [self._asked(kind)]
            for projection in self._work.registry.projections:
                if projection.kind == kind:
                    relation = self._work.model.kind(kind).relations[projection.via.removesuffix("_id")]
                    found.append(_over(relation, self.visible(projection.subject)))
            self._visible[kind] = every(found)
        return self._visible[kind]

    def of(self, kind: str, ground: Ground) -> Ground:
        """A bound condition, of the records of a kind that are seen and over those that are."""
        if self.whole:
            return ground
        parts = ground.items if isinstance(ground, Every) else (ground,)
        return every([*map(self._through, parts), self.visible(kind)])

    def tally(self, ground: GroundTally) -> GroundTally:
        """The same figures, of what is seen."""
        if self.whole:
            return ground
        kinds = {hop.target for at in _paths(ground) for hop in at}
        seen = {kind: self.visible(kind) for kind in sorted(kinds)}
        return evolve(
            ground,
            where=self.of(ground.kind, ground.where),
            measures=tuple([evolve(each, where=self._through(each.where)) for each in ground.measures]),
            sight={kind: visible for kind, visible in seen.items() if visible != EVERYTHING},
        )

    def sees(self, model: EntityModel, id: Id[Any]) -> bool:
        """Whether there is a record with this id, as far as this work may know."""
        visible = self.visible(model.kind)
        if visible == EVERYTHING or (model.kind, id) in self._had:
            return True
        asked = every([Test(model.by_path["id"], Operator.EQUAL, id), visible])
        return bool(self._work.rows(model, asked, (), 1))

    def require(self, model: EntityModel, id: Id[Any]) -> None:
        """Nothing, if the record may be known.

        :raises NotFound: it may not, or there is none
        """
        if not self.whole:
            id = Id.of(id, f"{model.kind}.id")
            if not self.sees(model, id):
                raise missing(model.kind, id)

    def require_targets(self, model: EntityModel, before: Row | None, row: Row) -> None:
        """Nothing, if what a record newly leads to may be known.

        :raises Invalid: a reference leads nowhere, as far as this work may know
        """
        if self.whole:
            return
        for relation in model.relations.values():
            place = model.position[relation.column.path]
            if row[place] != (before[place] if before else None) and row[place] != row[model.position["id"]]:
                self._require_target(relation, row[place])

    def require_given(self, sweep: GroundSweep) -> None:
        """Nothing, if what a sweep lets records lead to may be known.

        :raises Invalid: like `require_targets`
        """
        given = {column.path: value for column, value in sweep.sets}
        for relation in sweep.model.relations.values() if not self.whole else ():
            self._require_target(relation, given.get(relation.column.path))

    def had(self, model: EntityModel, records: Sequence[Entity]) -> None:
        """These were read or made, so that they are known from now on."""
        if not self.whole:
            self._had.update([(model.kind, record.id) for record in records])

    def events(self, events: Iterator[Event]) -> Iterator[Event]:
        """Those of records that are seen now."""
        while some := list(islice(events, AT_ONCE)):
            ids: dict[str, set[Id[Any]]] = {}
            for event in some:
                ids.setdefault(event.kind, set()).add(event.id)
            seen = {(kind, id) for kind, of_kind in ids.items() for id in self._seen(kind, of_kind)}
            yield from (event for event in some if (event.kind, event.id) in seen)

    def _seen(self, kind: str, ids: set[Id[Any]]) -> set[Id[Any]]:
        visible = self.visible(kind)
        if visible == EVERYTHING:
            return ids
        model = self._work.model.kind(kind)
        found = self._work.session.page(kind, every([OneOf(model.by_path["id"], frozenset(ids)), visible]))
        return {row[model.position["id"]] for row in found} | {id for id in ids if (kind, id) in self._had}

    def _require_target(self, relation: Relation, id: Id[Any] | None) -> None:
        if id is not None and not self.sees(self._work.model.kind(relation.target), id):
            raise leads_nowhere(relation.column.path, relation.target)

    def _asked(self, kind: str) -> Ground:
        work, cls = self._work, self._work.model.kind(kind).cls
        with self.lifted():
            actor = self.actor or work.tracked(work.model.kind("user"), work.stamp.by)
        found = []
        for name, rule in self._rules.items():
            try:
                ground = bind(
                    rule(actor, cls),
                    model=work.model,
                    kind=kind,
                    now=work.stamp.at,
                    zone=work.registry.zone,
                    params={"me": work.stamp.by},
                    functions=work.registry.functions,
                )
            except Exception as error:
                raise _closed(name, kind, error) from error
            found.append(ground)
        return every(found)

    def _through(self, ground: Ground) -> Ground:
        match ground:
            case Every(items):
                return every(map(self._through, items))
            case Either(items):
                return either(map(self._through, items))
            case Complement(item):
                return complement(self._through(item))
            case Via(relation, item):
                return _over(relation, every([self._through(item), self.visible(relation.target)]))
            case Count(kind, column, item, least):
                item = every([self._through(item), self.visible(kind)])
                return item if item == Const(False) else Count(kind, column, item, least)
            case _:
                return ground


def _over(relation: Relation, item: Ground) -> Ground:
    return item if item == Const(False) else Via(relation, item)


def _closed(name: str, kind: str, error: Exception) -> Refused:
    """A rule that fails opens nothing."""
    facts = {"plugin": name, "kind": kind, "error": type(error).__name__}
    says = f"what may be seen cannot be told, the access rule of «{name}» failed"
    return Refused(f"reading a {kind}", [Refusal(code="access_failed", says=says, facts=facts)])


def _paths(tally: GroundTally) -> Iterator[tuple[Relation, ...]]:
    yield from (group.at.hops for group in tally.by)
    for measure in tally.measures:
        yield from _measured(measure)


def _measured(measure: GroundMeasure) -> Iterator[tuple[Relation, ...]]:
    match measure:
        case GroundSum(_, amount, currency):
            yield from (amount.hops, currency.hops)
        case GroundMean(_, start, end) | GroundPercentile(_, start, end):
            yield from (start.hops, end.hops)
        case GroundCount():
            return
