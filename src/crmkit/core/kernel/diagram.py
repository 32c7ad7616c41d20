"""How a life cycle looks: a table for readers, a state diagram for Mermaid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.layout import html_table, markdown_table

if TYPE_CHECKING:
    from crmkit.core.kernel.flow import Flow, Move

HEADER = ("move", "from", "to", "takes", "needs", "reasons", "event")

_SYNTAX = re.compile('[#;:<>"]')  #: what would end a label of Mermaid or begin a tag in it


def table(flow: Flow[Any, Any]) -> str:
    """The moves in Markdown; what may be left out stands in brackets."""
    return markdown_table(HEADER, list(map(_row, flow.moves.values())))


def html(flow: Flow[Any, Any]) -> str:
    """The same table for a notebook."""
    return html_table(HEADER, list(map(_row, flow.moves.values())), caption=flow.title or flow.kind)


def mermaid(flow: Flow[Any, Any]) -> str:
    """A `stateDiagram-v2` with an arrow per source of each move; in brackets what the move needs."""
    title = ["---", f"title: {flow.title}", "---"] if flow.title else []
    return "\n".join([*title, "stateDiagram-v2", *(f"    {line}" for line in _lines(flow))])


def _lines(flow: Flow[Any, Any]) -> Iterator[str]:
    for status in flow.statuses:
        if _words(status) != _name(status):
            yield f'state "{_escaped(_words(status))}" as {_name(status)}'
    yield f"[*] --> {_name(flow.initial)}"
    for move in flow.moves.values():
        for source in move.sources:
            yield f"{_name(source)} --> {_name(move.target)}: {_label(move)}"
    for status in flow.final:
        yield f"{_name(status)} --> [*]"


def _row(move: Move[Any, Any]) -> tuple[str | None, ...]:
    return (
        move.name,
        ", ".join(map(_words, move.sources)),
        _words(move.target),
        ", ".join(map(_argument, move.parameters.values())) or None,
        "; ".join(need.says for need in move.needs) or None,
        ", ".join(move.reasons) or None,
        move.event,
    )


def _argument(parameter: Parameter) -> str:
    return parameter.name if parameter.default is Parameter.empty else f"[{parameter.name}]"


def _label(move: Move[Any, Any]) -> str:
    needs = " and ".join(need.says for need in move.needs)
    return _escaped(f"{move.name} [{needs}]" if needs else move.name)


def _name(status: StrEnum) -> str:
    return status.name.lower()


def _words(status: StrEnum) -> str:
    return status.replace("_", " ")


def _escaped(text: str) -> str:
    return _SYNTAX.sub(lambda found: f"#{ord(found[0])};", " ".join(text.split()))
