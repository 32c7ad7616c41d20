"""Values that are given when something is asked or done, in the place of the parameters that stand for them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crmkit.core.kernel.criteria import Given, Param
from crmkit.core.kernel.errors import CriteriaError

NO_PARAMS: Final[Mapping[str, Given]] = MappingProxyType({})


def supplied(param: Param, params: Mapping[str, Given]) -> Given:
    """What was given for a parameter.

    :raises CriteriaError: nothing was
    """
    if param.name not in params:
        given = ", ".join(params) or "nothing"
        raise CriteriaError(f"no value for the parameter «{param.name}»", hint=f"given: {given}")
    return params[param.name]
