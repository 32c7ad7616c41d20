"""What plugins declare when a CRM is opened: asked once, checked, and joined to what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.access import Access
from crmkit.core.kernel.call import Function
from crmkit.core.kernel.criteria import Criteria, all_of
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import PluginError
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.kernel.registry import Registry
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.plugins import spec
from crmkit.plugins.answers import declared_by, extended, kind, listed, mapped
from crmkit.plugins.door import Door
from crmkit.plugins.implementation import Implementation, answered, answering, told
from crmkit.rules.scoring import Contribution, Scorer

V = TypeVar("V")


@frozen(kw_only=True)
class Declared:
    """What plugins declare, one or all so far, in the shapes of the registry."""

    flows: tuple[Flow[Any, Any], ...] = ()  #: whose moves plugins add to
    entities: tuple[type[Entity], ...] = ()
    extensions: tuple[type[Any], ...] = ()
    needs: Mapping[str, tuple[Need, ...]] = field(factory=dict)
    reasons: Mapping[str, tuple[str, ...]] = field(factory=dict)
    functions: Mapping[str, Function] = field(factory=dict)
    normalizers: Mapping[str, Normalizer] = field(factory=dict)
    scorers: Mapping[str, Scorer] = field(factory=dict)
    access: Mapping[str, Access] = field(factory=dict)

    @property
    def model(self) -> Model:
        """Of all these classes, made once.

        :raises DefinitionError: they contradict each other
        """
        return Model.build(self.entities, self.extensions)

    def registry(self, **more: Any) -> Registry:
        """With this, and what else is given.

        :raises DefinitionError: like `model`, or a move that there is not
        """
        return Registry(
            model=self.model,
            needs=self.needs,
            reasons=self.reasons,
            functions=self.functions,
            normalizers=self.normalizers,
            scorers=self.scorers,
            access=self.access,
            **more,
        )

    def checked(self) -> Declared:
        """The same, if a CRM can be made of it.

        :raises DefinitionError: it cannot
        """
        registry = self.registry()
        for extension in self.extensions:
            registry.model.of(extended(extension).entity)
        for flow in self.flows:
            registry.flow(flow)
        return self

    def beside(self, entities: Sequence[type[Entity]], extensions: Sequence[type[Any]]) -> Declared:
        """With more classes."""
        return evolve(self, entities=(*self.entities, *entities), extensions=(*self.extensions, *extensions))

    def joined(self, name: str, implementations: Sequence[Implementation]) -> tuple[Declared, tuple[str, ...]]:
        """With what one more plugin declares; and what this plugin provides, in words.

        :raises PluginError: it fails, answers with something else, or contradicts what is there
        """
        new = _asked(name, implementations, self.flows)
        for what, mine, theirs in (
            ("the function", new.functions, self.functions),
            ("a rule to read a", new.normalizers, self.normalizers),
        ):
            for twice in mine.keys() & theirs.keys():
                raise PluginError(name, f"brings {what} {twice}, which is there already")
        try:
            both = evolve(
                self.beside(new.entities, new.extensions),
                needs=_both(self.needs, new.needs),
                reasons=_both(self.reasons, new.reasons),
                functions={**self.functions, **new.functions},
                normalizers={**self.normalizers, **new.normalizers},
                scorers={**self.scorers, **new.scorers},
                access={**self.access, **new.access},
            ).checked()
        except Exception as error:  # whatever a class that is no entity makes of it
            raise PluginError(name, f"brings what does not fit: {told(error)}") from error
        return both, tuple(new.provided(implementations))

    def provided(self, implementations: Iterable[Implementation]) -> Iterator[str]:
        """Each hook, with what is behind it."""
        behind: Mapping[str, Iterable[str]] = {
            "entities": map(kind, self.entities),
            "extensions": (f"{kind(extended(cls).entity)}.{extended(cls).prefix}" for cls in self.extensions),
            "flow_needs": self.needs,
            "reasons": self.reasons,
            "criteria_functions": self.functions,
            "normalizers": (f"{what} by {each.rule}" for what, each in self.normalizers.items()),
        }
        for hook in dict.fromkeys(each.hook for each in implementations):
            named = ", ".join(behind.get(hook, ()))
            yield f"{hook}: {named}" if named else hook


def _asked(name: str, implementations: Sequence[Implementation], flows: Iterable[Flow[Any, Any]]) -> Declared:
    """What one plugin declares by itself."""
    door = Door(implementations)
    needs, reasons = dict[str, tuple[Need, ...]](), dict[str, tuple[str, ...]]()
    for flow in flows:
        for move, given in mapped(door.all(spec.flow_needs, flow), "sequences of Need by the names of moves"):
            needs = _both(needs, {f"{flow.kind}.{move}": tuple(listed(name, given, Need, "Need"))})
        for move, given in mapped(door.all(spec.reasons, flow), "sequences of texts by the names of moves"):
            reasons = _both(reasons, {f"{flow.kind}.{move}": tuple(listed(name, given, str, "texts"))})
    return Declared(
        entities=tuple(each for answer in door.all(spec.entities) for each in declared_by(answer, kind, "@entity")),
        extensions=tuple(
            each for answer in door.all(spec.extensions) for each in declared_by(answer, extended, "@extends")
        ),
        needs=needs,
        reasons=reasons,
        functions={
            called: answering(name, "criteria_functions", function)
            for called, function in mapped(door.all(spec.criteria_functions), "functions by name", Callable)
        },
        normalizers={
            what: evolve(each, read=answering(name, "normalizers", each.read))
            for what, each in mapped(door.all(spec.normalizers), "Normalizer by what it reads", Normalizer)
        },
        scorers={name: partial(_scored, door)} if door.has(spec.score_lead) else {},
        access={name: partial(_seen, door)} if door.has(spec.access) else {},
    )


def _scored(door: Door, lead: Lead, now: datetime) -> Iterable[Contribution]:
    """What one plugin says of a lead, in all its functions."""
    for answer in door.all(spec.score_lead, lead, now):
        if isinstance(answer.value, Contribution):
            yield answer.value
        else:
            yield from answered(answer.plugin, spec.score_lead.__name__, partial(list, answer.value))


def _seen(door: Door, actor: User, entity: type[Entity]) -> Criteria:
    """What one plugin lets an actor see, in all its functions."""
    found = door.all(spec.access, actor, entity)
    return all_of(
        *[criteria for answer in found for criteria in listed(answer.plugin, [answer.value], Criteria, "Criteria")]
    )


def _both(these: Mapping[str, tuple[V, ...]], those: Mapping[str, tuple[V, ...]]) -> dict[str, tuple[V, ...]]:
    return {name: (*these.get(name, ()), *those.get(name, ())) for name in {**these, **those}}
