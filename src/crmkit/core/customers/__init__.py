"""Whom one does business with."""

from __future__ import annotations
