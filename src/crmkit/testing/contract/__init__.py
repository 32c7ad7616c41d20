"""What every store promises, as one class of tests; needs the extra `testing`.

A backend's author supplies one fixture, an empty store over the test model, and runs pytest:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            store = MyStore(tmp_path, MODEL)
            store.create()
            yield store
            store.close()
"""

from __future__ import annotations

from crmkit.testing.extra import require_testing

require_testing()
import pytest  # noqa: E402 - only where it is installed

_PARTS = (
    *("checks", "customs", "feeds", "guards", "journal", "operations", "order", "questions"),
    *("registers", "rows", "snapshots", "sweeps", "transactions"),
)

# before they are imported: a promise that is broken then shows both sides
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from crmkit.testing.contract.customs import Customs  # noqa: E402
from crmkit.testing.contract.feeds import Feeds  # noqa: E402
from crmkit.testing.contract.guards import Guards  # noqa: E402
from crmkit.testing.contract.journal import Journals  # noqa: E402
from crmkit.testing.contract.operations import Operations  # noqa: E402
from crmkit.testing.contract.order import Orders  # noqa: E402
from crmkit.testing.contract.questions import Questions  # noqa: E402
from crmkit.testing.contract.registers import Registers  # noqa: E402
from crmkit.testing.contract.rows import Rows  # noqa: E402
from crmkit.testing.contract.snapshots import Snapshots  # noqa: E402
from crmkit.testing.contract.sweeps import Sweeps  # noqa: E402
from crmkit.testing.contract.transactions import Transactions  # noqa: E402
from crmkit.testing.world.records import MODEL  # noqa: E402

__all__ = ["MODEL", "StoreContract"]


class StoreContract(
    Rows, Transactions, Snapshots, Orders, Journals, Feeds, Sweeps, Guards, Registers, Operations, Questions, Customs
):
    """The whole contract: `store` is an empty one, created over `MODEL`."""
