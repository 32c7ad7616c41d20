"""What tests share: records made for them, strategies, and naive models written apart."""

from __future__ import annotations
