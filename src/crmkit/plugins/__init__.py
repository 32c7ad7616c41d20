"""How others extend crmkit: `spec` has every hook, `implements` marks a function as the implementation of one."""

from __future__ import annotations

from crmkit.plugins import spec
from crmkit.plugins.mark import implements

__all__ = ["implements", "spec"]
