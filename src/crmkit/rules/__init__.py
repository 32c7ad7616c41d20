"""What is allowed and what follows, as pure functions on values."""

from __future__ import annotations
