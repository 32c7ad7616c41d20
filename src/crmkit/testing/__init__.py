"""For tests and stories: a clock that stands still, ids that come out the same every time, and records by default.

The tests that need pytest and hypothesis (extra `testing`) stand in `testing.contract`, `testing.machines` and
`testing.plugin`.
"""

from __future__ import annotations

from crmkit.testing.factories import Factory
from crmkit.testing.fixed import FixedClock, FixedIds

__all__ = ["Factory", "FixedClock", "FixedIds"]
