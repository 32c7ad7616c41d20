"""Imports: which files were brought in, and what came of each."""

from __future__ import annotations
