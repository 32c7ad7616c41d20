"""What `crmkit doctor` finds of a database on a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import servers
from support.crms import STORES, place

from crmkit.cli import main
from crmkit.crm import CRM


@pytest.mark.parametrize("store", [store for store in STORES if store in servers.ADMIN] or ["none"])
def test_the_doctor_opens_what_there_is_and_makes_nothing(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty database stays empty; one with a CRM opens."""
    if store == "none":
        pytest.skip("there is no server")
    with place(store, tmp_path, "doctor") as url:
        for _ in range(2):
            assert main(["doctor", "--store", url]) == 0
            assert "has no CRM yet" in capsys.readouterr().out
        CRM.open(url).close()

        assert main(["doctor", "--store", url]) == 0
        assert "opens" in capsys.readouterr().out


@pytest.mark.parametrize(
    "url", ["mariadb://ann:ge:h@eim@127.0.0.1:1/crm", "postgresql://ann@127.0.0.1:1/crm?password=geheim"]
)
def test_the_doctor_says_no_password(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the address."""
    assert main(["doctor", "--store", url]) == 1

    said = capsys.readouterr().out
    assert "ann" in said
    assert "eim" not in said
