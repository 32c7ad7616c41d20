"""What plugins declare when a CRM is opened: asked once, checked, and joined to what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.entity import Entity, Extended, declared
from crmkit.core.kernel.errors import PluginError, shape
from crmkit.core.kernel.model import Model
from crmkit.plugins import spec
from crmkit.plugins.door import Answer, Door
from crmkit.plugins.implementation import Implementation, told

R = TypeVar("R")


@frozen(kw_only=True)
class Declared:
    """What all plugins so far declare together.

    :raises DefinitionError: classes contradict each other
    """

    entities: tuple[type[Entity], ...] = ()
    extensions: tuple[type[Any], ...] = ()
    model: Model = field(init=False)

    @model.default
    def _of_the_classes(self) -> Model:
        return Model.build(self.entities, self.extensions)

    def beside(self, entities: Sequence[type[Entity]], extensions: Sequence[type[Any]]) -> Declared:
        """With what the host declares itself.

        :raises DefinitionError: that contradicts what is there
        """
        return evolve(self, entities=(*self.entities, *entities), extensions=(*self.extensions, *extensions))

    def joined(self, name: str, implementations: Sequence[Implementation]) -> tuple[Declared, tuple[str, ...]]:
        """With what one more plugin declares; and what this plugin provides, in words.

        :raises PluginError: it fails, answers with something else, or contradicts what is there
        """
        door = Door(implementations)
        entities = tuple(_listed(door.all(spec.entities), _kind, "classes declared with @entity"))
        extensions = tuple(_listed(door.all(spec.extensions), _fields, "classes declared with @extends"))
        try:
            both = self.beside(entities, extensions)
            for extension in extensions:
                both.model.of(_extended(extension).entity)
        except Exception as error:  # whatever a class that is no entity makes of it
            raise PluginError(name, f"brings what does not fit: {told(error)}") from error
        behind = {"entities": map(_kind, entities), "extensions": map(_fields, extensions)}
        return both, tuple(_provided(implementations, behind))


def _listed(answers: Iterable[Answer[Sequence[R]]], says: Callable[[R], str], expected: str) -> Iterator[R]:
    """What is in the answers, one after the other; `says` raises for what should not be there."""
    for answer in answers:
        if not isinstance(answer.value, list | tuple):
            raise PluginError(answer.plugin, f"answered {shape(answer.value)}", hint=f"expected: a list of {expected}")
        for each in answer.value:
            try:
                says(each)
            except Exception as error:
                raise PluginError(answer.plugin, f"answered {shape(each)}", hint=f"expected: {expected}") from error
            yield each


def _kind(cls: type[Entity]) -> str:
    return declared(cls).kind


def _fields(cls: type[Any]) -> str:
    return f"{_kind(_extended(cls).entity)}.{_extended(cls).prefix}"


def _extended(cls: type[Any]) -> Extended:
    says: Extended = vars(cls)["__crm_extends__"]
    return says


def _provided(implementations: Iterable[Implementation], behind: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for hook in dict.fromkeys(each.hook for each in implementations):
        named = ", ".join(behind.get(hook, ()))
        yield f"{hook}: {named}" if named else hook
