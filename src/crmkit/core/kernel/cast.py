"""Frozen instances made of fields that were checked before: as attrs makes them, in a fraction of the time.

The `__init__` of a frozen class sets one field after the other past a lock. An instance that is cast gets its fields in
a mould, a subclass with the same slots and no lock, and is of its own class from then on.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeVar

import attrs

T = TypeVar("T")

#: What a cast would pass by: other ways to be made or to be inherited from, and room beside the slots.
_PASSED_BY: Final = ("__new__", "__init_subclass__", "__attrs_pre_init__", "_attrs_cached_hash", "__dict__")

_OPEN: Final = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}  #: one alone would cost the speed


def caster(cls: type[T], names: tuple[str, ...]) -> Callable[..., T]:
    """The generated function from values for these fields, which are all that the class has, to its instance.

    It does what the `__init__` of attrs does, validators included; one that the class has in front is not called.
    """
    return _generated(cls, names)  # type: ignore[arg-type]  # for all that mypy knows, a class has no hash


@lru_cache(maxsize=1024)
def _generated(cls: type[Any], names: tuple[str, ...]) -> Callable[..., Any]:
    given = dict(zip(names, (f"given{place}" for place in range(len(names))), strict=True))
    source = "\n    ".join([f"def cast({', '.join(given.values())}):", *_lines(cls, given), "return one"])
    known: dict[str, Any] = {"cls": cls, "new": object.__new__, "mould": mould(cls) if _plain(cls) else None}
    exec(compile(source, "<cast>", "exec"), known)
    made: Callable[..., Any] = known["cast"]
    return made


def mould(cls: type[Any]) -> Any:
    """The class that is like this one, but whose instances may be changed, and may become instances of this one.

    It is a twin of the same name among the subclasses of this one, for whoever lists them.
    """
    metaclass: Any = type(cls)
    return metaclass(cls.__name__, (cls,), {"__slots__": (), **_OPEN})


def has_own_init(cls: type[Any]) -> bool:
    """Whether what attrs wrote has another `__init__` in front."""
    return "__attrs_init__" in vars(cls)


def _lines(cls: type[Any], given: dict[str, str]) -> Iterator[str]:
    if _plain(cls):
        yield "one = new(mould)"
        yield from (f"one.{name} = {value}" for name, value in given.items())
        yield "one.__class__ = cls"
        if hasattr(cls, "__attrs_post_init__"):
            yield "one.__attrs_post_init__()"
        return
    fields = attrs.fields_dict(cls)
    arguments = ", ".join(f"{fields[name].alias}={value}" for name, value in given.items())
    if has_own_init(cls):
        yield "one = new(cls)"
        yield f"one.__attrs_init__({arguments})"
    else:
        yield f"one = cls({arguments})"


def _plain(cls: type[Any]) -> bool:
    """Whether attrs made the class, only sets its fields, each in a slot, and then calls `__attrs_post_init__`."""
    passed_by = any(name in vars(base) for base in cls.__mro__[:-1] for name in _PASSED_BY)
    sets = all(each.init and each.converter is None and each.validator is None for each in attrs.fields(cls))
    return "__attrs_attrs__" in vars(cls) and sets and not passed_by and type(cls) in (type, ABCMeta)
