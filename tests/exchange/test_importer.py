"""Whole files: what is kept when lines are refused, files of rejects, importing twice, and memory that stays flat."""

from __future__ import annotations

import csv
import gc
import tracemalloc
from collections.abc import Iterator
from io import StringIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.crms import STORES, opened
from support.faulty import WHEN, Faulty, When

from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.errors import Invalid, NotFound, StoreError
from crmkit.core.kernel.ground import Const
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import IMPLIED
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.crm import CRM
from crmkit.exchange import imported
from crmkit.exchange.imported import Imported
from crmkit.exchange.importer import import_csv
from crmkit.exchange.mapping import Plan
from crmkit.exchange.note import Note


def bring(crm: CRM, kind: str, text: str, *, batch: int = 500, rejected: Path | None = None) -> Imported:
    """Import a text."""
    return import_csv(crm, StringIO(text), kind=kind, batch=batch, rejected=rejected)


def topics(crm: CRM) -> list[str]:
    """What the leads are called, in the order of their keys."""
    with crm.transaction() as tx:
        return [lead.topic for lead in tx.of(Lead).find(order=("key",))]


def everything(crm: CRM) -> list[tuple[str, str, int]]:
    """Which records there are, and at which version, besides those that imports leave of themselves."""
    with crm.transaction() as tx:
        return [
            (event.kind, str(event.id), event.version) for event in tx.journal() if event.kind != kind_of(ImportRun)
        ]


def test_a_file_says_what_became_of_its_lines(crm: CRM) -> None:
    """Every line is in one count, the empty one is none."""
    bring(crm, "lead", "key,topic\nL1,a\nL2,b\n")
    done = bring(crm, "lead", "key,topic\nL1,a\nL2,c\n,\nL3,d\nL4,\n")

    assert (done.read, done.unchanged, done.revised, done.created, done.rejected) == (4, 1, 1, 1, 1)
    assert str(done) == "4 read, 1 created, 1 revised, 1 unchanged, 1 rejected"
    assert topics(crm) == ["a", "c", "d"]


@pytest.mark.parametrize("when", WHEN)
def test_whoever_is_in_the_way_for_a_moment_costs_no_line(when: When, tmp_path: Path) -> None:
    """Whatever is asked when a transaction is in another's way, it is entered again as a whole, and once."""
    text, number, fell = "key,topic\nL1,a\nL2,b\nL3,\nL4,d\nL5,e\n", 0, True
    while fell:
        number += 1
        with opened("memory", tmp_path) as crm:
            crm._store = front = Faulty(crm._store)  # type: ignore[arg-type]
            with front.failing(number, when):
                done = bring(crm, "lead", text, batch=2)
            fell = front.failed > 0
            assert (done.created, done.rejected, topics(crm)) == (4, 1, ["a", "b", "d", "e"]), number
            assert [note.line for note in done.notes if note.rejected] == [4]
            with crm.read() as view:
                (run,) = view.of(ImportRun).find()
                told = {event.stamp.operation for event in view.journal() if event.name == "lead.captured"}
            assert (run.created, run.rejected, set(done.operations)) == (4, 1, told)
            assert len(done.operations) == len(told)
            assert crm.replay()
    assert number > 20


def test_the_good_lines_around_a_bad_one_are_kept(crm: CRM) -> None:
    """Whatever the batch, a refused line alone is left out, and nothing of it is half-written."""
    lines = [f"D{number},A{number},{'won' if number % 7 else 'maybe'},2025-02-01," for number in range(40)]
    lines[11] = "D11,A11,lost,2025-02-01,rain"  # refused by the last of several commands, when the account is there
    lines[12] = "D12,A12,won,,"
    done = bring(crm, "opportunity", "\n".join(["key,account,outcome,closed,reason", *lines]), batch=16)

    bad = {11, 12, *range(0, 40, 7)}
    assert [note.line for note in done.notes if note.rejected] == [number + 2 for number in sorted(bad)]
    assert done.created == 40 - len(bad)
    with crm.transaction() as tx:
        good = {number for number in range(40) if number not in bad}
        assert {deal.key for deal in tx.of(Opportunity).find()} == {f"D{number}" for number in good}
        assert {event.changes["key"][1] for event in tx.journal() if event.name == "account.added"} == {
            f"A{number}" for number in good
        }


