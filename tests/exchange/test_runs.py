"""Runs: an import is found again by a later program, tells what it committed, and is taken back as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from support.counting import said
from support.crms import LOCAL, STORES, opened, place, plugged

from crmkit import ALWAYS, CRM, NEVER, where
from crmkit.core.customers.account import Account
from crmkit.core.imports.run import ImportRun, RunStatus
from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.errors import DefinitionError, IllegalMove, Invalid, NotFound, Refused
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.undo import Undone
from crmkit.core.people.user import SYSTEM
from crmkit.core.sales.lead import Lead
from crmkit.exchange.imported import Effect, Imported
from crmkit.exchange.importer import import_csv
from crmkit.exchange.run import Run
from crmkit.transaction import Transaction

THREE = "key,topic\nL1,a\nL2,b\nL3,c\n"


def bring(crm: CRM, text: str, *, kind: str = "lead", batch: int = 500, **how: Any) -> Imported:
    """Import a text."""
    return import_csv(crm, StringIO(text), kind=kind, batch=batch, **how)


def run_of(crm: CRM, id: Id[ImportRun] | None = None) -> ImportRun:
    """The run as it is kept; the only one there is, unless it is named."""
    with crm.read() as view:
        if id is not None:
            return view.of(ImportRun).get(id)
        (run,) = view.of(ImportRun).find()
        return run


def taken_back(crm: CRM, run: Id[ImportRun]) -> Undone:
    """What undoing it did."""
    return crm.run(None, lambda tx: tx.imports.undo(run))


def keys(crm: CRM) -> set[str | None]:
    """Those of the leads."""
    with crm.read() as view:
        return {lead.key for lead in view.of(Lead).find()}


def events(crm: CRM, run: Id[ImportRun]) -> list[str]:
    """What happened to a run."""
    with crm.read() as view:
        return [event.name for event in view.history(view.of(ImportRun).get(run))]


@pytest.mark.parametrize("store", STORES)
def test_another_program_takes_an_import_back(store: str, tmp_path: Path) -> None:
    """It finds the run, whose record stays and says so; the journal says by whom."""
    path, rejected = tmp_path / "leads.csv", tmp_path / "rejected.csv"
    path.write_text(f"{THREE}L4,\n", encoding="utf-8")
    with place(store, tmp_path) as url, CRM.open(url) as crm:
        bring(crm, "key,topic\nL0,z\n")
        import_csv(crm, path, kind="lead", batch=2, rejected=rejected)
        # what is in memory has no other program
        with nullcontext(crm) if store == "memory" else CRM.open(url) as later:
            with later.read() as view:
                (run,) = view.of(ImportRun).find(where("file") == "leads.csv")
            assert (run.kind, run.status, run.rejects) == ("lead", "ended", str(rejected.resolve()))
            assert (run.created, run.revised, run.unchanged, run.rejected) == (3, 0, 0, 1)

            assert taken_back(later, run.id) == Undone(changed=0, removed=3, returned=0)

            assert keys(later) == {"L0"}
            with later.read() as view:
                last = view.history(run)[-1]
            assert (last.name, last.stamp.by) == ("import_run.taken_back", SYSTEM.id)
            undone = evolve(run, status=RunStatus.UNDONE, version=last.version, modified_at=last.stamp.at)
            assert run_of(later, run.id) == undone
            assert later.replay()


def test_a_customer_stays_one_by_the_deal_of_another_file(crm: CRM) -> None:
    """The deal of the first file was won first; without it the other one counts, which had changed nothing there."""
    bring(crm, "key,name\nA1,El Olivo\n", kind="account")
    first, _ = [
        bring(crm, f"key,name,account,outcome,closed\nO{day},Oil,A1,won,2026-01-0{day}\n", kind="opportunity")
        for day in (1, 2)
    ]

    assert first.run is not None
    taken_back(crm, first.run)

    with crm.read() as view:
        (account,) = view.of(Account).find()
    assert account.customer_since == datetime(2026, 1, 2, tzinfo=UTC)
    assert crm.replay()


def test_a_run_names_its_operations_in_order(crm: CRM) -> None:
    """One event for each transaction, with what its lines did; `operations` of the answer are among them."""
    done = bring(crm, f"{THREE}L1,a\nL9,\nL2,x\n", batch=2)

    with crm.read() as view:
        run = view.of(ImportRun).get(done.run)
        told = [(event.name, dict(event.details)) for event in view.history(run)]
        operations = view.imports.operations(run.id)
    assert told == [
        ("import_run.begun", {}),
        ("import_run.advanced", {"created": 2}),
        ("import_run.advanced", {"created": 1, "unchanged": 1}),
        ("import_run.advanced", {"rejected": 1, "revised": 1}),
        ("import_run.ended", {}),
    ]
    assert operations == done.operations
    assert (run.created, run.revised, run.unchanged, run.rejected) == (3, 1, 1, 1)


def test_two_runs_of_one_file_are_told_apart(crm: CRM, tmp_path: Path) -> None:
    """Each is taken back alone; what the second one revised is as the first one left it."""
    path = tmp_path / "leads.csv"
    path.write_text(THREE, encoding="utf-8")
    first = import_csv(crm, path, kind="lead")
    path.write_text(THREE.replace(",c", ",z") + "L4,d\n", encoding="utf-8")
    second = import_csv(crm, path, kind="lead")
    assert first.run != second.run

    assert taken_back(crm, second.run) == Undone(changed=1, removed=1, returned=0)
    assert keys(crm) == {"L1", "L2", "L3"}
    assert [run_of(crm, each.run).status for each in (first, second)] == ["ended", "undone"]
    with crm.read() as view:
        assert view.of(Lead).by_key("L3", path="key").topic == "c"  # type: ignore[union-attr]

    taken_back(crm, first.run)
    assert keys(crm) == set()
    assert crm.replay()


def test_what_is_taken_back_is_not_taken_back_again(crm: CRM) -> None:
    """Unless it was brought back meanwhile, by undoing the undoing, which the run tells as well."""
    done = bring(crm, THREE)
    with crm.transaction() as tx:
        tx.imports.undo(done.run)
        undoing = tx.stamp.operation
    with pytest.raises(IllegalMove, match="possible from undone: nothing"):
        taken_back(crm, done.run)

    with crm.transaction() as tx:
        assert tx.undo(undoing) == Undone(changed=1, removed=0, returned=3)
    assert (run_of(crm).status, keys(crm)) == ("ended", {"L1", "L2", "L3"})

    taken_back(crm, done.run)
    assert (run_of(crm).status, keys(crm)) == ("undone", set())
    assert events(crm, done.run)[-3:] == ["import_run.taken_back", "import_run.undone", "import_run.taken_back"]
    assert crm.replay()


def test_a_run_is_taken_back_as_a_whole_or_not_at_all(crm: CRM) -> None:
    """Where somebody worked on with what it brought, the run is what it was."""
    done = bring(crm, THREE, batch=1)
    with crm.transaction() as tx:
        lead = tx.of(Lead).find(where("key") == "L2")[0]
        tx.sales.contact(lead.id)

    with pytest.raises(Refused, match="has changed since, by lead.contacted"):
        taken_back(crm, done.run)
    assert (run_of(crm).status, keys(crm)) == ("ended", {"L1", "L2", "L3"})
    with pytest.raises(NotFound):
        crm.run(None, lambda tx: tx.imports.undo(lead.id))  # type: ignore[arg-type]


def test_undoing_the_operations_by_themselves_leaves_the_run(crm: CRM) -> None:
    """It counts what was brought; only taking back the run says that it was."""
    done = bring(crm, THREE, batch=2)
    with crm.transaction() as tx:
        assert tx.undo(done.operations) == Undone(changed=0, removed=3, returned=0)

    assert (run_of(crm).status, run_of(crm).created, keys(crm)) == ("ended", 3, set())
    assert crm.replay()


def test_a_run_that_brought_nothing_is_taken_back_all_the_same(crm: CRM) -> None:
    """An empty file, lines that say nothing new, lines that are all rejected."""
    bring(crm, THREE)
    for text in ("key,topic\n", THREE, "key,topic\nL9,\nL8,\n"):
        done = bring(crm, text, batch=2)
        assert done.operations == ()
        assert taken_back(crm, done.run) == Undone(changed=0, removed=0, returned=0)
        assert run_of(crm, done.run).status == "undone"
    assert keys(crm) == {"L1", "L2", "L3"}


def test_lines_that_say_nothing_new_leave_little_behind(crm: CRM) -> None:
    """One small operation for a batch of them: not the commands of every line."""
    text = "\n".join(["key,topic", *(f"L{number},a" for number in range(100))])
    bring(crm, text)
    again = bring(crm, text)

    with crm.read() as view:
        (operation,) = view.imports.operations(again.run)
        kept = view.session.operation(operation)
    assert kept is not None
    assert len(kept.commands) == 1
    assert run_of(crm, again.run).unchanged == 100


@pytest.mark.parametrize("lines", [4, 100])
def test_a_transaction_of_lines_says_two_statements_more(lines: int) -> None:
    """One that reads the run and one that steps it, however many lines there are; its event goes with theirs."""
    text = "\n".join(["key,topic", *(f"L{number},a" for number in range(lines))])
    counts = []
    for batches in (1, 4):
        with TemporaryDirectory() as folder, opened("sqlite", Path(folder)) as crm, said() as statements:
            bring(crm, text, batch=lines // batches)
            counts.append(sum("crm_import_run" in statement for statement in statements))

    assert counts[1] - counts[0] == 3 * 2
    assert counts[0] == 2 + 3  # for it is begun by one, and ended by two


class Broken(Exception):
    """The end of a program."""


def stopping(after: int) -> Callable[[int], None]:
    """A listener that ends the program after so many batches."""
    heard = list[int]()

    def listen(read: int) -> None:
        heard.append(read)
        if len(heard) == after:
            raise Broken

    return listen


def test_a_run_that_broke_off_tells_what_is_there(crm: CRM) -> None:
    """It counts what was committed, is not said to have ended, and is taken back like any other."""
    with pytest.raises(Broken):
        bring(crm, "key,topic\nL1,a\nL1,a\nL2,\nL1,a\nL3,c\n", batch=2, progress=stopping(2))

    run = run_of(crm)
    assert (run.status, run.created, run.unchanged, run.rejected) == ("begun", 1, 2, 1)
    assert keys(crm) == {"L1"}
    taken_back(crm, run.id)
    assert keys(crm) == set()


def test_an_import_that_is_taken_back_meanwhile_stops(crm: CRM, tmp_path: Path) -> None:
    """With the next lines, whatever they say; nothing of it is there, and none of its lines is blamed for that."""
    for text in ("L4,d\nL5,e\n", "L1,a\nL2,b\n", "L4,\nL5,\n", "", "L4,d,,\n"):

        def undo(read: int) -> None:
            if read == 3:
                with crm.read() as view:
                    (run,) = view.of(ImportRun).find(where("status") == "begun")
                taken_back(crm, run.id)

        rejected = tmp_path / "rejected.csv"
        with pytest.raises(IllegalMove, match="an undone import_run cannot be"):
            bring(crm, THREE + text, batch=3, progress=undo, rejected=rejected)
        assert keys(crm) == set()
        assert not rejected.exists()
    assert crm.replay()


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("store", [store for store in STORES if store not in LOCAL])  # there writers take turns
def test_taken_back_beside_a_transaction_of_lines_it_stops_too(
    store: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later commit of the two fails: no line is entered into a run that is undone, and none is rejected for it."""
    advance, rejected = Run.advance, tmp_path / "rejected.csv"

    def beside(run: Run, tx: Transaction, effects: Iterable[Effect] = ()) -> None:
        if run_of(run.crm).created:
            taken_back(run.crm, run.id)
        advance(run, tx, effects)

    monkeypatch.setattr(Run, "advance", beside)
    with opened(store, tmp_path) as crm:
        with pytest.raises(IllegalMove, match="an undone import_run cannot be"):
            bring(crm, f"{THREE}L4,d\nL5,e\nL6,f\n", batch=batch, rejected=rejected)
        assert (keys(crm), rejected.exists()) == (set(), False)
        assert crm.replay()


