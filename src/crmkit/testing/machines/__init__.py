"""Whole CRMs and life cycles driven by machine; needs the extra `testing`."""

from __future__ import annotations

from crmkit.testing.extra import require_testing

require_testing()
import pytest  # noqa: E402 - only where it is installed

# before they are imported: a check that fails then shows both sides
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in ("crm", "flow", "walks")))

from crmkit.testing.machines.crm import CRMContract  # noqa: E402
from crmkit.testing.machines.flow import flow_machine  # noqa: E402
from crmkit.testing.machines.walks import check_walks  # noqa: E402

__all__ = ["CRMContract", "check_walks", "flow_machine"]
