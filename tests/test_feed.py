"""The feed as a host reads it: by cursors, about a record or a kind, whatever it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.crms import STORES, opened
from support.faulty import Faulty

from crmkit import CRM, Sweep, where
from crmkit.core.kernel.errors import CriteriaError, Invalid, Unavailable
from crmkit.core.kernel.feed import START, Place, cursor, place
from crmkit.core.sales.lead import Lead
from crmkit.storage.feed import ordered

LAST = 2**63 - 1


@pytest.fixture(params=STORES)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM on every store."""
    with opened(request.param, tmp_path) as crm:
        yield crm


def captured(crm: CRM, topic: str = "Oil") -> Lead:
    """A new lead, in a transaction of its own."""
    with crm.transaction() as tx:
        return tx.sales.capture_lead(topic=topic, source="web")


def test_a_cursor_goes_on_where_the_last_page_ended(crm: CRM) -> None:
    """Pages of any length, one behind the other, are the journal; then nothing comes until something happens."""
    lead = captured(crm)
    crm.run(None, lambda tx: tx.sales.contact(lead.id))
    names, after = list[str](), None
    while events := (page := crm.feed(after=after, limit=1)).events:
        names += [event.name for event in events]
        after = page.next

    assert names == ["user.added", "lead.captured", "lead.contacted"]
    assert crm.feed(after=after) == crm.feed(after=page.next)
    captured(crm, "Olives")
    assert [event.name for event in crm.feed(after=after).events] == ["lead.captured"]


def test_what_a_sweep_did_is_fed(crm: CRM) -> None:
    """Also in a transaction that did nothing else."""
    lead = captured(crm)
    after = crm.feed().next
    sweep = Sweep("oils", Lead, where=where("topic") == "oil", sets={"source": "olives"}, event="lead.sourced")
    crm.run(None, lambda tx: tx.sweep(sweep))

    assert [(event.name, event.id) for event in crm.feed(after=after).events] == [("lead.sourced", lead.id)]


def test_a_feed_is_about_a_record_or_a_kind(crm: CRM) -> None:
    """By its id, or by its name."""
    one, other = captured(crm), captured(crm)

    assert [event.id for event in crm.feed(about="lead").events] == [one.id, other.id]
    assert [event.id for event in crm.feed(about=other.id).events] == [other.id]
    assert crm.feed(about="case").events == ()


@pytest.mark.parametrize("after", ["", "x", "1", "1.", "-1.0", "01.0", "1.0\n", "１.0", f"{LAST + 1}.0", 7, b"1.0"])
def test_a_cursor_that_was_made_up_is_refused(after: Any) -> None:
    """Whatever no feed has given."""
    with CRM.open("memory:") as crm, pytest.raises(Invalid) as refused:
        crm.feed(after=after)

    assert refused.value.field == "after"


@pytest.mark.parametrize("limit", [0, -1, 10_001, True, 1.0, None])
def test_a_limit_that_cannot_be_is_refused(limit: Any) -> None:
    """It names how many may be asked for."""
    with CRM.open("memory:") as crm, pytest.raises(Invalid, match="10,000"):
        crm.feed(limit=limit)


def test_what_a_feed_cannot_be_about_is_refused() -> None:
    """A kind that is not there, a UUID of another version."""
    with CRM.open("memory:") as crm:
        with pytest.raises(CriteriaError):
            crm.feed(about="leed")
        with pytest.raises(Invalid):
            crm.feed(about=3)  # type: ignore[arg-type] # what a caller without types may do


@pytest.mark.parametrize("at", [START, Place(1, 2), Place(LAST, LAST)])
def test_a_cursor_means_its_place(at: Place) -> None:
    """There and back."""
    assert place(cursor(at)) == at


def test_a_store_that_is_away_is_unavailable() -> None:
    """It is asked again for a while, and no error of a driver comes out."""
    with CRM.open("memory:") as crm:
        faulty = Faulty(crm._opened())
        crm._store = faulty
        captured(crm)
        with faulty.failing(1, "before"):
            assert len(crm.feed().events) == 2
        with faulty.failing(1, "before", again=True), pytest.raises(Unavailable):
            crm.feed()


@pytest.mark.parametrize(
    ("before", "order"),
    [
        ({"a": "", "b": "", "c": ""}, "abc"),
        ({"a": "b", "b": "", "c": ""}, "bac"),
        ({"a": "c", "b": "a", "c": ""}, "cab"),
        ({"a": "bc", "b": "c", "c": ""}, "cba"),
        ({"a": "b", "b": "a", "c": ""}, "bac"),
    ],
)
def test_an_operation_comes_behind_those_before_it(before: dict[str, str], order: str) -> None:
    """Otherwise as they came; who wait for each other, which only a damaged journal has, all come once."""
    assert "".join(ordered(before, before)) == order
