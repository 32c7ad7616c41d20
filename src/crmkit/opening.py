"""How a CRM is put together: plugins, the registry that they fill, the store that one of them opens."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from importlib.metadata import version
from typing import Any

from crmkit.builtin import ACCEPTS, FLOWS, PLUGINS, PROJECTIONS, unknown
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import PluginError, shape
from crmkit.core.kernel.instants import zone_named
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.several import several
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.text import clean
from crmkit.plugins import spec
from crmkit.plugins.disabling import VARIABLE
from crmkit.plugins.door import Door
from crmkit.plugins.loading import Loaded, load


def loaded(
    *,
    entities: Sequence[type[Entity]] = (),
    extensions: Sequence[type[Any]] = (),
    plugins: Sequence[object] = (),
    discover: bool = True,
    disabled: Collection[str] = (),
    patience: float = 5.0,
) -> Loaded:
    """The plugins of one CRM, see `CRM.open`; those that the environment variable names are disabled as well."""
    names = several(disabled, "disabled", accepts="a list of names of plugins")
    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",")]
    return load(
        PLUGINS,
        version=version("crmkit"),
        flows=FLOWS,
        entities=entities,
        extensions=extensions,
        plugins=plugins,
        discover=discover,
        disabled=[clean(name, "disabled") for name in names],
        switched_off=[name for name in named if name],
        patience=patience,
    )


def registry(of: Loaded, *, policies: Sequence[Any], zone: str) -> Registry:
    """What a CRM is made of, frozen.

    :raises Invalid: an unknown zone
    """
    door = of.door
    return of.declared.registry(
        projections=PROJECTIONS,
        policies={type(policy): policy for policy in policies},
        zone=zone_named(zone).key,
        heard=door.has(spec.before_commit) or door.has(spec.after_commit),
    )


def store(door: Door, url: object, model: Model, *, prefix: str) -> Store:
    """The store behind a URL.

    :raises Invalid: no plugin takes it
    :raises CrmError: one does, and cannot open it
    :raises PluginError: a plugin failed, and no other one takes it
    """
    answer = door.first(spec.open_store, url, model, prefix) if isinstance(url, str) else None
    if answer is None:
        raise unknown(url, f"{ACCEPTS}, or what a plugin opens")
    if not all(callable(getattr(answer.value, method, None)) for method in vars(Store) if not method.startswith("_")):
        raise PluginError(answer.plugin, f"answered {shape(answer.value)} in open_store", hint="a Store is expected")
    return answer.value
