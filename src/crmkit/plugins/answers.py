"""What plugins answer, held against what hooks ask for: whatever else it is, it is named with the plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from crmkit.core.kernel.entity import Entity, Extended, declared
from crmkit.core.kernel.errors import PluginError, shape
from crmkit.plugins.door import Answer

V = TypeVar("V")


def kind(cls: type[Entity]) -> str:
    """The kind of record that a class was declared as; raises whatever for what is none."""
    return declared(cls).kind


def extended(cls: type[Any]) -> Extended:
    """What a class was declared to extend; raises whatever for what extends nothing."""
    says: Extended = vars(cls)["__crm_extends__"]
    return says


def declared_by(answer: Answer[Any], says: Callable[[Any], object], decorator: str) -> Iterator[Any]:
    """The classes in an answer; `says` raises for what is not declared with this decorator.

    :raises PluginError: something else is in it, or it is no list
    """
    for each in listed(answer.plugin, answer.value, object, f"classes declared with {decorator}"):
        try:
            says(each)
        except Exception as error:
            raise _wrong(answer.plugin, each, f"classes declared with {decorator}") from error
        yield each


def listed(plugin: str, value: Any, cls: type[V], expected: str) -> Iterator[V]:
    """What is in a list.

    :raises PluginError: it is no list, or something else is in it
    """
    if not isinstance(value, list | tuple):
        raise _wrong(plugin, value, f"a list of {expected}")
    for each in value:
        if not isinstance(each, cls):
            raise _wrong(plugin, each, expected)
        yield each


def mapped(answers: Iterable[Answer[Any]], expected: str, cls: Any = object) -> Iterator[tuple[str, Any]]:
    """The names and values of all answers.

    :raises PluginError: one is no mapping by texts, a value is something else, a name comes twice
    """
    names = set[str]()
    for answer in answers:
        if not isinstance(answer.value, Mapping):
            raise _wrong(answer.plugin, answer.value, expected)
        for name, value in answer.value.items():
            if not isinstance(name, str) or not name or not isinstance(value, cls) or name in names:
                raise _wrong(answer.plugin, {name: value}, expected)
            names.add(name)
            yield name, value


def _wrong(plugin: str, value: object, expected: str) -> PluginError:
    return PluginError(plugin, f"answered {shape(value)}", hint=f"expected: {expected}")