def test_an_actor_who_may_not_see_runs_imports_all_the_same(tmp_path: Path) -> None:
    """And takes none back."""

    def rule(_: Any, cls: type[Any]) -> Any:
        return NEVER if cls is ImportRun else ALWAYS

    with plugged("memory", tmp_path, access={"acme": rule}) as crm:
        with crm.transaction() as tx:
            kim = tx.people.add_user(name="Kim")
        done = bring(crm, f"{THREE}L4,\n", actor=kim)
        assert (run_of(crm).status, run_of(crm).created, run_of(crm).rejected) == ("ended", 3, 1)
        with pytest.raises(NotFound), crm.transaction(kim) as tx:
            tx.imports.undo(done.run)


def test_a_place_that_no_store_can_hold_is_refused_before_anything_is_written(crm: CRM, tmp_path: Path) -> None:
    """Nobody would find its lines again when a person is erased."""
    odd = tmp_path / "r\udcff.csv"
    with pytest.raises(Invalid, match="rejects"):
        bring(crm, THREE, rejected=odd)
    assert (keys(crm), list(tmp_path.glob("*.csv"))) == (set(), [])


LINES = st.lists(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from(["oil", "gas", ""]), st.sampled_from(["web", ""])).map(
        ",".join
    ),
    max_size=10,
)


