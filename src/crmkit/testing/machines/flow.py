"""One life cycle lived by machine in a CRM: moves drawn from the flow, arguments from the signatures, all checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, ClassVar, Final, get_args, get_origin, get_type_hints
from unittest import TestCase

from attrs import fields
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import IllegalMove, Invalid, Refused, Veto
from crmkit.core.kernel.flow import LifeCycle, Move, arguments
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import replay
from crmkit.crm import CRM
from crmkit.testing.factories import BIRTHS, Factory
from crmkit.testing.fixed import FixedClock, FixedIds
from crmkit.testing.machines.crm import UNHURRIED, Opens
from crmkit.testing.machines.drawn import Drawing, fields_of, given_to, nothing_more
from crmkit.testing.machines.story import Begun, Birth, Made, Moved, Step, Story
from crmkit.testing.machines.walks import check_event, check_record
from crmkit.transaction import Transaction

STEPS: Final = 30  #: of one example
TRIES: Final = 3  #: to reach every status: lives are drawn by chance
RECORDS: Final = 3  #: that live at the same time, so that each gets somewhere


class FlowMachine(RuleBasedStateMachine):
    """Brings records into being and moves them, as they may and as they may not."""

    cycle: ClassVar[type[LifeCycle]]
    opens: ClassVar[Opens | None]
    begin: ClassVar[Callable[[Transaction], Entity] | None]
    drawing: ClassVar[Drawing]
    reached: ClassVar[set[StrEnum]]  #: by any example

    records = Bundle("records")

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.ids = FixedClock(), FixedIds()
        self.story = Story()
        self.kept: dict[Id[Any], Any] = {}
        self._ids: dict[type[Entity], list[Id[Any]]] = {}
        self._open()

    def teardown(self) -> None:
        """Close what was opened."""
        self._context.__exit__(None, None, None)

    @precondition(lambda self: len(self.kept) < RECORDS)
    @rule(target=records, data=st.data())
    def comes(self, data: st.DataObject) -> Any:
        """A record comes into being, in the status in which its life begins."""
        flow, begin = self.cycle.flow, type(self).begin
        if begin is not None:
            step: Step = Begun(begin, flow.kind)
        else:
            born = f"{flow.kind}.{BIRTHS.get(flow.kind, 'added')}"
            step = Birth(flow.entity, data.draw(fields_of(flow.entity, self._drawn)), born)
        with self.story.told():
            try:
                record = self._done(step)
            except (Invalid, Veto) as refused:  # fields that do not go together, a key that is taken, a plugin says no
                self.story.refused(refused)
                return multiple()
            assert record.status == flow.initial, f"a {flow.kind} begins {record.status}, not {flow.initial}"
            self.reached.add(record.status)
            self.kept[record.id] = record
            return record.id

    @rule(id=records, data=st.data(), days=st.integers(0, 9), back=st.integers(0, 30))
    def moves(self, id: Id[Any], data: st.DataObject, days: int, back: int) -> None:
        """Some days later it moves, three times of four as it may; or it is refused, and stays what it was."""
        if days:
            self.story.tell_plainly(f"clock.advance(days={days})")
            self.clock.advance(days=days)
        flow, before = self.cycle.flow, self.kept[id]
        possible = flow.possible(before.status)
        stray = data.draw(st.integers(0, 3)) == 0 or not possible
        name = data.draw(st.sampled_from(tuple(flow.moves) if stray else possible))
        move = self.crm.registry.move(flow.moves[name])
        given = data.draw(given_to(move, self._drawn))
        with self.story.told():
            try:
                self._moved(move, before, given, back)
            except IllegalMove as refused:
                assert before.status not in move.sources, f"{move} is possible from {before.status}"
                assert refused.facts["possible"] == list(possible)
                self.story.refused(refused)
            except (Refused, Invalid, Veto) as refused:
                assert before.status in move.sources, f"{move} is not possible from {before.status}"
                self.story.refused(refused)
            with self.ids.unspent(), self.crm.read() as view:
                assert view.of(flow.entity).get(id) == self.kept[id], "what is refused leaves the record as it was"

    def _moved(self, move: Move[Any, ...], before: Any, given: Mapping[str, Any], back: int) -> None:
        """The move, and that it does what moves promise.

        :raises CrmError: it is refused, and for what it should be
        """
        step = Moved(self.cycle, move.name, before.id, given)
        self.story.tell(step, back=back)
        unmet: set[str] = set()
        pure: Any = None
        try:
            with self.crm.transaction() as tx, tx.occurred(tx.now - timedelta(days=back)):
                unmet = _unmet(tx, move, before)
                after = step(tx)
                history, by = tx.history(after), tx.stamp
                pure, _ = move(before, by, **given)
        except Refused as refused:
            assert {each.code for each in refused.refusals} == unmet, "all needs that are not met are named, no other"
            raise
        except Invalid as refused:
            assert not unmet, f"{move} is refused for {refused.field}, not for {', '.join(sorted(unmet))}"
            assert given, f"{move} was given nothing, yet {refused.field} is refused"
            raise
        assert not unmet, f"{move} was made without {', '.join(sorted(unmet))}"
        model = tx.model.of(move.entity)
        assert model.flatten(after) == model.flatten(pure), "the store keeps what the move gives"
        check_record(move, before, after, by, given)
        check_event(move, after, history[-1], by, given)
        assert [event.version for event in history] == [*range(1, after.version + 1)], "every event is one version"
        assert replay(tx.model, history)[move.flow.kind] == {after.id: model.flatten(after)}, "its history rebuilds it"
        self.kept[after.id] = after
        self.reached.add(after.status)

    def _done(self, step: Step) -> Any:
        name = self.story.tell(step)
        with self.crm.transaction() as tx:
            answer = step(tx)
        self.story.answered(name, answer)
        return answer

    def _open(self) -> None:
        """A CRM, and in it two records of every class that the flow's records and moves may lead to."""
        opens, flow = type(self).opens, self.cycle.flow
        targets = list(dict.fromkeys(_led_to(self.cycle)))
        if opens is None:
            entities = [cls for cls in dict.fromkeys((flow.entity, *targets)) if cls not in _known()]
            crm: Any = CRM.open("memory:", entities=entities, clock=self.clock, ids=self.ids)
            more = f"entities=[{', '.join(map(self.story.words.uses, entities))}], " if entities else ""
            self.story.opening = f'CRM.open("memory:", {more}clock=clock, ids=FixedIds())'
        else:
            crm = opens(self.clock, self.ids)
            self.story.opening = f"{self.story.words.uses(opens)}(clock, FixedIds())"
        self._context, self.crm = crm, crm.__enter__()
        make = Factory()
        for cls in targets:
            self._ids[cls] = [self._done(Made(cls, make)).id for _ in range(2)]

    def _drawn(self, hint: Any) -> SearchStrategy[Any] | None:
        """As the caller draws; and references to records that are there."""
        asked = type(self).drawing(hint)
        if asked is None and get_origin(hint) is Id and (there := self._ids.get(get_args(hint)[0])):
            return st.sampled_from(there)
        return asked


