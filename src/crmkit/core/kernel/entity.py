"""How a kind of record is declared: a frozen attrs class is all there is, everything else is derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar, final

from attrs import frozen

from crmkit.core.kernel.custom import NO_CUSTOM, Custom
from crmkit.core.kernel.errors import DefinitionError
from crmkit.core.kernel.fields import Code, Personal
from crmkit.core.kernel.ids import Id

T = TypeVar("T")
X = TypeVar("X")


@final
class Extensions(Mapping[type[Any], Any]):
    """The fields that plugins added to one record, by extension class; what was never set has its defaults."""

    __slots__ = ("_values",)

    def __init__(self, *values: object) -> None:
        self._values = {type(value): value for value in values if value != type(value)()}

    def __getitem__(self, extension: type[X]) -> X:
        value = self._values.get(extension)
        return value if isinstance(value, extension) else extension()

    def __iter__(self) -> Iterator[type[Any]]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def having(self, value: object) -> Extensions:
        """The same with `value` in the place of whatever its class had."""
        return Extensions(*{**self._values, type(value): value}.values())

    def __hash__(self) -> int:
        return hash(frozenset(self._values.values()))

    def __repr__(self) -> str:
        return f"Extensions({', '.join(map(repr, self._values.values()))})"


NO_EXTENSIONS: Final = Extensions()
UNRECORDED: Final = datetime(1, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Entity:
    """A record with an identity and a history; subclasses add what it is about."""

    id: Id[Any]
    key: Code | None = None  #: what the business itself calls it: a customer number, the id in an imported file
    version: int = 0  #: how many events it has had; 0 before it is recorded
    created_at: datetime = UNRECORDED  #: when it came to be; an import sets the time it really happened
    modified_at: datetime = UNRECORDED  #: when its last change was recorded, never earlier than the one before
    custom: Annotated[Custom, Personal] = NO_CUSTOM  #: what it has in fields that were defined while the program ran
    ext: Extensions = NO_EXTENSIONS


@frozen
class Index:
    """Paths that are searched or sorted together; `unique` also refuses two records with the same values there."""

    paths: tuple[str, ...]
    unique: bool = False


def index(*paths: str) -> Index:
    """An index over these paths, in this order."""
    return Index(paths)


def unique(*paths: str) -> Index:
    """No two records of the kind agree on all these paths; a missing value agrees with nothing."""
    return Index(paths, unique=True)


@frozen
class Declared:
    """What the decorator said of an entity class."""

    kind: str
    indexes: tuple[Index, ...]
    journaled: bool = True  #: its rows follow from the journal, and from nothing else
    lasting: tuple[str, ...] = ()  #: the events that stay when their operation is undone


@frozen
class Extended:
    """What the decorator said of an extension class."""

    entity: type[Entity]
    prefix: str


def entity(
    kind: str, *, indexes: tuple[Index, ...] = (), journaled: bool = True, lasting: tuple[str, ...] = ()
) -> Callable[[type[T]], type[T]]:
    """Declare the attrs class below as the kind of record named `kind`; it stays an ordinary attrs class.

    One that is not `journaled` is how far something has come, not what happened: replay leaves it alone. Events with a
    name in `lasting` tell of what was done beside them: undoing their operation leaves them as they are.

    :raises DefinitionError: a kind that is no plain lower-case word, a lasting event of another kind
    """
    if not (kind.isidentifier() and kind.isascii() and kind == kind.lower()):
        raise DefinitionError(f"«{kind}» cannot name a kind of record", hint="a lower-case identifier such as lead")
    for event in lasting:
        if not event.startswith(f"{kind}."):
            raise DefinitionError(f"{event} is no event of a {kind}", hint=f"{kind}.done")

    def declare(cls: type[T]) -> type[T]:
        cls.__crm__ = Declared(kind, (unique("key"), *indexes), journaled, lasting)  # type: ignore[attr-defined]
        return cls

    return declare


def extends(owner: type[Entity], *, prefix: str) -> Callable[[type[T]], type[T]]:
    """Declare the attrs class below as further fields of `owner`, under the path `prefix.field`.

    Every field needs a default: the records that are there already have it.
    """

    def declare(cls: type[T]) -> type[T]:
        cls.__crm_extends__ = Extended(owner, prefix)  # type: ignore[attr-defined]
        return cls

    return declare


def declared(cls: type[Any]) -> Declared:
    """What `@entity` said of this class itself.

    :raises DefinitionError: the decorator is missing
    """
    found = vars(cls).get("__crm__")
    if not isinstance(found, Declared):
        raise DefinitionError(f"{cls.__name__} is not declared as an entity", hint='put @entity("...") above it')
    return found


def kind_of(cls: type[Any]) -> str:
    """The kind that a class was declared as."""
    return declared(cls).kind