@pytest.fixture(scope="module", params=STORES)
def shared(request: pytest.FixtureRequest) -> Iterator[CRM]:
    """A CRM for many examples, each of which finds its own runs only."""
    with TemporaryDirectory() as folder, opened(request.param, Path(folder)) as crm:
        yield crm


@settings(max_examples=15)
@given(lines=LINES, batch=st.integers(1, 4), broken=st.integers(1, 6))
def test_a_run_counts_what_it_did_wherever_it_breaks_off(
    shared: CRM, lines: list[str], batch: int, broken: int
) -> None:
    """Its counts are those of the answer, of its events and of what is there; taken back, all is as it was."""
    text = "\n".join(["key,topic,source", *lines])
    before = keys(shared)
    done: Imported | None = None
    with suppress(Broken):
        done = bring(shared, text, batch=batch, progress=stopping(broken))
    with shared.read() as view:
        run = view.of(ImportRun).find(order=("id",))[-1]
        told = Counter[str]()
        for event in view.history(run):
            told.update(event.details)
    counts = {str(effect): getattr(run, effect) for effect in Effect}

    assert counts == {str(effect): told[effect] for effect in Effect}
    assert run.created == len(keys(shared)) - len(before)
    if done is None:
        assert (run.status, sum(counts.values())) == ("begun", min(batch * broken, len(lines)))
    else:
        assert run.status == "ended"
        assert counts == {str(effect): getattr(done, effect) for effect in Effect}

    taken_back(shared, run.id)
    assert keys(shared) == before
    assert shared.replay()


def test_a_lasting_event_is_one_of_its_kind() -> None:
    """As every event is."""
    with pytest.raises(DefinitionError, match="lead.won is no event of a visit"):
        entity("visit", lasting=("lead.won",))(Entity)