def flow_machine(
    cycle: type[LifeCycle],
    *,
    opens: Opens | None = None,
    begin: Callable[[Transaction], Entity] | None = None,
    drawing: Drawing = nothing_more,
    unreached: Collection[StrEnum] = (),
) -> type[TestCase]:
    """The test of a life cycle, a plugin's or crmkit's own, to be called TestTicket or so in a module of tests.

    Its records live in a CRM in memory with all installed plugins, and with the entity if none of them brings it; or in
    the one that `opens` gives for a clock and ids.
    `begin` brings one into being, as a command would; without it the fields that people write down are drawn. `drawing`
    says how to draw values of types of one's own. Every status is reached by some example, but for those `unreached`:
    a need that never comes true, or an effect that refuses everything, is a life that nobody lives.

    Its `settings` are those of hypothesis.
    """

    class Machine(FlowMachine):
        pass

    Machine.cycle, Machine.opens, Machine.begin, Machine.drawing = cycle, opens, begin, staticmethod(drawing)
    Machine.reached = set()
    Machine.__name__ = Machine.__qualname__ = f"{cycle.__name__.title()}Machine"

    class Lives(TestCase):
        """A life cycle, lived by machine."""

        machine = Machine
        settings = settings(stateful_step_count=STEPS, deadline=None, suppress_health_check=UNHURRIED)

        def runTest(self) -> None:  # noqa: N802 - as unittest has it
            """Every move is legal where the table says so, and does what it says; every status is reached."""
            Machine.reached.clear()
            for _ in range(TRIES):
                run_state_machine_as_test(Machine, settings=self.settings)
                missed = [status for status in cycle.flow.statuses if status not in {*Machine.reached, *unreached}]
                if not missed:
                    return
            raise AssertionError(f"no life of a {cycle.flow.kind} came to be {' or '.join(missed)}")

    Lives.__name__ = Lives.__qualname__ = f"Test{cycle.__name__.title()}"
    return Lives


def _unmet(tx: Transaction, move: Move[Any, ...], record: Any) -> set[str]:
    """The codes of the needs of which the store says that they are not met."""
    if record.status not in move.sources:
        return set()
    there = tx.of(move.entity)
    return {need.code for need in move.needs if not there.holds(record.id, need.criteria)}


@cache
def _known() -> frozenset[type[Entity]]:
    """The kinds of record that a CRM has by itself: those of crmkit, and those of installed plugins."""
    with CRM.open("memory:") as crm:
        return frozenset(model.cls for model in crm.registry.model.entities.values())


def _led_to(cycle: type[LifeCycle]) -> Iterator[type[Entity]]:
    """The classes that references of the records and arguments of the moves lead to."""
    entity = cycle.flow.entity
    hints = get_type_hints(entity, localns={entity.__name__: entity}, include_extras=True)
    yield from (cls for each in fields(entity) if each.name != "id" for cls in _referred(hints[each.name]))
    for move in cycle.flow.moves.values():
        yield from (cls for each in arguments(move).values() for cls in _referred(each.annotation))


def _referred(hint: Any) -> Iterator[type[Entity]]:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Id:
        yield from (cls for cls in inside if isinstance(cls, type) and issubclass(cls, Entity))
    else:
        for each in inside[:1] if origin is Annotated else inside:
            yield from _referred(each)
