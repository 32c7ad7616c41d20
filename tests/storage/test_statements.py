"""How many statements things take: as many as it says here, whatever else there is in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import evolve
from support.counting import said
from support.crms import STORES, opened

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.sweep import Sweep
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.transaction import Transaction

SQL = [store for store in STORES if store != "memory"]
WITH_BEGIN = {"sqlite": 1}  #: elsewhere the driver says BEGIN by itself
WITH_SAVEPOINT = {"postgres": 1}  #: elsewhere one row by itself needs none


@pytest.fixture(params=SQL)
def store(request: pytest.FixtureRequest) -> str:
    """Every store that is asked in SQL."""
    return str(request.param)


@pytest.fixture
def crm(store: str, tmp_path: Path) -> Iterator[CRM]:
    """A fresh CRM."""
    with opened(store, tmp_path) as crm:
        yield crm


def captured(tx: Transaction, number: int) -> Id[Lead]:
    """A lead with everything that qualifying reads."""
    return tx.sales.capture_lead(
        topic=f"Fibre {number}",
        company=f"Hanbit {number}",
        person="Kim Gildong",
        email=f"gildong{number}@example.com",
    ).id


def counted(crm: CRM, do: Callable[[Transaction], object]) -> int:
    """How many statements a transaction takes that does this, its beginning and its operation with it."""
    with said() as statements, crm.transaction() as tx:
        do(tx)
    return len(statements)


def beyond(store: str) -> int:
    """What is said on this store beside reading and writing."""
    return WITH_BEGIN.get(store, 0) + WITH_SAVEPOINT.get(store, 0)


def related(crm: CRM) -> list[Id[Lead]]:
    """Twelve leads, of which ten became deals, accounts and contacts."""
    with crm.transaction() as tx:
        leads = [captured(tx, number) for number in range(12)]
        for lead in leads[:10]:
            tx.sales.qualify(lead)
    return leads[10:]


def test_a_move_reads_and_writes_once(crm: CRM, store: str) -> None:
    """The record read and changed, its event, the operation."""
    one, other = related(crm)

    assert counted(crm, lambda tx: tx.sales.contact(one)) == 4 + beyond(store)
    assert counted(crm, lambda tx: tx.sales.contact(other)) == 4 + beyond(store)


def test_a_conversion_takes_the_same_dozen_statements_whatever_there_is(crm: CRM, store: str) -> None:
    """The lead, who could be meant, five records written, their events at once, the operation."""
    with crm.transaction() as tx:
        first = captured(tx, 99)
    alone = counted(crm, lambda tx: tx.sales.qualify(first))
    one, other = related(crm)

    assert [counted(crm, lambda tx: tx.sales.qualify(one)), counted(crm, lambda tx: tx.sales.qualify(other))] == [
        alone,
        alone,
    ]
    assert alone <= 12, store


def test_to_win_and_to_reopen_locks_instead_of_reading(crm: CRM, store: str) -> None:
    """Deal, stay, lead and account read once, the first deals won asked for; each written once, the events twice.

    There is one savepoint: nothing is written before the locks, which would end one.
    """
    lead, _ = related(crm)
    with crm.transaction() as tx:
        opened = tx.sales.qualify(lead).opportunity
    assert opened is not None

    for do in (lambda tx: tx.sales.win(opened.id), lambda tx: tx.sales.reopen(opened.id)):
        assert counted(crm, do) == 14 + WITH_BEGIN.get(store, 0)


def test_a_tree_is_bent_by_one_statement_for_each_above(crm: CRM, store: str) -> None:
    """What was read of them before, or not, does not matter: they are locked."""
    with crm.transaction() as tx:
        top = tx.people.add_unit(name="top")
        middle = tx.people.add_unit(name="middle", parent=top.id)
        unit = tx.people.add_unit(name="unit")

    assert counted(crm, lambda tx: tx.revise(evolve(unit, parent_id=middle.id))) == 6 + beyond(store)


def test_many_records_of_a_kind_are_written_at_once(crm: CRM) -> None:
    """Ten leads take as many statements as a hundred."""

    def capture(many: int, start: int) -> Callable[[Transaction], object]:
        return lambda tx: [captured(tx, number) for number in range(start, start + many)]

    assert counted(crm, capture(10, 0)) == counted(crm, capture(100, 100))


def test_a_sweep_is_done_to_all_records_at_once(crm: CRM) -> None:
    """A store that cannot say how many rows it changed would change them one by one, and nobody would see it."""
    with crm.transaction() as tx:
        ids = [captured(tx, number) for number in range(40)]

    def mark(tag: str, topics: str) -> Sweep:
        return Sweep("mark", Lead, where("topic").starts_with(topics), {"tags": frozenset({tag})}, event="lead.marked")

    few, many = (
        counted(crm, lambda tx: tx.sweep(mark("a", "Fibre 1"))),
        counted(crm, lambda tx: tx.sweep(mark("b", "F"))),
    )
    assert few == many < 12
    few = counted(crm, lambda tx: tx.guarded(mark("c", "F"), ids[:3]))
    many = counted(crm, lambda tx: tx.guarded(mark("c", "F"), ids[3:]))
    assert few == many < 12


def test_a_list_is_read_at_once(crm: CRM) -> None:
    """One statement for a hundred records as for one, and what was read is not read again."""
    with crm.transaction() as tx:
        ids = [captured(tx, number) for number in range(100)]

    with crm.transaction() as tx:
        with said() as of_one:
            tx.of(Lead).find(where("topic") == "Fibre 1")
        with said() as of_all:
            tx.of(Lead).find()
        with said() as again:
            for id in ids:
                tx.of(Lead).get(id)

    assert (len(of_one), len(of_all), len(again)) == (1, 1, 0)


def test_a_statement_more_is_seen(crm: CRM) -> None:
    """The count sees what SQLAlchemy says, and what goes to the driver itself."""
    with crm.transaction() as tx:
        one, other = captured(tx, 1), captured(tx, 2)

    both = counted(crm, lambda tx: (tx.sales.contact(one), tx.of(Lead).count()))
    assert both == counted(crm, lambda tx: tx.sales.contact(other)) + 1
