"""From candidates to plugins: each is let in, asked what it declares, and taken; or named with the reason why not."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import PluginError
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.told import Audience
from crmkit.plugins import spec
from crmkit.plugins.audience import Plugins
from crmkit.plugins.declared import Declared
from crmkit.plugins.disabling import VARIABLE, Disabled, takes_access
from crmkit.plugins.discovery import Candidate, builtin, given, installed, requirements
from crmkit.plugins.door import PATIENCE, Door
from crmkit.plugins.gate import Gate
from crmkit.plugins.implementation import Implementation, told
from crmkit.plugins.report import Plugin, Report, State

NOT_HERE: Final = "not installed"


@frozen(kw_only=True)
class Loaded:
    """The plugins of one CRM, as they stay as long as it is open."""

    door: Door
    declared: Declared
    report: Report

    @property
    def audience(self) -> Audience:
        """Those who implement `before_commit` and `after_commit`."""
        return Plugins(self.door)


def load(
    builtins: Mapping[str, object],
    *,
    version: str,
    flows: Iterable[Flow[Any, Any]] = (),
    plugins: Sequence[object] = (),
    discover: bool = True,
    disabled: Collection[str] = (),
    switched_off: Collection[str] = (),
    entities: Sequence[type[Entity]] = (),
    extensions: Sequence[type[Any]] = (),
    patience: float = PATIENCE,
) -> Loaded:
    """The plugins that crmkit brings, then those that are passed, in that order, then those installed, by name.

    One that others require comes before them. The host's own `entities` and `extensions` come before those of plugins
    that crmkit does not bring. A plugin that was passed has to be right; what is wrong with any other one stands in the
    report, and it takes no part. Neither do those `disabled` by the host or `switched_off` by an operator.

    :raises DefinitionError: the host's own contradict what crmkit brings
    :raises Invalid: `disabled` names what is not there, built in, or passed as well
    :raises PluginError: something is wrong with a plugin that was passed, or with one that says what may be seen; one
        that was passed and says what may be seen is switched off
    """
    loading = _Loading(declared=Declared(flows=tuple(flows)))
    loading.bring(builtin(builtins, version))
    loading.declared = loading.declared.beside(entities, extensions).checked()
    candidates = list(given(plugins))
    there = list(installed()) if discover or disabled else []
    out = Disabled(by_host=frozenset(disabled), by_operator=frozenset(switched_off))
    out.require_there(builtins, candidates, there)
    known = {(each.name, each.origin) for each in candidates}
    if discover:
        candidates += [each for each in there if (each.name, each.origin) not in known]
    loading.bring(candidates, out)
    loading.note(out.missing(builtins, candidates))
    door = Door(loading.implementations, patience=patience)
    return Loaded(door=door, declared=loading.declared, report=Report(tuple(loading.reported()), door.listening))


@define(kw_only=True)
class _Loading:
    """Plugins on their way in."""

    declared: Declared
    implementations: list[Implementation] = field(factory=list)
    _gate: Gate = field(factory=Gate)
    _brought: list[tuple[Candidate, object]] = field(factory=list)  #: imported, and not yet looked at
    _taken: dict[str, Plugin] = field(factory=dict)
    _left: list[Plugin] = field(factory=list)

    def bring(self, candidates: Iterable[Candidate], disabled: Container[str] = ()) -> None:
        """Import all of them, and take those that can be."""
        for each in candidates:
            if each.name in disabled:
                self._disable(each)
            else:
                self._import(each)
        while self._brought:
            self._take(*self._brought.pop(0))

    def note(self, missing: Iterable[str]) -> None:
        """An operator disables what is not here."""
        self._left += [Plugin(name=name, origin=VARIABLE, state=State.DISABLED, problem=NOT_HERE) for name in missing]

    def reported(self) -> Iterator[Plugin]:
        """Those that take part, in their order, and then the others."""
        yield from self._taken.values()
        yield from self._left

    def _disable(self, candidate: Candidate) -> None:
        if candidate.given:  # by an operator, and what the host relies on for its secrets no operator takes away
            self._import(candidate)
            _, plugin = self._brought.pop()
            if self._gate.claims(plugin, spec.access):
                raise takes_access(candidate.name)
        self._left.append(_reported(candidate, State.DISABLED))

    def _import(self, candidate: Candidate) -> None:
        try:
            self._brought.append((candidate, candidate.load()))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also one that exits
            failure = PluginError(candidate.name, f"cannot be imported: {told(error)}")
            failure.__cause__ = error
            self._leave(candidate, failure)

    def _take(self, candidate: Candidate, plugin: object) -> None:
        try:
            self._take_required(candidate, plugin)
            implementations = self._gate.admit(candidate.name, plugin)
            try:
                self.declared, provides = self.declared.joined(candidate.name, implementations)
            except PluginError:
                self._gate.dismiss(candidate.name)
                raise
        except PluginError as error:
            if self._gate.claims(plugin, spec.access):
                raise  # without it, what it hides would be seen
            self._leave(candidate, error)
        else:
            self.implementations += implementations
            self._taken[candidate.name] = _reported(candidate, provides=provides)

    def _take_required(self, candidate: Candidate, plugin: object) -> None:
        for name in requirements(candidate.name, plugin):
            waiting = next((pair for pair in self._brought if pair[0].name == name), None)
            if waiting is not None:
                self._brought.remove(waiting)
                self._take(*waiting)
            if name not in self._taken:
                raise PluginError(candidate.name, f"requires {name}, which is not there")

    def _leave(self, candidate: Candidate, error: PluginError) -> None:
        if candidate.given:
            raise error
        self._left.append(
            _reported(candidate, State.FAILED, problem=str(error).removeprefix(f"the plugin {error.plugin} "))
        )


def _reported(
    candidate: Candidate, state: State = State.LOADED, *, provides: tuple[str, ...] = (), problem: str = ""
) -> Plugin:
    return Plugin(
        name=candidate.name,
        origin=candidate.origin,
        version=candidate.version,
        state=state,
        provides=provides,
        problem=problem,
    )
