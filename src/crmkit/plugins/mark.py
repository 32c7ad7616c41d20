"""The mark on a function that implements a hook, and what a type checker makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast, overload

from pluggy import HookimplMarker

GROUP: Final = "crmkit"  #: of entry points, and the name by which pluggy knows this library

P = ParamSpec("P")
R = TypeVar("R")


class Implementing(Protocol[P, R]):
    """Takes a function with the signature of the hook, or a method with it."""

    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def __call__(self, function: Callable[Concatenate[Any, P], R], /) -> Callable[Concatenate[Any, P], R]: ...


def implements(hook: Callable[P, R]) -> Implementing[P, R]:
    """Mark a function, or a method of a plugin that is an object, as the implementation of a hook of `spec`.

    Its own name is free; its parameters are those of the hook, by their names. At run time it may leave out some.
    """
    return cast("Implementing[P, R]", HookimplMarker(GROUP)(specname=hook.__name__))
