"""Deliveries: who is told of what was committed, and what is not told yet."""

from __future__ import annotations
