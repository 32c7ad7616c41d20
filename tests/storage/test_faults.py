"""What errors of databases mean, and SQLite's for real: a writer in the way, a COMMIT that fails on the disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crmkit.core.kernel.errors import Ambiguous, OutcomeUnknown, Retryable, StoreError, Unavailable
from crmkit.core.people.user import User
from crmkit.crm import CRM
from crmkit.patience import Pace
from crmkit.storage import sqlite
from crmkit.storage.faults import MARIADB, POSTGRESQL, SQLITE, Faults, Meaning

RETRY, RECONNECT, UNKNOWN, FAULT = Meaning.RETRY, Meaning.RECONNECT, Meaning.UNKNOWN, Meaning.FAULT
NO_WAIT = Pace(sleep=lambda _: None, chance=lambda: 0.5, monotonic=lambda: 0.0)


@pytest.mark.parametrize(
    ("faults", "codes", "statement", "commit"),
    [
        (MARIADB, "1213 1205 1020 1467", RETRY, RETRY),
        (POSTGRESQL, "40001 40P01 55P03", RETRY, RETRY),
        (SQLITE, "SQLITE_BUSY SQLITE_BUSY_SNAPSHOT SQLITE_LOCKED", RETRY, RETRY),
        (MARIADB, "1040 1203 1290 1836 2002 2003", RECONNECT, RECONNECT),
        (POSTGRESQL, "25006 57P03 53300", RECONNECT, RECONNECT),
        (MARIADB, "1047 1053 1927 2006 2013", RECONNECT, UNKNOWN),
        (MARIADB, "1180", FAULT, UNKNOWN),
        (POSTGRESQL, "08000 08003 08006 08P01 57P01 57P02", RECONNECT, UNKNOWN),
        (SQLITE, "SQLITE_IOERR SQLITE_IOERR_FSYNC SQLITE_FULL", FAULT, UNKNOWN),
        (MARIADB, "1062 1064 1146", FAULT, FAULT),
        (POSTGRESQL, "23505 42601 42P01 57014", FAULT, FAULT),
        (SQLITE, "SQLITE_CONSTRAINT SQLITE_CORRUPT SQLITE_ERROR", FAULT, FAULT),
    ],
)
def test_a_code_means_the_same_at_every_statement_but_commit(
    faults: Faults, codes: str, statement: Meaning, commit: Meaning
) -> None:
    """Before COMMIT nothing is done; a connection that is lost at COMMIT leaves it open."""
    for code in codes.split():
        assert faults.meaning(code, commit=False) is statement, code
        assert faults.meaning(code, commit=True) is commit, code


def test_what_is_not_done_is_retryable_and_what_may_be_is_ambiguous() -> None:
    """The classes by which a caller of the store branches."""
    assert [each.error for each in Meaning] == [Retryable, Retryable, Ambiguous, StoreError]
    assert [each.lost for each in Meaning] == [False, True, True, False]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a CRM in it."""
    file = tmp_path / "crm.db"
    CRM.open(f"sqlite:{file}").close()
    return file


HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
"""


@contextmanager
def held(file: Path) -> Iterator[Callable[[], object]]:
    """Another process is in the middle of writing until it is told to let go."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield lambda: process.communicate("\n") if process.poll() is None else None
        process.kill()


def add_ann(crm: CRM) -> User:
    """Something to be done once."""
    return crm.run(None, lambda tx: tx.people.add_user(name="Ann"))


def names(crm: CRM) -> list[str]:
    """Who is there besides the system."""
    with crm.transaction() as tx:
        return [user.name for user in tx.of(User).find()][1:]


@pytest.fixture
def hurried(file: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Pace], CRM]:
    """A CRM that gives SQLite no time to wait by itself."""
    monkeypatch.setattr(sqlite, "PATIENCE", 0.01)
    return lambda pace: CRM.open(f"sqlite:{file}", pace=pace)


def test_another_process_that_writes_is_waited_for(file: Path, hurried: Callable[[Pace], CRM]) -> None:
    """Attempts fail until it lets go; then one succeeds."""
    waits: list[Callable[[], object]] = []
    with hurried(Pace(sleep=lambda _: waits.pop()())) as crm, held(file) as let_go:
        waits.append(let_go)

        assert add_ann(crm).name == "Ann"
        assert waits == []
        assert names(crm) == ["Ann"]


def test_another_process_that_does_not_let_go_makes_it_unavailable(file: Path, hurried: Callable[[Pace], CRM]) -> None:
    """Nothing is done, and that is what is said."""
    with hurried(NO_WAIT) as crm, held(file) as let_go:
        with pytest.raises(Retryable), crm.transaction():
            pass
        with pytest.raises(Unavailable):
            add_ann(crm)
        let_go()
        assert names(crm) == []


class Failing(sqlite3.Connection):
    """A connection on which some COMMITs fail, some of them having taken effect."""

    plan: ClassVar[list[str]] = []  #: what is to become of the next COMMITs: "done", "undone", or "" for well

    def commit(self) -> None:
        """As planned."""
        fate = self.plan.pop(0) if self.plan else ""
        if fate != "undone":
            super().commit()
        if fate:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error


@pytest.fixture
def failing(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CRM]:
    """A CRM whose COMMITs fail as planned."""
    real: Callable[..., Any] = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: real(*args, factory=Failing, **kwargs))
    with CRM.open(f"sqlite:{file}", pace=NO_WAIT) as crm:
        yield crm
    Failing.plan = []


@pytest.mark.parametrize("plan", [["done"], ["undone"], ["undone", "done"], ["undone", "undone"], ["done", "done"]])
def test_a_commit_that_fails_on_the_disk_takes_effect_once(failing: CRM, plan: list[str]) -> None:
    """Whether it had taken effect is read from the operation, on a new connection."""
    Failing.plan = list(plan)

    ann = add_ann(failing)

    Failing.plan = []
    assert names(failing) == ["Ann"]
    with failing.transaction() as tx:
        assert tx.of(User).get(ann.id) == ann


def test_a_disk_that_goes_on_failing_leaves_the_outcome_unknown(failing: CRM) -> None:
    """The error has the operation; once the disk works, running it again settles it."""
    Failing.plan = ["undone"] * 99
    with pytest.raises(OutcomeUnknown) as unknown:
        add_ann(failing)

    Failing.plan = []
    operation: Any = unknown.value.operation
    ann = failing.run(None, lambda tx: tx.people.add_user(name="Ann"), operation=operation)
    assert failing.run(None, lambda tx: tx.people.add_user(name="Ann"), operation=operation) == ann
    assert names(failing) == ["Ann"]


@pytest.mark.parametrize(("fate", "there"), [("done", ["Ann"]), ("undone", [])])
def test_a_transaction_says_only_what_it_knows(failing: CRM, fate: str, there: list[str]) -> None:
    """Done all the same: it ends well. Not there: nobody can say that it will not come."""

    def once() -> None:
        with failing.transaction() as tx:
            Failing.plan = [fate]
            tx.people.add_user(name="Ann")

    if there:
        once()
    else:
        with pytest.raises(OutcomeUnknown):
            once()
    assert names(failing) == there
