"""Which plugins stay out: by the host, whose names have to be right; by an operator, for several programs at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from attrs import frozen

from crmkit.core.kernel.errors import Invalid, PluginError
from crmkit.core.kernel.model import meant
from crmkit.plugins.discovery import Candidate

VARIABLE: Final = "CRMKIT_DISABLE_PLUGINS"  #: the environment variable of operators: names, separated by commas


@frozen(kw_only=True)
class Disabled:
    """The names of plugins that take no part."""

    by_host: frozenset[str]
    by_operator: frozenset[str]

    def __contains__(self, name: object) -> bool:
        return name in self.by_host or name in self.by_operator

    def require_there(
        self, builtins: Collection[str], given: Iterable[Candidate], installed: Iterable[Candidate]
    ) -> None:
        """Nothing, if the host names plugins that there are, and that it does not ask for in the same breath.

        :raises Invalid: it names another; what it wants to keep out would take part all the same
        """
        passed = {each.name for each in given}
        there = passed.union(each.name for each in installed)
        for name in sorted(self.by_host):
            if name in builtins:
                raise Invalid("disabled", f"«{name}» is built in", accepts="names of other plugins")
            if name in passed:
                raise Invalid("disabled", f"«{name}» is passed in `plugins` as well", accepts="one or the other")
            if name not in there:
                accepts = meant(name, there) or f"names of installed ones: {', '.join(sorted(there)) or 'none'}"
                raise Invalid("disabled", f"there is no plugin «{name}»", accepts=accepts)

    def missing(self, builtins: Collection[str], candidates: Iterable[Candidate]) -> list[str]:
        """What the operator names and is not here: another program may have it."""
        return sorted(self.by_operator - set(builtins) - {each.name for each in candidates})


def takes_access(name: str) -> PluginError:
    """What to raise where the operator disables a plugin that the host passes because it says what may be seen."""
    return PluginError(
        name,
        f"says what may be seen, and {VARIABLE} names it",
        hint="without it everything is seen: take it out of one of the two",
    )
