"""Imports: what a file has brought, found again and taken back."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from crmkit.areas.undoing import taken_back
from crmkit.core.imports.run import ADVANCED, ImportRun, import_run
from crmkit.core.kernel.command import command
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.undo import Undone
from crmkit.core.kernel.work import Work


@frozen
class Imports:
    """`tx.imports`."""

    work: Work

    def operations(self, run: Id[ImportRun]) -> tuple[Id[Any], ...]:
        """The operations that entered lines of this run, in their order.

        :raises NotFound: no such run
        """
        events = self.work.history(self.work.of(ImportRun).get(run))
        return tuple(event.stamp.operation for event in events if event.name == ADVANCED)

    @command
    def undo(self, run: Id[ImportRun]) -> Undone:
        """Take back all that a run did, or nothing; see `Transaction.undo`, which takes this back in turn.

        The record of the run stays, and says so. An import that is still going on stops at its next lines.

        :raises NotFound: no such run
        :raises IllegalMove: it was taken back before
        :raises Refused: what it brought has changed since, or a record leads to one that would go; all are named
        :raises Conflict: another transaction, perhaps of the run itself, changed one of these records meanwhile
        """
        self.work.move(import_run.take_back, run)
        return taken_back(self.work, self.operations(run))
