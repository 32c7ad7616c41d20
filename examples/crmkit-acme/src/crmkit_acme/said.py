"""Events and operations as JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import fields, has

from crmkit.core.kernel.columns import to_json
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp
from crmkit.core.kernel.operation import Command

T = TypeVar("T")


def said(value: Any) -> Any:
    """What a value says, by the names of its fields."""
    if has(type(value)):
        return {each.name: said(getattr(value, each.name)) for each in fields(type(value))}
    if isinstance(value, Mapping):
        return {name: said(part) for name, part in value.items()}
    return [said(part) for part in value] if isinstance(value, tuple | list) else to_json(value)


def read(cls: type[T], words: Mapping[str, Any]) -> T:
    """The value of a class that said so."""
    return cls(**{name: _READ.get(name, lambda word: word)(word) for name, word in words.items()})


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(("id", "by", "operation", "actor"), Id),
    **dict.fromkeys(("at", "occurred"), datetime.fromisoformat),
    "stamp": lambda words: read(Stamp, words),
    "changes": lambda words: {path: tuple(change) for path, change in words.items()},
    "commands": lambda words: tuple([read(Command, each) for each in words]),
}