@pytest.mark.parametrize("batch", [1, 2, 3, 500])
def test_the_batch_makes_no_difference(crm: CRM, batch: int) -> None:
    """How many lines share a transaction is a matter of speed."""
    bring(crm, "lead", "key,topic,company,created\nL1,a,A,2025-01-01\n", batch=batch)
    lines = ("D1,L1,lost,2025-02-01,rain", "D2,L1,,,", "D3,L9,,,", "D4,L1,lost,2025-02-01,cancelled")
    done = bring(crm, "opportunity", "\n".join(["key,lead,outcome,closed,reason", *lines]), batch=batch)

    assert (done.created, [note.line for note in done.notes]) == (2, [2, 4])
    assert done.notes[0].rejected and done.notes[1].rejected


def test_a_batch_of_bad_lines_only_comes_to_an_end(crm: CRM) -> None:
    """Nothing is good in it, and every line has its reason."""
    lines = [f"D{number},L{number}" for number in range(300)]
    done = bring(crm, "opportunity", "\n".join(["key,lead", *lines]), batch=120)

    assert (done.created, done.rejected) == (0, 300)
    assert [note.line for note in done.notes] == list(range(2, 302))


def test_rejected_lines_can_be_put_right_and_imported_again(crm: CRM, tmp_path: Path) -> None:
    """Their file has the columns of the first one, with line and reason in front, and is gone when nothing is left."""
    path, rejected = tmp_path / "leads.csv", tmp_path / "leads-rejected.csv"
    path.write_text('key,topic,reason\nL1,"Cards, two\nof them",\nL2,,x\nL3,Loans,,1\n', encoding="utf-8")
    first = import_csv(crm, path, kind="lead", rejected=rejected)

    assert (first.created, first.rejected) == (1, 2)
    with rejected.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["rejected_line", "rejected_because", "key", "topic", "reason"]
    assert rows[1] == ["4", rows[1][1], "L2", "", "x"] and "topic: is missing" in rows[1][1]
    assert rows[2] == ["5", "line: has 4 cells; accepted: 3, as many as the header", "L3", "Loans", "", "1"]

    fixed = tmp_path / "fixed.csv"
    with fixed.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([rows[0], [*rows[1][:3], "Cards", "x"], rows[2][:-1]])
    second = import_csv(crm, fixed, kind="lead", rejected=rejected)

    assert (second.created, second.rejected) == (2, 0)
    assert topics(crm) == ["Cards, two\nof them", "Cards", "Loans"]
    assert not rejected.exists()


def test_an_unclosed_quote_does_not_swallow_the_file(crm: CRM, tmp_path: Path) -> None:
    """Its line is rejected with its text, and the others are imported."""
    rejected, lines = tmp_path / "rejected.csv", [f"L{number},a" for number in range(2_000)]
    lines[2] = 'L2,"unclosed'
    done = bring(crm, "lead", "\n".join(["key,topic", *lines]), rejected=rejected)

    assert (done.created, done.rejected, done.notes[0].line) == (1_999, 1, 4)
    with rejected.open(encoding="utf-8", newline="") as stream:
        assert [row[2:] for row in csv.reader(stream)] == [["key", "topic"], ["L2", '"unclosed']]


def test_a_file_of_rejects_takes_whatever_stands_in_a_cell(crm: CRM, tmp_path: Path) -> None:
    """Half a surrogate pair and NUL are what a line may be rejected for."""
    rejected = tmp_path / "rejected.csv"
    done = bring(crm, "lead", "key,topic\nL1,a\ud800b\nL2,a\0b\n", rejected=rejected)

    assert (done.rejected, [note.field for note in done.notes]) == (2, ["topic", "topic"])
    assert rejected.read_text(encoding="utf-8").count("\n") == 3


def test_a_file_is_not_overwritten_by_its_rejects(crm: CRM, tmp_path: Path) -> None:
    """Reading and writing one file would lose it."""
    path = tmp_path / "leads.csv"
    path.write_text("topic\na\n")

    with pytest.raises(Invalid, match="is the file that is read"):
        import_csv(crm, path, kind="lead", rejected=tmp_path / "." / "leads.csv")
    with pytest.raises(Invalid, match="cannot be written"):
        import_csv(crm, path, kind="lead", rejected=tmp_path)
    assert path.read_text() == "topic\na\n"


