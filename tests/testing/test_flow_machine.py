"""Life cycles lived by machine: crmkit's own, one made for tests, and broken ones, each found for what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from types import new_class
from typing import Any
from unittest import TestCase

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, settings
from support.flows import ticket

from crmkit.core.kernel.criteria import NEVER
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import Invalid, Veto
from crmkit.core.kernel.flow import Flow, LifeCycle, Need
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.core.kernel.move import Move
from crmkit.core.kernel.sweep import Swept
from crmkit.core.sales.lead import lead
from crmkit.core.sales.opportunity import Opportunity, opportunity
from crmkit.core.service.case import Case, CaseType, case
from crmkit.crm import CRM
from crmkit.plugins import implements, spec
from crmkit.testing import FixedClock, FixedIds
from crmkit.testing.machines import flow_machine
from crmkit.testing.machines.crm import checked_rows, in_memory
from crmkit.transaction import Transaction


def a_deal(tx: Transaction) -> Opportunity:
    """As a command opens it."""
    return tx.sales.open_opportunity(name="Oil", account=tx.customers.add_account(name="El Olivo").id)


def a_case(tx: Transaction) -> Case:
    """As a command opens it."""
    return tx.service.open_case(title="Leak", type=CaseType.PROBLEM, account=tx.customers.add_account(name="A").id)


def half(lives: type[TestCase]) -> type[TestCase]:
    """With half of the examples, for lives are long."""
    lives.settings = settings(lives.settings, max_examples=settings().max_examples // 2)  # type: ignore[attr-defined]
    return lives


TestLead = half(flow_machine(lead))
TestOpportunity = half(flow_machine(opportunity, begin=a_deal))
TestServiceCase = half(flow_machine(case, begin=a_case, opens=in_memory))
TestTicket = half(flow_machine(ticket))


class LampStatus(StrEnum):
    """On or off."""

    OFF = "off"
    ON = "on"


OFF, ON = LampStatus


Effect = Callable[..., Any]


def _lit(one: Any, stamp: Stamp, *, watts: int) -> Any:
    if watts < 0:
        raise Invalid("watts", "is less than none")
    return one


#: The same lives every time.
CALM = settings(database=None, derandomize=True, phases=[Phase.generate], deadline=None)


def _life(light: Effect = _lit, needs: tuple[Need, ...] = ()) -> type[LifeCycle]:
    """The life of a lamp, with this effect and these needs."""

    @entity("lamp")
    @frozen(kw_only=True)
    class Lamp(Entity):
        id: Id[Any]
        status: LampStatus = OFF

    shaky = Flow(Lamp, LampStatus, initial=OFF)
    body = {
        "flow": shaky,
        "light": shaky.move({OFF}, ON, then=light, event="lamp.lit", needs=needs),
        "dim": shaky.move({ON}, OFF, event="lamp.dimmed"),
    }
    return new_class("lamp", (LifeCycle,), exec_body=lambda space: space.update(body))


def _lived(cycle: type[LifeCycle], **how: Any) -> None:
    """Some lives, the same ones every time."""
    test = flow_machine(cycle, **how)
    test.settings = settings(  # type: ignore[attr-defined]
        CALM, max_examples=40, stateful_step_count=10
    )
    test("runTest").debug()


def test_a_sound_lamp_is_lived_without_complaint() -> None:
    """The faults below are found for what they are, not for the lamp."""
    _lived(_life())


def test_a_status_that_nobody_reaches_is_found() -> None:
    """A need that never comes true makes a life that nobody lives; unless that is said."""
    never = (Need("bulb_missing", NEVER, "a bulb"),)
    with pytest.raises(AssertionError, match="no life of a lamp came to be on"):
        _lived(_life(needs=never))

    _lived(_life(needs=never), unreached={ON})


def test_a_refusal_of_something_else_is_found() -> None:
    """An effect that refuses what it was not given."""

    def fussy(one: Any, stamp: Stamp) -> Any:
        raise Invalid("bulb", "is missing")

    with pytest.raises(AssertionError, match="was given nothing, yet bulb is refused"):
        _lived(_life(fussy))


def test_an_effect_that_does_something_else_the_second_time_is_found() -> None:
    """What the store keeps is not what the move gives."""
    times: list[int] = []

    def moody(one: Any, stamp: Stamp) -> Any:
        times.append(1)
        return evolve(one, key=str(len(times)))

    with pytest.raises(AssertionError, match="the store keeps what the move gives"):
        _lived(_life(moody))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("require_status", "light is possible from on|dim is possible from off|is not possible|lamp"),
        ("refusals", "was made without bulb_missing"),
    ],
)
def test_a_broken_kernel_is_found(broken: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves that ask for nothing: neither for the status nor for needs."""
    monkeypatch.setattr(Move, broken, lambda *args, **kwargs: ())
    needs = (Need("bulb_missing", NEVER, "a bulb"),) if broken == "refusals" else ()

    with pytest.raises(AssertionError, match=words):
        _lived(_life(needs=needs))


class Thrifty:
    """A plugin that lights no lamp with an even number of watts."""

    @implements(spec.before_commit)
    def odd_ones(self, events: Sequence[Event], swept: Sequence[Swept]) -> None:
        """Nor a part of one."""
        if any(event.details.get("watts", 1) % 2 == 0 for event in events):  # type: ignore[operator]
            raise Veto("an odd one, please")


def test_a_veto_is_no_fault() -> None:
    """A plugin may say no to what a life cycle allows; the record stays as it was, and lives on."""
    cycle = _life()

    def opens(clock: FixedClock, ids: FixedIds) -> CRM:
        entities = [cycle.flow.entity]
        return CRM.open("memory:", plugins=[Thrifty()], entities=entities, discover=False, clock=clock, ids=ids)

    _lived(cycle, opens=opens)


def test_a_life_can_be_pasted() -> None:
    """What a machine tells of a ticket is a program: it ends as the life of the machine ended."""
    test = flow_machine(ticket)
    machine: Any = vars(test)["machine"]
    lives: list[tuple[str, Any]] = []
    monkey = machine.teardown

    def teardown(self: Any) -> None:
        lives.append((str(self.story), checked_rows(self.crm)))
        monkey(self)

    machine.teardown = teardown
    test.settings = settings(CALM, max_examples=20, stateful_step_count=20)  # type: ignore[attr-defined]
    test("runTest").debug()

    for told, rows in lives:
        pasted: dict[str, Any] = {}
        exec(told, pasted)
        assert checked_rows(pasted["crm"]) == rows
    assert any("with suppress(CrmError)" in told for told, _ in lives)
