"""Whatever an area writes, it writes as a command; and what commands answer can be given back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import getfile, getmembers, isfunction
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from attrs import fields, frozen, has

from crmkit.core.kernel.command import command
from crmkit.core.kernel.counters import Counters
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.keys import Keys
from crmkit.core.kernel.reading import Reading
from crmkit.core.kernel.store import Reads
from crmkit.core.kernel.work import Work
from crmkit.transaction import Transaction

AREAS: dict[str, type] = {
    name: get_type_hints(each.fget)["return"] for name, each in vars(Transaction).items() if isinstance(each, property)
} | {"counters": Counters, "keys": Keys}

#: What only looks.
READING = {
    *("customers.held_by", "insights.funnel", "insights.sources", "insights.pipeline", "insights.cycle"),
    *("counters.value", "deliveries.dead", "fields.of", "imports.operations", "keys.holders", "keys.of"),
    *("privacy.export", "privacy.particulars", "sales.score"),
}

WORK_COMMANDS = {"add", "change", "revise", "move", "save", "sweep", "guarded"}


def uncommanded(areas: Mapping[str, type]) -> set[str]:
    """The public methods of areas that are no commands."""
    return {
        f"{area}.{name}"
        for area, cls in areas.items()
        for name, method in getmembers(cls, isfunction)
        if not name.startswith("_") and not hasattr(method, "__crm_command__")
    }


def unkept(cls: type) -> Iterator[str]:
    """The fields of a command's answer that are values of a class themselves, which no outcome names."""
    for field in fields(cls) if has(cls) and not issubclass(cls, Entity) else ():
        inner = get_type_hints(cls)[field.name]
        for each in getattr(inner, "__args__", (inner,)):
            if isinstance(each, type) and has(each) and not issubclass(each, Entity):
                yield f"{cls.__name__}.{field.name}"


def test_whatever_is_not_declared_to_read_is_a_command() -> None:
    """A method that writes and is no command would be done twice when its operation is run again."""
    assert len(AREAS) >= 5
    assert uncommanded(AREAS) == READING


def test_the_work_writes_by_commands() -> None:
    """What a host may call on the transaction itself."""
    found = {name for name, method in getmembers(Work, isfunction) if hasattr(method, "__crm_command__")}

    assert found == WORK_COMMANDS


def test_answers_can_be_given_back() -> None:
    """Records, or one class of records and plain values."""
    for cls in AREAS.values():
        for _, method in getmembers(cls, isfunction):
            if hasattr(method, "__crm_command__"):
                answer: Any = get_type_hints(method)["return"]
                assert not isinstance(answer, type) or list(unkept(answer)) == []


def test_a_writing_method_without_command_is_found() -> None:
    """Also among commands."""

    class Area:
        @command
        def add(self) -> None: ...

        def write(self) -> None: ...

        def _inside(self) -> None: ...

    assert uncommanded({"area": Area}) == {"area.write"}


def test_an_answer_that_cannot_be_given_back_is_found() -> None:
    """A value inside a value."""

    @frozen
    class Inner:
        x: int

    @frozen
    class Outer:
        fine: int
        inner: Inner | None

    Outer.__annotations__["inner"] = Inner | None
    Outer.__annotations__["fine"] = int
    assert list(unkept(Outer)) == ["Outer.inner"]


@pytest.mark.parametrize("name", sorted(WORK_COMMANDS))
def test_a_command_keeps_its_words(name: str) -> None:
    """Its docstring and its name are those of the method."""
    assert getattr(Work, name).__name__ == name
    assert getattr(Work, name).__doc__


def test_who_writes_says_so_first() -> None:
    """The session of a work can only be asked; the way to write counts a step, see `Work.writing`."""
    tree = {path.name: path.read_text(encoding="utf-8") for path in Path(getfile(Work)).parents[2].rglob("*.py")}

    assert get_type_hints(vars(Reading)["session"].fget)["return"] is Reads
    assert {name for name in vars(Reads) if name[0] != "_"} == {
        *("load", "lock", "page", "each", "tally", "history", "keys"),
        *("count", "reserve", "operation"),  # as far as they only look
    }
    assert {name for name, text in tree.items() if "._open()" in text} == {"reading.py", "work.py"}
