"""What came of an import: how many lines did what, and what there is to say about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import define, evolve, field, frozen

from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.ids import Id
from crmkit.exchange.csv_file import Line
from crmkit.exchange.note import Note
from crmkit.exchange.rejects import Rejects

MOST_NOTES: Final = 1_000  #: that are kept; `listen` and the file of rejected lines have all
MOST_REASONS: Final = 1_000  #: that are told apart
FIRST_LINES: Final = 5  #: that a reason names


class Effect(StrEnum):
    """What a line did."""

    CREATED = "created"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@frozen
class Reason:
    """What several lines have in common that could not be right."""

    field: str
    reason: str
    rejected: bool
    count: int = 0
    lines: tuple[int, ...] = ()  #: the first of them

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


@frozen(kw_only=True)
class Imported:
    """The lines that were read, each in one of four counts, and what was noted about them."""

    created: int
    revised: int
    unchanged: int
    rejected: int
    notes: tuple[Note, ...]  #: the first 1,000, rejections among them
    reasons: tuple[Reason, ...]  #: every kind of note, the most frequent first
    replaced: Mapping[tuple[str, str], int]  #: field and what was written: how often a value map changed it
    run: Id[ImportRun]  #: the record of this import: `tx.imports.undo` takes all of it back, or nothing
    unread: tuple[str, ...] = ()  #: columns that no field takes
    operations: tuple[Id[Any], ...] = ()  #: those that changed something besides

    @property
    def read(self) -> int:
        """All lines, less the header and those with nothing in them."""
        return self.created + self.revised + self.unchanged + self.rejected

    def __str__(self) -> str:
        counts = (f"{getattr(self, effect):,} {effect}" for effect in Effect if getattr(self, effect))
        return f"{self.read:,} read" + "".join(f", {count}" for count in counts)


@define
class Findings:
    """The counts and notes of an import so far."""

    rejects: Rejects
    listen: Callable[[Note], object] | None = None
    operations: list[Id[Any]] = field(factory=list, init=False)
    _counts: dict[Effect, int] = field(factory=lambda: dict.fromkeys(Effect, 0), init=False)
    _notes: list[Note] = field(factory=list, init=False)
    _reasons: dict[tuple[str, str, bool], Reason] = field(factory=dict, init=False)

    @property
    def read(self) -> int:
        """How many lines there were."""
        return sum(self._counts.values())

    def count(self, effect: Effect) -> None:
        """One more line that did this."""
        self._counts[effect] += 1

    def add(self, line: Line, notes: Iterable[Note]) -> None:
        """What there is to say about a line."""
        for note in notes:
            if note.rejected:
                self.rejects.add(line, note)
            if self.listen is not None:
                self.listen(note)
            if len(self._notes) < MOST_NOTES:
                self._notes.append(note)
            self._group(note)

    def _group(self, note: Note) -> None:
        kind = note.field, note.reason, note.rejected
        if kind not in self._reasons and len(self._reasons) >= MOST_REASONS:
            kind = "line", "other reasons", note.rejected
        known = self._reasons.get(kind) or Reason(*kind)
        lines = known.lines if len(known.lines) == FIRST_LINES else (*known.lines, note.line)
        self._reasons[kind] = evolve(known, count=known.count + 1, lines=lines)

    def imported(
        self, run: Id[ImportRun], replaced: Mapping[tuple[str, str], int], unread: tuple[str, ...]
    ) -> Imported:
        """The whole."""
        return Imported(
            created=self._counts[Effect.CREATED],
            revised=self._counts[Effect.REVISED],
            unchanged=self._counts[Effect.UNCHANGED],
            rejected=self._counts[Effect.REJECTED],
            notes=tuple(self._notes),
            reasons=tuple(sorted(self._reasons.values(), key=lambda reason: -reason.count)),
            replaced=replaced,
            run=run,
            unread=unread,
            operations=tuple(self.operations),
        )