@pytest.mark.parametrize("held", [b"SQLite format 3\0", b"key,topic\nL1,a\n", b"\xff\xfe"])
def test_rejects_take_no_other_file_away(crm: CRM, tmp_path: Path, held: bytes) -> None:
    """A database, the list of somebody else: only a file of rejects, or an empty one, is written anew."""
    before, place = everything(crm), tmp_path / "somebody.csv"
    place.write_bytes(held)

    with pytest.raises(Invalid, match="holds something else") as refused:
        bring(crm, "lead", "key,topic\nL1,a\nL2,\n", rejected=place)
    assert refused.value.field == "rejected"
    assert (place.read_bytes(), everything(crm)) == (held, before)


def test_a_place_for_rejects_is_tried_before_anything_is_written(crm: CRM, tmp_path: Path) -> None:
    """A folder that is not there is no news for the first line that is rejected; trying leaves nothing behind."""
    before = everything(crm)
    with pytest.raises(Invalid, match="cannot be written"):
        bring(crm, "lead", "key,topic\nL1,a\n", rejected=tmp_path / "none" / "rejected.csv")
    assert everything(crm) == before

    bring(crm, "lead", "key,topic\nL1,a\n", rejected=tmp_path / "rejected.csv")
    assert list(tmp_path.glob("*.csv")) == []


def test_rejects_of_before_are_there_until_the_import_is_done(crm: CRM, tmp_path: Path) -> None:
    """An import that does not come to its end takes nothing away."""
    rejected = tmp_path / "rejected.csv"
    bring(crm, "lead", "key,topic\nL1,\n", rejected=rejected)
    before = rejected.read_bytes()

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_csv(crm, StringIO("topic\na\n"), kind="lead", rejected=rejected, progress=stop)
    assert rejected.read_bytes() == before
    rejected.write_bytes(b"")
    bring(crm, "lead", "key,topic\nL1,\n", rejected=rejected)
    assert rejected.read_bytes() == before


def test_a_file_that_cannot_be_read_writes_nothing(crm: CRM, tmp_path: Path) -> None:
    """A wrong encoding far behind, a column twice or not there, no such kind: said before the first line."""
    before = everything(crm)
    path = tmp_path / "leads.csv"
    path.write_bytes(b"topic\n" + b"a\n" * 20_000 + b"\xff\n")
    with pytest.raises(Invalid, match="is not utf-8"):
        import_csv(crm, path, kind="lead")
    with pytest.raises(Invalid, match="twice"):
        bring(crm, "lead", "topic,topic\na,b\n")
    with pytest.raises(Invalid, match="orign"):
        import_csv(crm, StringIO("topic,origin\na,b\n"), kind="lead", plan=Plan(columns={"source": "orign"}))
    with pytest.raises(Invalid, match="«leed».*accepted: lead"):
        bring(crm, "leed", "topic\na\n")
    with pytest.raises(Invalid, match="batch"):
        bring(crm, "lead", "topic\na\n", batch=0)

    assert everything(crm) == before


def test_only_who_may_act_imports(crm: CRM) -> None:
    """An unknown or inactive actor ends the import; it is no fault of the lines."""
    with crm.transaction() as tx:
        kim = tx.people.add_user(name="Kim", key="kim")
    done = import_csv(crm, StringIO("topic\na\n"), kind="lead", actor=kim)

    assert done.created == 1
    with crm.transaction() as tx:
        assert tx.history(tx.of(Lead).find()[0])[0].stamp.by == kim.id
    with pytest.raises(NotFound):
        import_csv(crm, StringIO("topic\na\n"), kind="lead", actor=Id.of("00000000-0000-7000-8000-00000000dead"))


def test_a_store_that_fails_ends_the_import(crm: CRM) -> None:
    """No line can be blamed for it, so none is rejected."""
    crm.close()

    with pytest.raises(StoreError):
        bring(crm, "lead", "topic\na\n")


