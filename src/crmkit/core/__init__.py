"""What a CRM is: pure values, life cycles and the kernel that carries them."""

from __future__ import annotations
