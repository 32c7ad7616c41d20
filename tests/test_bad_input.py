"""Whatever a caller gives in the place of something else is refused in words of ours, the same on all stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import frozen
from support.crms import STORES, opened, undone

from crmkit import CRM, where
from crmkit.core.customers.account import Account
from crmkit.core.kernel.criteria import ALWAYS, some
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.service.case import CaseType
from crmkit.transaction import Transaction

IN_ITSELF: list[Any] = []
IN_ITSELF += [IN_ITSELF, IN_ITSELF]

JUNK: dict[str, Any] = {
    "nothing": None,
    "a number": 5,
    "a huge number": 10**30,
    "a number that cannot be shown": 10**5000,
    "true": True,
    "a float": 0.5,
    "no number": float("nan"),
    "an amount": Decimal("1E+999999"),
    "a word": "x",
    "an empty text": "",
    "half a character": "\ud800",
    "a long text": "x" * 200_000,
    "bytes": b"x",
    "a date": date(2026, 1, 1),
    "a naive moment": datetime(2026, 1, 1),
    "a moment": datetime(1, 1, 1, tzinfo=UTC),
    "an empty list": [],
    "a list of numbers": [5],
    "a list of nothing": [None],
    "a list of lists": [[]],
    "a list in itself": IN_ITSELF,
    "a name": {"x": 1},
    "a name that is none": {5: 1},
    "a name with too much": {"x": 10**5000},
    "a name with itself": {"x": IN_ITSELF},
    "an object": object(),
    "a class": int,
    "somebody's id": uuid7(1, 1),
}


@frozen
class Known:
    """What there is."""

    account: Any
    case: Any


Call = Callable[[Transaction, Known, Any], object]

SWEEP = Sweep("web", Lead, ALWAYS, sets={"source": "web"}, event="lead.sourced")

CALLS: dict[str, Call] = {
    "limit": lambda tx, _, junk: tx.of(Lead).find(limit=junk),
    "limit of a page": lambda tx, _, junk: tx.of(Lead).page(limit=junk),
    "order": lambda tx, _, junk: tx.of(Lead).find(order=junk),
    "names to order by": lambda tx, _, junk: tx.of(Lead).find(order=(junk,)),
    "cursor": lambda tx, _, junk: tx.of(Lead).page(after=junk),
    "in": lambda tx, _, junk: tx.of(Lead).find(where("version").in_(junk)),
    "number": lambda tx, _, junk: tx.of(Lead).find(where("version") < junk),
    "part": lambda tx, _, junk: tx.of(Opportunity).find(where("expected_on").part("year") == junk),
    "age": lambda tx, _, junk: tx.of(Opportunity).find(where("expected_on").age_years >= junk),
    "some": lambda tx, _, junk: tx.of(Account).find(some("contact", "account", least=junk)),
    "undo": lambda tx, _, junk: tx.undo(junk),
    "undo some": lambda tx, _, junk: tx.undo([junk]),
    "guarded": lambda tx, _, junk: tx.guarded(SWEEP, junk),
    "keys": lambda tx, known, junk: tx.keys.reserve("email", junk, holder=known.account.id),
    "space": lambda tx, known, junk: tx.keys.reserve(junk, ["x"], holder=known.account.id),
    "holder": lambda tx, _, junk: tx.keys.reserve("email", ["x"], holder=junk),
    "counter": lambda tx, _, junk: tx.counters.add("x", junk),
    "limit of a counter": lambda tx, _, junk: tx.counters.add("x", most=junk),
    "minutes": lambda tx, known, junk: tx.service.resolve(known.case.id, resolution="done", minutes=junk),
    "details": lambda tx, known, junk: tx.change(known.account, "account.called", junk),
    "said": lambda tx, known, junk: tx.change(known.account, "account.called", {"said": junk}),
    "text": lambda tx, _, junk: tx.sales.capture_lead(topic=junk),
    "tags": lambda tx, _, junk: tx.sales.capture_lead(topic="Oil", tags=junk),
}


@pytest.fixture(scope="module", params=STORES)
def crm(request: pytest.FixtureRequest) -> Iterator[CRM]:
    """A CRM on each store."""
    with TemporaryDirectory() as folder, opened(request.param, Path(folder)) as crm:
        yield crm


@pytest.fixture(scope="module")
def known(crm: CRM) -> Known:
    """An account, a deal with it that has a date, and a case."""
    with crm.transaction() as tx:
        account = tx.customers.add_account(name="Acme")
        tx.sales.open_opportunity(name="Oil", account=account.id, expected_on=date(2026, 5, 1))
        case = tx.service.open_case(title="Oil", type=CaseType.REQUEST, account=account.id)
        return Known(account=account, case=case)


@pytest.mark.parametrize("call", CALLS)
def test_what_is_given_is_taken_or_refused_in_words_of_ours(crm: CRM, known: Known, call: str) -> None:
    """Nothing else is raised; what was taken can be written."""
    for junk in JUNK.values():
        with undone(crm) as tx, suppress(CrmError):
            CALLS[call](tx, known, junk)
            tx.flush()


WRONG: dict[str, Callable[[CRM], object]] = {
    "a deadline in seconds": lambda crm: crm.run(None, lambda _: None, deadline=5),  # type: ignore[arg-type]
    "a feed of too much": lambda crm: crm.feed(limit=10**30),
    "disabled by number": lambda _: CRM.open("memory:", disabled=5),  # type: ignore[arg-type]
    "a zone by number": lambda _: CRM.open("memory:", zone=5),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("wrong", WRONG)
def test_so_is_what_a_crm_is_asked(wrong: str) -> None:
    """Before anything is done."""
    with CRM.open("memory:") as crm, pytest.raises(CrmError):
        WRONG[wrong](crm)


def test_numbers_of_63_bits_are_taken_everywhere(crm: CRM, known: Known) -> None:
    """The largest one is a limit, and compares."""
    largest = 2**63 - 1
    with crm.read() as view:
        accounts, deals = view.of(Account), view.of(Opportunity)
        assert list(accounts.find(limit=largest)) == list(accounts.page(limit=largest)) == [known.account]
        assert accounts.count(where("version") < largest) == 1
        assert deals.count(where("expected_on").part("year") < largest) == 1
        assert deals.count(where("expected_on").part("year") > -largest) == 1
        assert deals.count(where("expected_on").age_years > -largest) == 1
        assert accounts.count(some("contact", "account", least=largest)) == 0
