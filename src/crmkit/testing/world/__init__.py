"""The world that stores are tried in: two kinds of record, hostile values, random questions, and naive answers."""

from __future__ import annotations

from crmkit.testing.extra import require_testing

require_testing()
