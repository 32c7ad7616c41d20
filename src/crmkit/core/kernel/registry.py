"""What one CRM is made of, asked once when it is opened and frozen from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.access import Access
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.call import NO_FUNCTIONS, Function
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import CriteriaError, DefinitionError
from crmkit.core.kernel.flow import Flow, Move
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.model import Model, meant
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer, refuse_unknown
from crmkit.core.kernel.projection import Projection
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.kernel.text import LONGEST_CODE, clean

E = TypeVar("E", bound=Entity)
P = TypeVar("P")
Q = ParamSpec("Q")

EVERY: Final = "*"  #: in the place of the name of a move: all moves of the kind

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ANYBODY: Final = {"me": uuid7(0, 0)}


@frozen(kw_only=True)
class Registry:
    """The model, what is kept ready beside it, the policies of the host, and what plugins demand and know beyond it.

    :raises DefinitionError: needs or reasons of a kind of record that there is not, a normaliser of something else than
        phone numbers and names
    """

    model: Model
    projections: tuple[Projection[Any], ...] = ()
    policies: Mapping[type[Any], Any] = field(factory=dict)  #: by class: a host replaces the standard one of a class
    zone: str = "UTC"  #: where a day begins and ends
    heard: bool = False  #: plugins want to know what each transaction did: its events are kept until its end
    needs: Mapping[str, tuple[Need, ...]] = field(factory=dict)  #: by move, `lead.qualify`, or `lead.*` for all
    reasons: Mapping[str, tuple[str, ...]] = field(factory=dict)  #: by move, `lead.disqualify`: more of its vocabulary
    functions: Mapping[str, Function] = NO_FUNCTIONS  #: by name: what `call` in a condition stands for
    normalizers: Mapping[str, Normalizer] = field(factory=dict)  #: of "phone" and "name": how they are read to compare
    scorers: Mapping[str, Callable[[Any, datetime], Any]] = field(factory=dict)  #: by who says it, see `rules.scoring`
    access: Mapping[str, Access] = field(factory=dict)  #: by who says it: what an actor may see, all of them together
    _moves: dict[Move[Any, Any], Move[Any, Any]] = field(init=False, factory=dict, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        refuse_unknown(self.normalizers)
        for name in (*self.needs, *self.reasons):
            kind = name.rpartition(".")[0]
            if kind not in self.model.entities:
                raise DefinitionError(f"{name} is no move: there is no kind of record «{kind}»", hint="lead.qualify")

    def policy(self, cls: type[P]) -> P:
        """The host's policy of this class, or the standard one: the class called without arguments."""
        found: P = self.policies[cls] if cls in self.policies else cls()
        return found

    def move(self, move: Move[E, Q]) -> Move[E, Q]:
        """The move with what this CRM demands and knows beyond it; itself where that is nothing.

        :raises DefinitionError: like `flow`
        """
        if not self.needs and not self.reasons:
            return move
        if move not in self._moves:
            self._moves[move] = self._added(move)
        return self._moves[move]

    def flow(self, flow: Flow[E, Any]) -> Flow[E, Any]:
        """The life cycle as it is in this CRM, to look at.

        :raises DefinitionError: needs or reasons of a move that it does not have, reasons of one that takes none,
            a need that cannot be asked
        """
        return flow.shown(self.move)

    def sweep(self, sweep: Sweep) -> Sweep:
        """The sweep with its move as it is in this CRM."""
        return sweep if sweep.move is None else evolve(sweep, move=self.move(sweep.move))

    def _added(self, move: Move[E, Q]) -> Move[E, Q]:
        kind, names = move.flow.kind, move.flow.moves
        for name in (*self.needs, *self.reasons):
            of, _, called = name.rpartition(".")
            if of == kind and called not in names and (called != EVERY or name in self.reasons):
                raise DefinitionError(f"a {kind} has no move «{called}»", hint=meant(called, names))
        needs = (*self.needs.get(f"{kind}.{EVERY}", ()), *self.needs.get(str(move), ()))
        for need in needs:
            self._require_askable(need, kind)
        reasons = [clean(reason, "reason", LONGEST_CODE) for reason in self.reasons.get(str(move), ())]
        new = tuple(dict.fromkeys(reason for reason in reasons if reason not in move.reasons))
        return move.adding(needs=needs, reasons=new) if needs or new else move

    def _require_askable(self, need: Need, kind: str) -> None:
        try:
            bind(
                need.criteria,
                model=self.model,
                kind=kind,
                now=_ANY_TIME,
                zone=self.zone,
                params=_ANYBODY,
                functions=self.functions,
            )
        except CriteriaError as error:
            raise DefinitionError(f"the need «{need.code}» of a {kind} cannot be asked: {error}") from None
