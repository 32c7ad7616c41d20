"""What clients of races need, imported and built before they are forked off."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import crmkit.storage.mariadb
import crmkit.storage.postgres  # noqa: F401
import support.races
from crmkit import CRM

with TemporaryDirectory() as folder, CRM.open(f"sqlite:{folder}/crm.db") as crm:
    support.races.products(crm, "warm", "warm")
