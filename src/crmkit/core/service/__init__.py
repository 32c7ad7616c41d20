"""What customers ask, report and complain about."""

from __future__ import annotations
