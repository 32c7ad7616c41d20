"""What crmkit itself brings to every CRM, as plugins: its kinds of record and its stores; and what is kept ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.deliveries.consumer import Reader
from crmkit.core.deliveries.delivery import Delivery
from crmkit.core.imports.run import ImportRun, import_run
from crmkit.core.kernel.custom_field import CustomField
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.projection import Projection
from crmkit.core.kernel.store import Store
from crmkit.core.people.team import Team
from crmkit.core.people.unit import Unit
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead, lead
from crmkit.core.sales.opportunity import Opportunity, opportunity
from crmkit.core.sales.product import Product
from crmkit.core.sales.stage_stay import STAGE_STAYS, StageStay
from crmkit.core.service.case import Case, case
from crmkit.plugins import implements, spec

ENTITIES: tuple[type[Entity], ...] = (
    *(Unit, Team, User, Account, Contact, Product, Lead, Opportunity, StageStay, Case),
    *(CustomField, ImportRun, Reader, Delivery),
)
FLOWS: tuple[Flow[Any, Any], ...] = (lead.flow, opportunity.flow, case.flow, import_run.flow)
PROJECTIONS: tuple[Projection[Any], ...] = (STAGE_STAYS,)

ACCEPTS = "memory:, sqlite:PATH, postgresql://USER:PASSWORD@HOST/DATABASE or mariadb://USER:PASSWORD@HOST/DATABASE"

SCHEMES: Final = ("memory", "sqlite", "postgresql", "mariadb")


def open_store(url: str, model: Model, *, prefix: str) -> Store:
    """The store behind a URL: `memory:`, `sqlite:crm.db` (also `sqlite:///crm.db` and `sqlite:////var/lib/crm.db`).

    Or `postgresql://user:password@host/database`, or `mariadb://user:password@host/database`.

    `?profile=fast` behind a path makes commits cheaper and lets a loss of power take the last of them.

    :raises Invalid: any other URL
    :raises MissingExtra: the driver of this database is not installed
    """
    scheme, colon, rest = str(url).partition(":")
    if scheme == "memory" and colon and not rest:
        from crmkit.storage.memory import MemoryStore

        return MemoryStore(model)
    if scheme == "sqlite" and colon:
        from crmkit.storage.sqlite import SQLiteStore, profiled

        path, profile = profiled(rest[3:] if rest.startswith("///") else rest.removeprefix("//"))
        return SQLiteStore(path, model, prefix=prefix, profile=profile)
    if scheme == "postgresql" and colon:
        from crmkit.storage.postgres import PostgresStore

        return PostgresStore(url, model, prefix=prefix)
    if scheme == "mariadb" and colon:
        from crmkit.storage.mariadb import MariaDBStore

        return MariaDBStore(url, model, prefix=prefix)
    raise unknown(url, ACCEPTS)


def unknown(url: object, accepts: str) -> Invalid:
    """What to raise for a URL that nothing opens; only its scheme is repeated, for the rest may hold a password."""
    scheme, colon, rest = url.partition(":") if isinstance(url, str) else (url, "", "")
    behind = " and something behind it" if rest else ""
    return Invalid("url", f"got {shape(f'{scheme}{colon}' if colon else scheme)}{behind}", accepts=accepts)


class Records:
    """The kinds of record."""

    @implements(spec.entities)
    def entities(self) -> Sequence[type[Entity]]:
        """All of them."""
        return ENTITIES


class Stores:
    """The stores."""

    @implements(spec.open_store)
    def open_store(self, url: str, model: Model, prefix: str) -> Store | None:
        """The store behind a URL of one of the schemes; raises like `open_store`."""
        return open_store(url, model, prefix=prefix) if url.partition(":")[0] in SCHEMES else None


PLUGINS: Final[Mapping[str, object]] = {"crmkit.records": Records(), "crmkit.stores": Stores()}
