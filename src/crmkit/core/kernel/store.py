"""The port behind which records are kept: what a backend implements, over rows and Ground, nothing per entity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from attrs import frozen

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.feed import Place, Stretch
from crmkit.core.kernel.ground import Ground
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Event
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.operation import Operation
from crmkit.core.kernel.sweep import GroundSweep, Swept
from crmkit.core.kernel.tally import GroundTally, Partial
from crmkit.core.kernel.whole import LARGEST_INTEGER

T = TypeVar("T")


@frozen
class Order:
    """A column of the record itself to sort by; names sort folded, missing values come last in both directions."""

    column: Column
    descending: bool = False


class Reads(Protocol):
    """What a transaction can be asked; whoever has no more of it writes nothing."""

    def load(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids, in any order; unknown ids are left out."""
        ...

    def lock(self, kind: str, ids: Sequence[Id[Any]]) -> list[Row]:
        """The rows with these ids as they are by now, locked one after the other in the order of their ids.

        Nobody else changes or locks them until this transaction ends, also if a write of it is refused in between;
        whoever wants to waits, and finds what this one left. Where transactions take turns it is only `load`.
        """
        ...

    def page(self, kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None) -> list[Row]:
        """The first `limit` rows that fulfil `where`, sorted by `order` and then by id."""
        ...

    def each(
        self, made: Callable[[Row], T], kind: str, where: Ground, order: Sequence[Order] = (), limit: int | None = None
    ) -> list[T]:
        """What is made of each row of such a page, by a function that asks this session nothing.

        Where rows are decoded there is only one of them at a time: what nobody keeps, nobody has to look after.
        """
        ...

    def tally(self, tally: GroundTally) -> list[Partial]:
        """The partial figures, groups in any order."""
        ...

    def history(
        self,
        *,
        kind: str | None = None,
        id: Id[Any] | None = None,
        operation: Id[Any] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """Events with a sequence above `after`, in order; of one kind, of one record, or of one operation."""
        ...

    def count(self, key: str) -> int | None:
        """What the counter says."""
        ...

    def reserve(self, space: str, keys: Sequence[str]) -> Mapping[str, Id[Any]]:
        """Who holds these keys, of those that are held: it stays so until this transaction ends."""
        ...

    def keys(self, holder: Id[Any]) -> list[tuple[str, str]]:
        """Space and key of all that this holder has, sorted."""
        ...

    def operation(self, id: Id[Any]) -> Operation | None:
        """The operation with this id, if there is one."""
        ...


class Session(Reads, Protocol):
    """One transaction: sees what was committed before it began and what it wrote itself.

    Where transactions do not take turns it also sees what others commit meanwhile, but never what they undo.

    Rows are canonical (see `columns.checker`), in the model's order. Writes take effect at once for this session and
    with `commit` for all others.
    """

    def insert(self, kind: str, rows: Sequence[Row]) -> None:
        """Add rows, parents before children.

        :raises Invalid: a unique key is taken or a reference leads nowhere; names the field
        """
        ...

    def update(self, kind: str, changed: Sequence[tuple[Row, Row]]) -> list[Id[Any]]:
        """Put each second row in the place of its first, where the stored version is still that of the first.

        Returns the ids of those where it was not; raises like `insert`.
        """
        ...

    def delete(self, kind: str, ids: Sequence[Id[Any]]) -> None:
        """Remove rows.

        :raises Invalid: another row still points to one of them
        """
        ...

    def sweep(self, sweep: GroundSweep) -> Swept:
        """Do to every row that fulfils its condition what `sweep.step` does, and record the events.

        All of them are as they were when it began: the condition sees nothing of what it does to others. If the sweep
        is `among` some, it tells which it changed; of several transactions that are at the same record at once, the
        second one's condition is asked of what the first one left.

        :raises Invalid: like `insert`
        :raises Conflict: like `record`, or a record changed meanwhile
        """
        ...

    def record(self, events: Sequence[Event]) -> None:
        """Append to the journal, giving each event the next sequence number.

        :raises Conflict: a record already has an event with this version
        """
        ...

    def redact(self, events: Sequence[Event], operations: Sequence[Operation]) -> None:
        """Let events and operations that are kept say what these say: changes, details, cause; commands.

        They are known by sequence and by id; whatever else they are stays. What they said is nowhere once it is
        committed, also not for whoever opens the store without this library, as far as the store can do something
        about it.

        :raises Conflict: one of them is not there; the transaction is only good for `rollback` then
        """
        ...

    def count(self, key: str, by: int = 0, *, least: int = -LARGEST_INTEGER, most: int = LARGEST_INTEGER) -> int | None:
        """What the counter says once `by` is added; None, and nothing is added, where that is not in the bounds.

        The bounds guard the writing, whoever else is counting. A counter begins at 0; by 0 it is only read.
        """
        ...

    def reserve(
        self, space: str, keys: Sequence[str], *, before: Id[Any] | None = None, after: Id[Any] | None = None
    ) -> Mapping[str, Id[Any]]:
        """Give those of these keys that `before` holds (None: nobody) to `after` (None: to nobody).

        Returns who holds them now, of those that are held: it stays so until this transaction ends. From nobody to
        nobody it only looks.
        """
        ...

    def operation(self, id: Id[Any], *, done: Operation | None = None) -> Operation | None:
        """The operation with this id, if there is one; `done` is kept under it with this transaction.

        :raises Conflict: there is one and another is to be kept
        """
        ...

    def commit(self) -> None:
        """Make all of it durable and visible, or none of it.

        :raises Retryable: it is not done, and may be when it is tried again
        :raises Ambiguous: nobody knows; the operation tells, on another session
        """
        ...

    def rollback(self) -> None:
        """Forget all of it."""
        ...


class Store(Protocol):
    """Where one CRM keeps its records."""

    def create(self, *, thorough: bool = False) -> None:
        """Make what is needed to keep the model's records, if it is not there.

        What is there is known by its fingerprint, unless it is to be compared with the model in every detail.

        :raises SchemaOutdated: it is there, for another set of fields
        """
        ...

    def migrate(self, *, dry: bool = False) -> tuple[str, ...]:
        """Add to what is there whatever the model needs besides; says how, and with `dry` only says so.

        Records keep what they have, and have the defaults of what is new.

        :raises SchemaOutdated: adding would not do; nothing is done
        """
        ...

    def begin(self) -> Session:
        """A new transaction: the only one until it ends, or one that waits for others where they write the same."""
        ...

    def snapshot(self) -> Session:
        """What is committed by now, to be read beside whoever writes; later commits do not show in it.

        Its methods that write raise StoreError; `commit` and `rollback` end it.
        """
        ...

    def feed(self, *, after: Place, kind: str | None = None, id: Id[Any] | None = None, limit: int) -> Stretch:
        """The first `limit` committed events behind a place; of one kind, or of one record.

        What was given behind a place is given again, in the same order; what is committed later comes behind all that
        was given to anybody. The events of an operation stand together, those of a record in the order of their
        versions. Events are fed with their operation: those of none are not.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; sessions are over before."""
        ...
