"""Bringing a CSV file into a CRM: many lines in one transaction, the good ones kept whatever the others are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from attrs import define, evolve, field, frozen

from crmkit.core.kernel.errors import CriteriaError, CrmError, IllegalMove, Invalid, NotFound, Refused, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.text import LONGEST_CODE
from crmkit.core.people.user import User
from crmkit.exchange.csv_file import Line, reading
from crmkit.exchange.desk import Desk, Row
from crmkit.exchange.imported import Effect, Findings, Imported
from crmkit.exchange.kinds import KINDS
from crmkit.exchange.mapping import Plan, Reading, fitted, require_known
from crmkit.exchange.note import Note, refused
from crmkit.exchange.rejects import Rejects
from crmkit.exchange.run import Run

if TYPE_CHECKING:
    from crmkit.crm import CRM
    from crmkit.transaction import Transaction

OF_THE_LINE: Final = (Invalid, Refused, IllegalMove, NotFound, CriteriaError)
"""What a line can be rejected for; anything else, a full disk say, ends the import."""

MOST_WAITING: Final = 10_000  #: lines that are kept to be entered again behind the last one

AS_IT_IS: Final = Plan()


def import_csv(
    crm: CRM,
    source: Path | str | TextIO,
    *,
    kind: str,
    plan: Plan = AS_IT_IS,
    actor: User | Id[User] | None = None,
    batch: int = 500,
    encoding: str = "utf-8-sig",
    delimiter: str = ",",
    rejected: Path | None = None,
    listen: Callable[[Note], object] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Imported:
    """Let the records of one kind be what the lines of a file say: new ones are added, known ones revised.

    A record is known by its business key; a cell with nothing in it changes nothing. What happened is dated as the file
    says. `batch` lines share a transaction; if one of them is refused, that line alone is left out, and is written to
    the file `rejected` with the reason. `listen` hears every note, `progress` how many lines were read, batch by batch.
    The import leaves an `ImportRun`, by which `tx.imports.undo` takes it back as a whole.

    :raises Invalid: a file or a plan that cannot be read, before anything is written
    :raises NotFound: no such actor
    :raises IllegalMove: the run was taken back while it went on; nothing of it stays
    :raises Unavailable: others are in its way for too long; what was imported before that stays
    :raises OutcomeUnknown: the database fails at a COMMIT; what it was for stays or not, and importing again tells
    :raises StoreError: it fails otherwise; as with `Unavailable`
    """
    require_known(kind, KINDS, "kind", "there is no kind of line")
    if type(batch) is not int or batch < 1:
        raise Invalid("batch", f"got {shape(batch)}", accepts="a whole number from 1 on")
    if rejected is not None and isinstance(source, str | Path) and rejected.resolve() == Path(source).resolve():
        raise Invalid("rejected", "is the file that is read", accepts="another file")
    with reading(source, encoding=encoding, delimiter=delimiter) as file:
        fitting = fitted(plan, KINDS[kind], file.columns)
        with closing(Rejects(rejected, file.columns)) as rejects:
            cause = f"import {file.name}"[:LONGEST_CODE]
            run = Run.begun(crm, actor, cause, file=file.name, kind=kind, rejects=rejected)
            findings = Findings(rejects, listen)
            under_way = _Import(run=run, reading=fitting, repeats=plan.repeats, findings=findings)
            while lines := list(islice(file.lines, batch)):
                under_way.take(lines)
                if progress is not None:
                    progress(findings.read)
            under_way.take_waiting(batch)
            rejects.finish()
            run.end()
            return findings.imported(run.id, fitting.replaced, fitting.unread)


def require_readable(
    source: Path, *, kind: str, plan: Plan = AS_IT_IS, encoding: str = "utf-8-sig", delimiter: str = ","
) -> None:
    """Nothing, if a file can be imported so: it is in that encoding, and has a header that the plan fits.

    :raises Invalid: like `import_csv`
    """
    require_known(kind, KINDS, "kind", "there is no kind of line")
    with reading(source, encoding=encoding, delimiter=delimiter) as file:
        fitted(plan, KINDS[kind], file.columns)


@frozen
class _Entry:
    """A line that could be read."""

    line: Line
    row: Row
    notes: Sequence[Note]


@frozen
class _Outcome:
    """What became of a line."""

    line: Line
    effect: Effect
    notes: Sequence[Note]


@define(kw_only=True)
class _Import:
    """One import under way."""

    run: Run  #: ids above its own were given while this import went on
    reading: Reading
    repeats: bool
    findings: Findings
    waiting: list[_Entry] = field(factory=list)

    def take(self, lines: Sequence[Line]) -> None:
        """Enter these lines, and put down what became of each."""
        outcomes, entries = list[_Outcome](), list[_Entry]()
        for line in lines:
            try:
                entries.append(_Entry(line, *self.reading.read(line)))
            except Invalid as error:
                outcomes.append(self._rejected(line, error))
        outcomes += self._entered(entries)
        self.run.settle()
        waiting = {entry.line.number for entry in self.waiting}
        for outcome in sorted(outcomes, key=attrgetter("line.number")):
            self.findings.count(outcome.effect)
            if outcome.line.number not in waiting:
                self.findings.add(outcome.line, outcome.notes)
        self.findings.rejects.close()

    def take_waiting(self, batch: int) -> None:
        """Enter the lines again that named records which came behind them; refused now, they stay as they were."""
        waiting, self.waiting = self.waiting, []
        for start in range(0, len(waiting), batch):
            for outcome in self._entered(waiting[start : start + batch], again=True):
                self.findings.add(outcome.line, [evolve(note, rejected=False) for note in outcome.notes])

    def _entered(self, entries: Sequence[_Entry], *, again: bool = False) -> Iterable[_Outcome]:
        """As many lines together as can be; where one is refused, those before it, then it alone, then more again."""
        start, size = 0, len(entries)
        while start < len(entries):
            group = entries[start : start + size]
            done = self._attempt(group, again=again)
            if isinstance(done, _Failed) and len(group) > 1:
                size = done.good or 1
                continue
            yield from [self._rejected(group[0].line, done.error, again=again)] if isinstance(done, _Failed) else done
            start, size = start + len(group), size * 2

    def _attempt(self, group: Sequence[_Entry], *, again: bool) -> list[_Outcome] | _Failed:
        """All of these lines in one transaction, which is tried again while others are in its way; or none."""
        run, tries = self.run, [_Try()]

        def enter(tx: Transaction) -> _Try:
            tries.append(_Try())
            self._enter(tx, group, tries[-1], again=again)
            return tries[-1]

        try:
            done = run.crm.run(run.actor, enter, cause=run.cause)
        except OF_THE_LINE as error:
            if isinstance(error, IllegalMove):
                run.require_not_taken_back()  # no line is to blame for that
            good = len(tries[-1].outcomes)
            whole = good == len(group)  # then it was the commit that failed, and nobody knows for which line
            return _Failed(good // 2 if whole else good, error)
        if done.operation is not None:
            self.findings.operations.append(done.operation)
            run.untold.clear()
        elif not again:
            run.untold.update(done.effects)
        self.waiting += done.waiting[: MOST_WAITING - len(self.waiting)]
        return done.outcomes

    def _enter(self, tx: Transaction, group: Sequence[_Entry], into: _Try, *, again: bool) -> None:
        self.run.require_begun(tx)
        desk = Desk(tx, self.reading.fields, again)
        desk.prepare(entry.row for entry in group)
        for entry in group:
            into.outcomes.append(self._outcome(desk, entry))
            if desk.waits:
                into.waiting.append(entry)
        if tx.steps > 0:
            self.run.advance(tx, [] if again else into.effects)
            into.operation = tx.stamp.operation

    def _outcome(self, desk: Desk, entry: _Entry) -> _Outcome:
        row, name = entry.row, getattr(entry.row, entry.row.identity)
        desk.begin(entry.line.number, entry.notes)
        before = desk.find(row.entity, name, row.identity)
        row.enter(desk)
        effect = Effect.CREATED if before is None else Effect.REVISED if desk.changed else Effect.UNCHANGED
        if before is not None and before.id > self.run.id and not (self.repeats or desk.again):
            news = "revises it" if effect is Effect.REVISED else "has nothing new"
            desk.note(row.identity, f"the same as in a line before, this one {news}", name)
        return _Outcome(entry.line, effect, desk.notes)

    def _rejected(self, line: Line, error: CrmError, *, again: bool = False) -> _Outcome:
        if not again:
            self.run.untold.update([Effect.REJECTED])
        return _Outcome(line, Effect.REJECTED, [refused(line.number, error)])


@define
class _Try:
    """What a transaction did with its lines, as far as it came."""

    outcomes: list[_Outcome] = field(factory=list)
    waiting: list[_Entry] = field(factory=list)
    operation: Id[Any] | None = None  #: under which it changed something

    @property
    def effects(self) -> list[Effect]:
        """Of each line."""
        return [outcome.effect for outcome in self.outcomes]


@frozen
class _Failed:
    """A transaction of which nothing is kept."""

    good: int  #: how many of its lines, the first ones, were entered before it failed
    error: CrmError
