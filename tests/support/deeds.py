"""What may happen in a CRM, drawn at random, and what it holds, to be compared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeAlias

from attrs import evolve
from hypothesis import strategies as st

from crmkit.core.customers.account import Account
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.transaction import Transaction

Act: TypeAlias = tuple[str, int, int]  #: what is done, to which of the records there are, and how

TOPICS = ("Oil", "Olives", "Ｏil")
COMPANIES = (None, "El Olivo", "EL OLIVO")
EMAILS = (None, "ann@example.com", "hong@example.com")

CLEAN_UP = Sweep(
    name="clean_up", entity=Lead, where=where("status") == "new", sets={"source": "web"}, event="lead.tidied"
)

acts = st.tuples(
    st.sampled_from("capture qualify contact account revise stage win reopen sweep".split()),
    st.integers(0, 5),
    st.integers(0, 5),
)


def act(tx: Transaction, one: Act) -> None:
    """Do it, if it can be done."""
    what, which, how = one
    doing: dict[str, Callable[[], Any]] = {
        "capture": lambda: tx.sales.capture_lead(
            topic=TOPICS[how % 3],
            company=COMPANIES[which % 3],
            email=EMAILS[how % 3],
            person="Ann Smith" if how else None,
        ),
        "contact": lambda: tx.sales.contact(_one(tx, Lead, which).id),
        "qualify": lambda: tx.sales.qualify(_one(tx, Lead, which).id),
        "account": lambda: tx.customers.add_account(name=TOPICS[how % 3], parent=_any(tx, Account, which)),
        "revise": lambda: tx.revise(evolve(_one(tx, Lead, which), topic=TOPICS[how % 3], company=COMPANIES[how % 3])),
        "stage": lambda: tx.sales.change_stage(_one(tx, Opportunity, which).id, stage=("engaging", "closing")[how % 2]),
        "win": lambda: tx.sales.win(_one(tx, Opportunity, which).id, revenue=Money("10.00", "EUR")),
        "reopen": lambda: tx.sales.reopen(_one(tx, Opportunity, which).id),
        "sweep": lambda: tx.sweep(CLEAN_UP),
    }
    doing[what]()


def done(crm: Any, deeds: list[Act], **how: Any) -> Any:
    """A transaction of all these, or none if one cannot be done; its operation."""
    operation = None
    with suppress(CrmError, LookupError), crm.transaction(**how) as tx:
        with tx.occurred(tx.now - timedelta(days=len(deeds))):
            for deed in deeds:
                act(tx, deed)
        operation = tx.stamp.operation
    return operation


def _one(tx: Transaction, cls: type[Any], which: int) -> Any:
    found = tx.of(cls).find()
    return found[which % len(found)] if found else _nothing()


def _any(tx: Transaction, cls: type[Any], which: int) -> Any:
    found = tx.of(cls).find()
    return found[which].id if which < len(found) else None


def _nothing() -> Any:
    raise LookupError


def rows_of(tx: Transaction, *, but: tuple[str, ...] = ()) -> dict[str, dict[Any, Any]]:
    """Every value of every row, by kind, id and path."""
    return {
        kind: {
            record.id: {
                column.path: value
                for column, value in zip(model.columns, model.flatten(record), strict=True)
                if column.path not in but
            }
            for record in tx.of(model.cls).find()
        }
        for kind, model in tx.model.entities.items()
    }


def figures_of(tx: Transaction) -> list[Any]:
    """What reports say."""
    return [figures.to_json() for figures in (tx.insights.funnel(), tx.insights.pipeline(), tx.insights.sources())]


def recent(tx: Transaction, cls: type[Entity] = Lead) -> list[Any]:
    """What a condition that goes by the clock finds."""
    return [record.id for record in tx.of(cls).find(where("created_at").in_last(3, "days"))]
