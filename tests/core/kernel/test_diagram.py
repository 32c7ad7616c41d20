"""Diagrams: exactly what is drawn, and that nothing in a flow is left out or breaks out of its label."""

from __future__ import annotations

from enum import StrEnum

import pytest
from attrs import frozen
from support.flows import ticket

from crmkit.core.kernel.criteria import ALWAYS
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.flow import Flow, LifeCycle, Need
from crmkit.core.kernel.ids import Id


def test_the_diagram_of_a_ticket() -> None:
    """A state per status, an arrow per source of each move, where a life begins and where it ends."""
    assert ticket.flow.mermaid() == (
        "---\n"
        "title: Ticket\n"
        "---\n"
        "stateDiagram-v2\n"
        '    state "on hold" as on_hold\n'
        "    [*] --> new\n"
        "    new --> open: assign\n"
        "    open --> open: assign\n"
        "    open --> on_hold: hold\n"
        "    on_hold --> open: resume\n"
        "    open --> solved: solve [an e-mail address or a phone number and every part closed]\n"
        "    on_hold --> solved: solve [an e-mail address or a phone number and every part closed]\n"
        "    solved --> open: reopen\n"
        "    solved --> closed: close\n"
        "    closed --> [*]"
    )


def test_the_table_of_a_ticket() -> None:
    """What a move takes, with what may be left out in brackets, what it needs, its reasons and its event."""
    solve = (
        "| solve | open, on hold | solved | answer, [fee], [reason] "
        "| an e-mail address or a phone number; every part closed | answered, repaired | ticket.solved |"
    )

    assert ticket.flow.table().splitlines() == [
        "| move | from | to | takes | needs | reasons | event |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| assign | new, open | open | agent_id | – | – | ticket.assigned |",
        "| hold | open | on hold | until, [urgency] | – | – | ticket.held |",
        "| resume | on hold | open | – | – | – | ticket.resumed |",
        solve,
        "| reopen | solved | open | – | – | – | ticket.reopened |",
        "| close | solved | closed | – | – | – | ticket.closed |",
    ]


@pytest.mark.parametrize("move", list(ticket.flow.moves.values()), ids=str)
def test_every_move_and_status_is_shown_to_a_notebook(move: object) -> None:
    """The HTML has a row for each."""
    html = ticket.flow._repr_html_()

    assert html.startswith("<table>\n<caption>Ticket</caption>")
    assert f"<tr><td>{str(move).partition('.')[2]}</td>" in html


class DoorStatus(StrEnum):
    """Statuses whose texts a diagram could stumble over."""

    OPEN = 'wide "open"; or so'
    SHUT = "shut"


@entity("door")
@frozen(kw_only=True)
class Door(Entity):
    """As little as can be shut."""

    id: Id[Door]
    status: DoorStatus = DoorStatus.OPEN


class door(LifeCycle):
    """What happens to a door."""

    flow = Flow(Door, DoorStatus, initial=DoorStatus.OPEN, final=(DoorStatus.SHUT,))
    shut = flow.move(
        {DoorStatus.OPEN},
        DoorStatus.SHUT,
        event="door.shut",
        needs=(Need("wind", ALWAYS, "wind: force <3>;\n#1 | more"),),
    )


def test_texts_stay_inside_their_labels() -> None:
    """What would end a label in Mermaid is written as its code; a flow without title has none."""
    assert door.flow.mermaid() == (
        "stateDiagram-v2\n"
        '    state "wide #34;open#34;#59; or so" as open\n'
        "    [*] --> open\n"
        "    open --> shut: shut [wind#58; force #60;3#62;#59; #35;1 | more]\n"
        "    shut --> [*]"
    )
    assert door.flow._repr_html_().startswith("<table>\n<caption>door</caption>")
    assert r"| wind: force &lt;3>;\\n#1 \| more |" in door.flow.table()
