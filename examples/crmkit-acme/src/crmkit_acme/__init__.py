"""What Acme, which sells olive oil to restaurants, adds to crmkit: every hook it implements stands here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from crmkit import ALWAYS, Criteria
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Veto
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Swept
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.plugins import implements, spec
from crmkit.rules.scoring import Contribution
from crmkit_acme import judgement
from crmkit_acme.fields import AcmeLead
from crmkit_acme.store import JsonLinesStore
from crmkit_acme.visit import Visit

SUNDAY = 6

diary = logging.getLogger(__name__)


@implements(spec.open_store)
def open_store(url: str, model: Model, prefix: str) -> Store | None:
    """`jsonl:FOLDER` keeps a CRM in a folder."""
    scheme, _, folder = url.partition(":")
    return JsonLinesStore(Path(folder), model, prefix=prefix) if scheme == "jsonl" and folder else None


@implements(spec.entities)
def entities() -> Sequence[type[Entity]]:
    """Visits."""
    return (Visit,)


@implements(spec.extensions)
def extensions() -> Sequence[type[Any]]:
    """What Acme wants to know of a lead."""
    return (AcmeLead,)


@implements(spec.score_lead)
def score_lead(lead: Lead, now: datetime) -> Iterable[Contribution]:
    """What speaks for a lead."""
    return judgement.points(lead)


@implements(spec.flow_needs)
def flow_needs(flow: Flow[Any, Any]) -> Mapping[str, Sequence[Need]]:
    """Before a lead is qualified it is known how much oil they use."""
    return {"qualify": [judgement.KNOWS_LITRES]} if flow.kind == "lead" else {}


@implements(spec.reasons)
def reasons(flow: Flow[Any, Any]) -> Mapping[str, Sequence[str]]:
    """A lead may be too small."""
    return {"disqualify": [judgement.TOO_SMALL]} if flow.kind == "lead" else {}


@implements(spec.criteria_functions)
def criteria_functions() -> Mapping[str, Callable[..., Criteria]]:
    """Who uses a lot of oil and knows ours."""
    return {"acme.hungry": judgement.hungry}


@implements(spec.normalizers)
def normalizers() -> Mapping[str, Normalizer]:
    """Most of our customers write Spanish numbers without +34."""
    return {"phone": judgement.PHONES}


@implements(spec.access)
def access(actor: User, entity: type[Entity]) -> Criteria:
    """A lead is seen by whoever holds it; one that nobody holds, by everybody."""
    return judgement.own_or_nobodys() if entity is Lead else ALWAYS


@implements(spec.before_commit)
def nobody_works_on_sundays(events: Sequence[Event], swept: Sequence[Swept]) -> None:
    """A visit on a Sunday is not planned."""
    for event in events:
        if event.name == "visit.planned" and datetime.fromisoformat(str(event.details["on"])).weekday() == SUNDAY:
            raise Veto("nobody works on Sundays", hint="plan it for another day")


@implements(spec.after_commit)
def write_diary(events: Sequence[Event], swept: Sequence[Swept]) -> None:
    """What became of visits, for whoever reads the log of the program."""
    for event in events:
        if event.kind == "visit":
            diary.info("%s %s", event.name, event.id)