def test_progress_and_notes_are_told_as_they_come(crm: CRM) -> None:
    """Batch by batch how many lines were read, and every note in the order of the lines."""
    heard, seen = list[Note](), list[int]()
    text = "topic,source\n" + "a,\n" * 5
    done = import_csv(crm, StringIO(text), kind="lead", batch=2, listen=heard.append, progress=seen.append)

    assert seen == [2, 4, 5]
    assert tuple(heard) == done.notes
    assert [note.line for note in heard] == [2, 3, 4, 5, 6]


def test_notes_are_counted_by_reason(crm: CRM) -> None:
    """The most frequent first, each with its first lines."""
    done = bring(crm, "lead", "topic,source,phone\n" + "a,,n/a\n" * 7 + "a,web,0000\n,web,\n")

    assert [(reason.field, reason.count, reason.rejected) for reason in done.reasons] == [
        ("phone", 8, False),
        ("source", 7, False),
        ("topic", 1, True),
    ]
    assert done.reasons[0].lines == (2, 3, 4, 5, 6)


def test_a_line_that_repeats_one_before_is_said(crm: CRM) -> None:
    """Whether it revises the record or says nothing new; in the file of another day it is an ordinary revision."""
    done = bring(crm, "lead", "key,topic\nL1,a\nL1,a\nL1,b\n", batch=1)
    again = bring(crm, "lead", "key,topic\nL1,a\n")

    assert [str(note) for note in done.notes] == [
        "line 3, key: the same as in a line before, this one has nothing new (L1)",
        "line 4, key: the same as in a line before, this one revises it (L1)",
    ]
    assert (done.created, done.unchanged, done.revised) == (1, 1, 1)
    assert (again.revised, again.notes) == (1, ())


def test_repeated_lines_may_be_what_a_file_is_made_of(crm: CRM) -> None:
    """A plan that says so hears nothing about them."""
    text = "sdr\na\nb\na\n"
    done = import_csv(crm, StringIO(text), kind="user", plan=Plan(columns={"key": "sdr"}, repeats=True))

    assert (done.created, done.unchanged, done.notes) == (2, 1, ())


LEAD_CELLS = {
    "topic": st.sampled_from(["Cards", "Loans", ""]),
    "company": st.sampled_from(["한빛상사", "ACME", ""]),
    "source": st.sampled_from(["web", "branch", ""]),
    "email": st.sampled_from(["a@b.kr", "kim(at)example.com", ""]),
    "contacted": st.sampled_from(["2025-01-03", "soon", ""]),
    "disqualified": st.sampled_from(["2025-01-04", ""]),
}
DEAL_CELLS = {
    "key": st.sampled_from(["D1", "D2", "D3"]),
    "lead": st.sampled_from(["L1", "L2", "L9", ""]),
    "account": st.sampled_from(["A1", ""]),
    "stage": st.sampled_from(["engaging", "dreaming", ""]),
    "outcome": st.sampled_from(["won", "lost", ""]),
    "closed": st.sampled_from(["2025-01-05", ""]),
    "amount": st.sampled_from(["5", "-5", ""]),
}


#: A deal of a lead without a company or a person, above one that names an account for it.
EMPTY_LEAD = "topic,company,source,email,contacted,disqualified\nCards,,,,,\n"
LATE_ACCOUNT = "key,lead,account,stage,outcome,closed,amount\nD1,L0,,,,,\nD2,L0,A1,,,,"


