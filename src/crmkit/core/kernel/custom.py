"""What one record has in fields that were defined while the program ran."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias, final

from crmkit.core.kernel.fields import Scalar

Entry: TypeAlias = tuple[Scalar | None, Any]  #: how a value is kept, None as long as nobody looked; and the value


@final
class Custom(Mapping[str, Any]):
    """Values by the names of their fields: `lead.custom["region"]`; what is missing is not among them."""

    __slots__ = ("entries",)

    def __init__(self, values: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.entries: Mapping[str, Entry] = {name: (None, value) for name, value in values.items() if value is not None}

    @staticmethod
    def kept(entries: Mapping[str, Entry]) -> Custom:
        """Those that a definition allowed, or that a store has."""
        made = Custom()
        made.entries = entries
        return made

    def __getitem__(self, name: str) -> Any:
        return self.entries[name][1]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def having(self, values: Mapping[str, Any]) -> Custom:
        """The same with these values in the place of whatever their fields had; None takes one away."""
        given = Custom(values).entries
        return Custom.kept({**{name: entry for name, entry in self.entries.items() if name not in values}, **given})

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        return f"Custom({dict(self)})"


NO_CUSTOM: Final = Custom()
CUSTOM: Final = "custom"  #: the field in which records have it, and the beginning of the paths to it


def key(name: str, scalar: Scalar | str) -> str:
    """The name under which JSON has a value, how it is kept included: `region:code`."""
    return f"{name}:{scalar}"
