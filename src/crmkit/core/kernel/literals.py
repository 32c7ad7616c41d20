"""Literals as the columns they are compared with hold them: exactly, or not at all."""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from attrs import evolve

from crmkit.core.kernel.columns import Column, checker
from crmkit.core.kernel.errors import CriteriaError, Invalid, shape
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.model import meant
from crmkit.core.kernel.text import LONGEST_CODE, LONGEST_TEXT, clean, fold

TEXTS: Final = frozenset({Scalar.CODE, Scalar.NAME, Scalar.TEXT})
_FINER = re.compile(r"[.,]\d{6}0*[1-9]")  # digits behind the microseconds, which Python would drop


def exactly(column: Column, literal: object) -> Any:
    """The value that a JSON literal is in a row of this column; folded for a NAME.

    :raises CriteriaError: the column cannot hold it exactly
    """
    try:
        value = checker(evolve(column, nullable=False))(_parsed(column, literal))
    except Invalid as refused:
        raise CriteriaError(refused.message, hint=refused.hint, facts=refused.facts) from None
    return fold(value) if column.scalar is Scalar.NAME else value


def needle(column: Column, text: object) -> str:
    """A text to be searched for in this column; folded for a NAME.

    :raises CriteriaError: an empty text, one that no text can contain, or a column that is no text
    """
    if column.scalar not in TEXTS:
        raise CriteriaError(f"{column.path} is no text to be searched", facts={"field": column.path})
    searched = _searched(column, text, LONGEST_TEXT)
    return fold(searched) if column.scalar is Scalar.NAME else searched


def tag(column: Column, text: object) -> str:
    """A tag to be looked for in this column.

    :raises CriteriaError: an empty text, one that is no tag, or a column without tags
    """
    if column.scalar is not Scalar.TAGS:
        raise CriteriaError(f"{column.path} has no tags", facts={"field": column.path})
    return _searched(column, text, LONGEST_CODE)


def _searched(column: Column, text: object, longest: int) -> str:
    try:
        searched = clean(text, column.path, longest)
    except Invalid as refused:
        raise CriteriaError(refused.message, hint=refused.hint, facts=refused.facts) from None
    if not searched:
        raise CriteriaError(f"{column.path}: searched for an empty text", hint="ask .present() if that is meant")
    return searched


def _parsed(column: Column, literal: object) -> object:
    """The literal in the type of the column if it is the text of such a value; else itself, to be refused."""
    if column.choices is not None:
        return _choice(column, column.choices, literal)
    if not isinstance(literal, str):
        if column.scalar is Scalar.ID:
            raise Invalid(column.path, f"got {shape(literal)}", accepts="a UUID")
        return literal
    try:
        if column.scalar is Scalar.DATE:
            return date.fromisoformat(literal)
        if column.scalar is Scalar.MOMENT and not _FINER.search(literal):
            return datetime.fromisoformat(literal)
    except ValueError:
        pass
    return literal


def _choice(column: Column, choices: type[StrEnum], literal: object) -> StrEnum:
    for choice in choices:
        if choice == literal:
            return choice
    near = meant(literal, choices) if isinstance(literal, str) else ""
    accepts = f"one of {', '.join(choices)}" + (f"; {near}" if near else "")
    raise Invalid(column.path, f"got {shape(literal)}", accepts=accepts)
