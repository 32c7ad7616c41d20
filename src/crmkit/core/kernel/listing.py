"""Some records in their order, as a notebook shows them."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from attrs import fields

from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.layout import cell, html_table

E = TypeVar("E", bound=Entity)

MOST: Final = 100  #: records that a notebook shows of a list, whatever its length
_BY_THE_LIBRARY: Final = frozenset({"id", "version", "created_at", "modified_at", "custom", "ext"})


class Listing(tuple[E, ...]):
    """A tuple of records of one class; in a notebook a table of what the business wrote down in them."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        shown = self[:MOST]
        names = [name for name in _names(self) if any(_said(getattr(record, name)) for record in shown)]
        rows = [[_shown(getattr(record, name)) for name in names] for record in shown]
        kept = f"the first {MOST} of {len(self):,}" if len(self) > MOST else f"{len(self):,}"
        return html_table(names, rows, caption=f"{kept} {'record' if len(self) == 1 else 'records'}")


def _names(records: tuple[Any, ...]) -> list[str]:
    """The fields of their class, those that the library keeps for itself left out."""
    return [field.name for field in fields(type(records[0])) if field.name not in _BY_THE_LIBRARY] if records else []


def _said(value: object) -> bool:
    return value is not None and value != frozenset()


def _shown(value: object) -> str:
    return ", ".join(sorted(map(str, value))) if isinstance(value, frozenset) else cell(value)
