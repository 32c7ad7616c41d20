"""From the first sign of interest to the deal."""

from __future__ import annotations
