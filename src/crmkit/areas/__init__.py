"""What a host calls, named like the work areas of a CRM."""

from __future__ import annotations
