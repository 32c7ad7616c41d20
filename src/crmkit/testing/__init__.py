"""For tests and stories: a clock that stands still and ids that come out the same every time."""

from __future__ import annotations

from crmkit.testing.fixed import FixedClock, FixedIds

__all__ = ["FixedClock", "FixedIds"]
