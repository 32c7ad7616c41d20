"""Errors are told apart by codes of their own, and each says what helps."""

from __future__ import annotations

from collections.abc import Iterator

import crmkit
from crmkit.core.kernel.errors import CrmError


def below(cls: type[CrmError]) -> Iterator[type[CrmError]]:
    """The class and all kinds of it that crmkit brings."""
    yield cls
    for each in cls.__subclasses__():
        if each.__module__.startswith(f"{crmkit.__name__}."):
            yield from below(each)


def test_every_error_has_a_code_and_a_cure_of_its_own() -> None:
    """Nobody has to guess which of two it is, nor what to do."""
    errors = list(below(CrmError))

    assert all({"code", "cure"} <= vars(each).keys() for each in errors)
    assert len({each.code for each in errors}) == len({each.cure for each in errors}) == len(errors) > 10
