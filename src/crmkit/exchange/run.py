"""What an import leaves of itself: a record, begun before the first line, that tells of whatever is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from crmkit.core.imports.run import ImportRun, import_run
from crmkit.core.kernel.ids import Id
from crmkit.core.people.user import User
from crmkit.exchange.imported import Effect

if TYPE_CHECKING:
    from crmkit.crm import CRM
    from crmkit.transaction import Transaction


@define(kw_only=True)
class Run:
    """The record of an import under way, also for an actor who may not see it."""

    crm: CRM
    actor: User | Id[User] | None
    cause: str
    id: Id[ImportRun]
    untold: Counter[str] = field(factory=Counter, init=False)  #: lines by effect, of which nothing committed tells yet

    @classmethod
    def begun(
        cls, crm: CRM, actor: User | Id[User] | None, cause: str, *, file: str, kind: str, rejects: Path | None
    ) -> Run:
        """A new run, committed before anything that it brings.

        :raises NotFound: no such actor
        :raises Invalid: a path that no store can hold
        """
        place = None if rejects is None else str(rejects.resolve())

        def begin(tx: Transaction) -> Id[ImportRun]:
            run = ImportRun(id=tx.new_id(ImportRun), file=file, kind=kind, rejects=place)
            return tx.add(run, "import_run.begun").id

        return cls(crm=crm, actor=actor, cause=cause, id=crm.run(actor, begin, cause=cause))

    def require_begun(self, tx: Transaction) -> None:
        """Nothing, if this transaction may enter lines.

        :raises IllegalMove: the run was taken back
        """
        with tx.sight.lifted():
            import_run.advance.require_status(tx.of(ImportRun).get(self.id))

    def require_not_taken_back(self) -> None:
        """Nothing, if the next one may; raises like `require_begun`."""
        with self.crm.read() as view:
            self.require_begun(view)

    def advance(self, tx: Transaction, effects: Iterable[Effect] = ()) -> None:
        """Let this transaction tell what its lines did, with those of which nothing committed tells yet.

        :raises IllegalMove: like `require_begun`
        """
        with tx.sight.lifted():
            tx.move(import_run.advance, self.id, **(self.untold + Counter(map(str, effects))))

    def settle(self) -> None:
        """Tell of lines that changed nothing, in a transaction for them alone; raises like `advance`."""
        if self.untold:
            self.crm.run(self.actor, self.advance, cause=self.cause)
            self.untold.clear()

    def end(self) -> None:
        """All lines were read; raises like `advance`."""

        def end(tx: Transaction) -> None:
            with tx.sight.lifted():
                tx.move(import_run.end, self.id)

        self.crm.run(self.actor, end, cause=self.cause)
