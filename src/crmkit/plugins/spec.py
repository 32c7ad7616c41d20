"""Every hook that a plugin can implement, one function each: when it is called, how often, and what an error does.

A plugin is a module, or any object with methods, in which functions are marked `@implements(spec.entities)`, say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmkit.core.kernel.criteria import Criteria
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Swept
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.rules.scoring import Contribution


def open_store(url: str, model: Model, prefix: str) -> Store | None:
    """The store behind a URL of a scheme of your own; None for every other URL.

    Called once when a CRM is opened, if no store before it took the URL: those of crmkit are asked first. Its tables,
    files or keys begin with `prefix`. A CrmError is what the host sees; after anything else that is raised the other
    plugins are asked, and if none of them takes the URL, the host sees a PluginError.
    """


def entities() -> Sequence[type[Entity]]:
    """Kinds of record of your own, declared with `@entity`.

    Called once when a CRM is opened. A plugin that raises here, gives something else, or gives a kind that there is
    already, is left out as a whole and named in `crm.plugins`; one that the host passed itself is a PluginError.
    """


def extensions() -> Sequence[type[Any]]:
    """Fields of your own on kinds of record there are, declared with `@extends`; every field needs a default.

    Called and answered for as `entities`. One plugin has one prefix for a kind; the path is `prefix.field`.
    """


def score_lead(lead: Lead, now: datetime) -> Contribution | Iterable[Contribution]:
    """What speaks for a lead, or against it, besides the rules of the CRM: one contribution, several, or none.

    Called for each score that is asked for, and whenever it is asked for: be quick, and pure. What is raised, or is no
    contribution, stands in the score under the name of the plugin; what others say counts all the same.
    """


def flow_needs(flow: Flow[Any, Any]) -> Mapping[str, Sequence[Need]]:
    """What moves need besides what crmkit demands: by the name of a move, or `*` for all of the life cycle.

    Called once for each life cycle of crmkit (`flow.kind` says of what) when a CRM is opened. A need that is not met
    refuses the move in its own words, beside the others. Answered for as `entities`; so is a move that the life cycle
    does not have, and a condition that its records cannot be asked.
    """


def reasons(flow: Flow[Any, Any]) -> Mapping[str, Sequence[str]]:
    """Words that a move knows as `reason` besides those of crmkit, by the name of the move.

    Called as `flow_needs`, and answered for as it. A move that takes no reason has no words either.
    """


def criteria_functions() -> Mapping[str, Callable[..., Criteria]]:
    """Conditions with a name: what `call("acme.hot", 30)` stands for wherever a condition is taken.

    Called once when a CRM is opened; each function whenever a condition with its name is bound, with values alone: it
    gives a condition, and is pure. What it raises is a CriteriaError for whoever asked. Answered for as `entities`; so
    is a name that another plugin gave.
    """


def normalizers() -> Mapping[str, Normalizer]:
    """How phone numbers (`phone`) or names of people (`name`) are read to be compared.

    Called once when a CRM is opened; its `read` for each number and name that is written down or looked for. What it
    raises leaves that one read as crmkit does. Answered for as `entities`; so is a rule for what another plugin reads.
    """


def access(actor: User, entity: type[Entity]) -> Criteria:
    """Which records of a kind an actor may see; ALWAYS where you have nothing to hide.

    Called once for each kind that a transaction or a view reads, unless the system acts. All plugins' conditions hold
    together, in whatever is read. A plugin that raises, or gives something else, closes: reading that kind is Refused,
    and names it. A plugin with this hook that cannot be loaded is a PluginError when the CRM is opened, whether or not
    the host passed it; of one that cannot be imported nobody knows this, so pass by name what has to be there.
    """


def before_commit(events: Sequence[Event], swept: Sequence[Swept]) -> None:
    """May what a transaction did be kept? Raise `Veto`, with words for whoever asked, if not.

    Called for each transaction that changed something, right before its commit; again for each attempt that is tried
    again. `events` are all of them, in their order, except those of sweeps: a sweep is one value in `swept`. Nothing in
    them can be changed, and their `sequence` is 0: stores number them. The work is over: call nothing of it, and open
    no transaction; `crm.read()` shows what was there before. Whatever is raised but Veto is a PluginError, and nothing
    of the transaction is kept either way; a lookup that may fail belongs into `try`.
    """


def after_commit(events: Sequence[Event], swept: Sequence[Swept]) -> None:
    """Something happened, and is kept: send a message, call another system, write in a transaction of your own.

    Called once for each transaction that was committed and changed something, with what `before_commit` gets, on a
    thread of its own; whoever committed waits for it five seconds at most. What is raised is logged and counted in
    `crm.plugins`, and no caller hears of it. A call that takes longer goes on, and what happens until it is over is not
    told to this plugin; nor is what it does itself. When the process dies between commit and call, nobody calls again.
    """
