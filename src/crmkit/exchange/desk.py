"""Where the lines of one transaction are entered: the records that they name are found once, for all lines together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias, TypeVar

from attrs import define, field

from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.several import portions
from crmkit.core.kernel.text import fold
from crmkit.core.people.user import User
from crmkit.exchange.cells import To, targets
from crmkit.exchange.note import Note

if TYPE_CHECKING:
    from crmkit.transaction import Transaction

E = TypeVar("E", bound=Entity)
Found: TypeAlias = "dict[str, Id[Any] | None]"

MOST_ASKED: Final = 500  #: names in one query


class Row(Protocol):
    """What one line says of one record; its annotated fields are what columns can be mapped to."""

    entity: ClassVar[type[Any]]  #: the kind of record
    identity: ClassVar[str]  #: the field that names it, of the row and of the record alike

    def enter(self, desk: Desk) -> object:
        """Let the record be what the line says, by the commands of the areas.

        :raises CrmError: that cannot be
        """
        ...


@define
class Desk:
    """A transaction, what its lines named so far, and what there is to say about the present line."""

    tx: Transaction
    fields: frozenset[str]  #: those that the file has a column for
    again: bool = False  #: the line was here before, and waited for lines behind it
    line: int = field(default=0, init=False)
    notes: list[Note] = field(factory=list, init=False)
    waits: bool = field(default=False, init=False)  #: the line names a record that lines behind it may bring
    _found: dict[To, Found] = field(factory=dict, init=False)
    _several: set[tuple[To, str]] = field(factory=set, init=False)  # names of more than one record
    _seen: dict[Id[Any], Entity] = field(factory=dict, init=False)

    def prepare(self, rows: Iterable[Row]) -> None:
        """Find what all these rows name, with a query for each way to name a kind of record."""
        named: dict[To, dict[str, None]] = {}
        for row in rows:
            for target in targets(type(row)):
                value = getattr(row, target.name)
                for to in target.refers if value is not None else ():
                    named.setdefault(to, {})[value] = None
        for to, values in named.items():
            self._ask(to, list(values))

    def begin(self, line: int, notes: Iterable[Note]) -> None:
        """The next line, with what is known of it already."""
        self.line, self.notes, self.waits = line, list(notes), False
        self._seen.clear()

    def find(self, entity: type[E], name: str | None, path: str = "key") -> E | None:
        """The record that is called so, if there is one."""
        if name is None:
            return None
        to = To(entity, path)
        name = self._compared(to, name)
        if name not in self._found.setdefault(to, {}):
            self._ask(to, [name])
        id = self._found[to][name]
        if id is None:
            return None
        found = self.tx.of(entity).get(id)
        self._seen.setdefault(id, found)
        return found

    def several(self, entity: type[Entity], name: str | None, path: str) -> bool:
        """Whether more than one record is called so; `find` gives any of them then."""
        self.find(entity, name, path)
        to = To(entity, path)
        return name is not None and (to, self._compared(to, name)) in self._several

    def keep(self, record: E) -> E:
        """A record that was just made, to be found by the lines that follow."""
        for to, found in self._found.items():
            if to.entity is type(record) and getattr(record, to.path) is not None:
                self._put(to, found, record)
        return record

    def needed(self, entity: type[E], name: str | None, field: str) -> E | None:
        """The record that is called so; None only if nothing is called.

        :raises Invalid: there is none
        """
        found = self.find(entity, name)
        if found is None and name is not None:
            raise Invalid(field, f"got {shape(name)}", accepts=f"the key of a {kind_of(entity)} that is there")
        return found

    def user(self, key: str | None, field: str = "owner") -> Id[User] | None:
        """The user with this key; where there is none the line is noted, and nobody is meant."""
        found = self.find(User, key)
        if found is None and key is not None:
            self.note(field, "no such user, so nobody's", key)
        return found.id if found else None

    def note(self, field: str, reason: str, value: str = "") -> None:
        """Something in this line could not be right; what is left of it is imported."""
        self.notes.append(Note(self.line, field, reason, value))

    def settled(self, field: str, said: object, known: object) -> None:
        """What an import does not change any more; where the line says something else, that is noted."""
        if said is not None and said != known:
            self.note(field, "left out; another is known already", str(said))

    def useless(self, row: Row, field: str, without: str) -> None:
        """Where the line has something in a field that means nothing without the other, that is noted."""
        if field in self.fields and getattr(row, field) is not None and getattr(row, without) is None:
            self.note(field, f"left out; it means nothing without {without}", str(getattr(row, field)))

    def wait(self) -> None:
        """Have the line entered once more when all lines were."""
        self.waits = not self.again

    @property
    def changed(self) -> bool:
        """Something that this line found is not what it was."""
        return any(self.tx.of(type(before)).get(id) != before for id, before in self._seen.items())

    def _ask(self, to: To, names: list[str]) -> None:
        found = self._found.setdefault(to, {})
        for asked in portions(names, MOST_ASKED):
            found.update((self._compared(to, name), None) for name in asked)
            for record in self.tx.of(to.entity).find(where(to.path).in_(asked)):
                self._put(to, found, record)

    def _put(self, to: To, found: Found, record: Entity) -> None:
        name = self._compared(to, getattr(record, to.path))
        if found.get(name) not in (None, record.id):
            self._several.add((to, name))
        found[name] = record.id

    def _compared(self, to: To, name: str) -> str:
        """The name as its field compares it."""
        return fold(name) if self.tx.model.of(to.entity).by_path[to.path].scalar is Scalar.NAME else name
