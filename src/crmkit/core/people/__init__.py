"""Who works with a CRM."""

from __future__ import annotations
