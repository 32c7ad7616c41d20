"""The garbage collector rests while many records are made, and is left as it was found."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.crms import place

from crmkit.builtin import open_store
from crmkit.storage import collector, sql
from crmkit.storage.collector import MANY, at_rest
from crmkit.testing.contract.checks import EVERYBODY, unkept
from crmkit.testing.world.records import MODEL
from crmkit.testing.world.samples import firm


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """As every program begins; and as it was, whatever a test does."""
    gc.enable()
    yield
    gc.enable()


def test_it_rests_for_many_and_goes_on() -> None:
    """For few it does not rest."""
    with at_rest(MANY):
        assert not gc.isenabled()
    assert gc.isenabled()
    with at_rest(MANY - 1):
        assert gc.isenabled()


def test_it_goes_on_after_a_failure() -> None:
    """Of whatever makes the records."""
    with pytest.raises(RuntimeError), at_rest(MANY):
        raise RuntimeError
    assert gc.isenabled()


def test_whoever_has_turned_it_off_keeps_it_off() -> None:
    """It is the host's."""
    gc.disable()
    with at_rest(MANY):
        pass
    assert not gc.isenabled()


def test_two_that_overlap_leave_it_on() -> None:
    """As threads do, whichever ends first."""
    for first, second in ((0, 1), (1, 0)):
        resting = [at_rest(MANY), at_rest(MANY)]
        for each in resting:
            each.__enter__()
        for which in (first, second):
            resting[which].__exit__(None, None, None)
        assert gc.isenabled()


def test_a_store_lets_it_rest_while_it_reads_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only then."""
    for module in (collector, sql):
        monkeypatch.setattr(module, "MANY", 3)
    with place("sqlite", tmp_path, MODEL) as url, closing(open_store(url, MODEL, prefix="crm_")) as store:
        store.create()
        with unkept(store) as session:
            session.insert("firm", [firm(1), firm(2)])
            assert session.each(lambda _: gc.isenabled(), "firm", EVERYBODY) == [True, True]
            session.insert("firm", [firm(3)])
            assert session.each(lambda _: gc.isenabled(), "firm", EVERYBODY) == [False, False, False]
    assert gc.isenabled()