def files(cells: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """Texts of up to eight lines of such cells."""
    line = st.tuples(*cells.values()).map(",".join)
    return st.lists(line, max_size=8).map(lambda lines: "\n".join([",".join(cells), *lines]))


@pytest.fixture(scope="module", params=STORES)
def shared(request: pytest.FixtureRequest) -> Iterator[CRM]:
    """A CRM for many examples, each of which finds records of its own only."""
    with TemporaryDirectory() as folder, opened(request.param, Path(folder)) as crm:
        yield crm


SALTS = count()  #: no two examples have a key in common, nor has one that is tried again


@settings(max_examples=25)
@given(leads=files(LEAD_CELLS), deals=files(DEAL_CELLS))
@example(leads=EMPTY_LEAD, deals=LATE_ACCOUNT)
def test_importing_again_changes_nothing_that_was_taken(shared: CRM, leads: str, deals: str) -> None:
    """Lines known by their keys find what they said there already; one that is refused may lack what comes below it.

    Each time that is less, and once nothing new is taken, nothing changes any more.
    """
    plan, salt = Plan(constants={"currency": "EUR"}), f"{next(SALTS)}."
    head, *lines = leads.splitlines()
    leads = "\n".join([f"key,{head}", *(f"{salt}{number},{line}" for number, line in enumerate(lines))])
    deals = deals.replace("\nD", f"\n{salt}D").replace(",L", f",{salt}").replace(",A1", f",{salt}A1")
    head, *lines = deals.splitlines()
    deals = "\n".join([head, *{line.split(",")[0]: line for line in lines}.values()])

    def both() -> list[Imported]:
        return [
            import_csv(shared, StringIO(leads), kind="lead"),
            import_csv(shared, StringIO(deals), kind="opportunity", plan=plan),
        ]

    refused = [done.rejected for done in both()]
    for _ in lines:
        again = both()
        assert [done.created for done in again] == [
            before - done.rejected for before, done in zip(refused, again, strict=True)
        ]
        assert [done.revised for done in again] == [0, 0]
        refused = [done.rejected for done in again]
    before = everything(shared)
    last = both()

    assert everything(shared) == before
    assert [(done.created, done.revised, done.rejected) for done in last] == [(0, 0, many) for many in refused]


def rows_of(crm: CRM) -> dict[str, list[Any]]:
    """All records as they are, but for how often and when they were stepped; without those of imports."""
    with crm.read() as view:
        return {
            kind: [
                tuple(cell for column, cell in zip(model.columns, row, strict=True) if column.path not in IMPLIED)
                for row in view.session.page(kind, Const(True))
            ]
            for kind, model in view.model.entities.items()
            if model.cls is not ImportRun
        }


@settings(max_examples=15)
@given(leads=files(LEAD_CELLS), deals=files(DEAL_CELLS), batch=st.integers(1, 4))
def test_an_import_is_taken_back_as_one(shared: CRM, leads: str, deals: str, batch: int) -> None:
    """In however many transactions it was done, and beside whatever was there; the journal says what it says."""
    plan, salt = Plan(constants={"currency": "EUR"}), f"{next(SALTS)}."
    head, *lines = leads.splitlines()
    leads = "\n".join([f"key,{head}", *(f"{salt}{number},{line}" for number, line in enumerate(lines))])
    deals = deals.replace("\nD", f"\n{salt}D").replace(",L", f",{salt}").replace(",A1", f",{salt}A1")
    first = import_csv(shared, StringIO(leads), kind="lead", batch=batch)
    before = rows_of(shared)

    second = import_csv(shared, StringIO(deals), kind="opportunity", plan=plan, batch=batch)
    changed = rows_of(shared) != before
    if second.operations:
        with shared.transaction() as tx:
            tx.undo(second.operations)

    assert changed == bool(second.operations)
    assert rows_of(shared) == before
    assert len(first.operations) <= first.read
    assert shared.replay()


def peak(crm: CRM, lines: int) -> int:
    """The most memory that an import of so many lines holds at one time, in bytes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        with path.open("w", encoding="utf-8") as stream:
            stream.write("key,topic,source,phone\n")
            stream.writelines(f"L{number % 50},{'' if number % 3 else 'Cards'},,n/a\n" for number in range(lines))
        gc.collect()
        tracemalloc.start()
        import_csv(crm, path, kind="lead", rejected=Path(folder) / "rejected.csv")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_many_times_the_lines_need_no_more_memory() -> None:
    """A file is streamed: neither its lines nor what is said about them pile up."""
    with opened("memory", Path()) as crm:
        peak(crm, 1_000)  # the records are there, and everything is compiled
        few, many = peak(crm, 1_000), peak(crm, 8_000)

    assert many < few * 1.5


def test_reasons_do_not_pile_up(crm: CRM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a thousand kinds of notes they are not told apart any more."""
    monkeypatch.setattr(imported, "MOST_REASONS", 3)
    done = bring(crm, "lead", "a\n" + "".join(f"{',' * number}x\n" for number in range(1, 9)))

    assert done.reasons[0].reason == "other reasons"
    assert (len(done.reasons), sum(reason.count for reason in done.reasons)) == (4, 8)
