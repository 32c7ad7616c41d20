"""What `crmkit doctor` finds of a database on a server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from support import servers
from support.crms import STORES, place

from crmkit.cli import main
from crmkit.crm import CRM
from crmkit.storage.mariadb import MariaDBStore
from crmkit.testing.world.records import MODEL


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


@pytest.mark.skipif("postgres" not in STORES, reason="there is no server for postgres")
def test_the_doctor_warns_of_a_server_that_may_lose_commits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the settings of this very connection."""
    with place("postgres", tmp_path, "hasty") as url:
        CRM.open(url).close()
        said = []
        for setting in ("on", "off"):
            how = f"options=-csynchronous_commit%3D{setting}"
            assert main(["doctor", "--store", f"{url}{'&' if '?' in url else '?'}{how}"]) == 0
            said.append(capsys.readouterr().out)

    assert "synchronous_commit=" not in said[0]
    assert "may be lost with the power: " in said[1]
    assert "synchronous_commit=off" in said[1]


@pytest.mark.skipif("mariadb" not in STORES, reason="there is no server for mariadb")
def test_the_settings_of_mariadb_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those are global, so it is what is good that changes here."""
    with place("mariadb", tmp_path, "hasty") as url, closing(MariaDBStore(url, MODEL)) as store:
        good = store.risks()
        monkeypatch.setattr(MariaDBStore, "lasting", {"autocommit": ("never",)})

        assert store.risks() == ("autocommit=0",)
        assert good in ((), ("innodb_flush_log_at_trx_commit=0",), ("innodb_flush_log_at_trx_commit=2",))


@pytest.mark.parametrize(
    "url", ["mariadb://ann:ge:h@eim@127.0.0.1:1/crm", "postgresql://ann@127.0.0.1:1/crm?password=geheim"]
)
def test_the_doctor_says_no_password(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the address."""
    assert main(["doctor", "--store", url]) == 1

    said = capsys.readouterr().out
    assert "ann" in said
    assert "eim" not in said
