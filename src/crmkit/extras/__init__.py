"""One thin module for each optional library."""

from __future__ import annotations
