"""The records of one class, as a transaction sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import frozen

from crmkit.core.kernel import paging
from crmkit.core.kernel.criteria import ALWAYS, Criteria, Given, where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.ground import Const, Every
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import NOTHING
from crmkit.core.kernel.listing import Listing
from crmkit.core.kernel.model import EntityModel
from crmkit.core.kernel.tally import GroundCount, GroundTally
from crmkit.core.kernel.whole import LARGEST_INTEGER, whole

if TYPE_CHECKING:
    from crmkit.core.kernel.reading import Reading

E = TypeVar("E", bound=Entity)


@frozen
class Page(Generic[E]):
    """Some records in their order, and the cursor of the page after them (None: there is none)."""

    items: Listing[E]
    next: str | None = None

    def __iter__(self) -> Iterator[E]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        return self.items._repr_html_()


@frozen(eq=False)
class Repository(Generic[E]):
    """Reading; what is written goes through the work.

    `order` names fields of the record itself, with a minus in front for descending; missing values come last in both
    directions, and records that tie are in the order of their ids.
    """

    _work: Reading
    _model: EntityModel

    def get(self, id: Id[E]) -> E:
        """The record with this id.

        :raises NotFound: there is none
        """
        record: E = self._work.tracked(self._model, id)
        return record

    def by_key(self, key: str, *, path: str = "key") -> E | None:
        """The record that the business calls so; `path` where its name stands, if not in `key`."""
        return self.first(where(path) == key)

    def find(
        self,
        criteria: Criteria = ALWAYS,
        *,
        order: Sequence[str] = (),
        limit: int | None = None,
        params: Mapping[str, Given] = NOTHING,
    ) -> Listing[E]:
        """The records that fulfil `criteria`.

        :raises CriteriaError: a path, a literal or a parameter that does not fit
        :raises Invalid: no limit from 1 to 63 bits
        """
        ground = self._work.ground(self._model.kind, criteria, params)
        most = None if limit is None else whole(limit, "limit", least=1)
        return Listing(
            self._work.rows(self._model, ground, paging.order_of(self._model, order, self._work.definitions.of), most)
        )

    def first(self, criteria: Criteria = ALWAYS, *, order: Sequence[str] = ()) -> E | None:
        """The first that fulfils `criteria`, if any does."""
        return next(iter(self.find(criteria, order=order, limit=1)), None)

    def exists(self, criteria: Criteria = ALWAYS) -> bool:
        """At least one fulfils `criteria`."""
        return self.first(criteria) is not None

    def holds(self, id: Id[E], criteria: Criteria) -> bool:
        """The record with this id fulfils `criteria`."""
        return self.exists((where("id") == id) & criteria)

    def count(self, criteria: Criteria = ALWAYS, *, params: Mapping[str, Given] = NOTHING) -> int:
        """How many fulfil `criteria`."""
        ground = self._work.ground(self._model.kind, criteria, params)
        tally = GroundTally(
            kind=self._model.kind,
            where=ground,
            by=(),
            measures=(GroundCount(Const(True)),),
            zone=self._work.registry.zone,
        )
        self._work.flush()
        (partial,) = self._work.session.tally(tally)
        return int(partial.values[0])

    def least(self, path: str, criteria: Criteria = ALWAYS) -> Any:
        """The least value at `path`, a field of the record itself, of those that fulfil `criteria`; None without any.

        It is what the store has by now, also of records that this transaction has read before.
        """
        ground = self._work.ground(self._model.kind, criteria)
        order = paging.order_of(self._model, [path], self._work.definitions.of)
        self._work.flush()
        found = self._work.session.page(self._model.kind, ground, order, 1)
        return self._model.reading(order[0].column)(found[0]) if found else None

    def page(
        self,
        criteria: Criteria = ALWAYS,
        *,
        order: Sequence[str] = (),
        limit: int = 50,
        after: str | None = None,
        params: Mapping[str, Given] = NOTHING,
    ) -> Page[E]:
        """The next `limit` records behind the cursor `after`; none twice, none left out, whatever is added meanwhile.

        :raises Invalid: a cursor of another order, or one that was made up; no limit from 1 to 63 bits
        """
        ground = self._work.ground(self._model.kind, criteria, params)
        orders = paging.order_of(self._model, order, self._work.definitions.of)
        if after is not None:
            ground = Every((ground, paging.beyond(self._model, orders, after)))
        most = whole(limit, "limit", least=1)
        found = self._work.rows(self._model, ground, orders, min(most + 1, LARGEST_INTEGER))
        more = len(found) > limit
        items: Listing[E] = Listing(found[:limit])
        return Page(items, paging.cursor(self._model, orders, items[-1]) if more else None)

    def iterate(self, criteria: Criteria = ALWAYS, *, order: Sequence[str] = (), chunk: int = 1000) -> Iterator[E]:
        """All that fulfil `criteria`, read a page at a time."""
        page = self.page(criteria, order=order, limit=chunk)
        yield from page
        while page.next is not None:
            page = self.page(criteria, order=order, limit=chunk, after=page.next)
            yield from page
