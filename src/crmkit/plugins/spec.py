"""Every hook that a plugin can implement, one function each: when it is called, how often, and what an error does.

A plugin is a module, or any object with methods, in which functions are marked `@implements(spec.entities)`, say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Swept


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

    Called and answered for as `entities`.
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
