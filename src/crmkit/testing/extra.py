"""What has to be installed for tests by machine."""

from __future__ import annotations

from importlib.util import find_spec

from crmkit.core.kernel.errors import MissingExtra


def require_testing() -> None:
    """Nothing, where pytest and hypothesis are installed.

    :raises MissingExtra: one of them is not
    """
    if not all(map(find_spec, ("pytest", "hypothesis"))):
        raise MissingExtra("testing")
