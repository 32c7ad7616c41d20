"""Between rows and what stands in the database: functions generated once per table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.text import fold
from crmkit.storage.dialect import Kept

Convert: TypeAlias = Callable[[Iterable[Sequence[Any]]], Iterator[Row]]


def encoder(columns: Sequence[Column], kept: Mapping[Scalar, Kept]) -> Convert:
    """From rows to what their tables hold: behind each name stands its fold."""
    taken, given, names = list[str](), list[str](), dict[str, Any]()
    for place, column in enumerate(columns):
        taken.append(f"v{place}")
        given.append(_cell(f"v{place}", column, kept[column.scalar].encode, names))
        if column.scalar is Scalar.NAME:
            given.append(_cell(f"v{place}", column, fold, names))
    return _generated(taken, given, names)


def decoder(columns: Sequence[Column], kept: Mapping[Scalar, Kept]) -> Convert:
    """From what `Rows.select` reads to rows."""
    taken, given, names = list[str](), list[str](), dict[str, Any]()
    for place, column in enumerate(columns):
        taken.append(f"v{place}")
        given.append(_cell(f"v{place}", column, kept[column.scalar].decode, names))
    return _generated(taken, given, names)


def _cell(value: str, column: Column, convert: Callable[[Any], Any] | None, names: dict[str, Any]) -> str:
    if convert is None:
        return value
    name = f"c{len(names)}"
    names[name] = convert
    return f"None if {value} is None else {name}({value})" if column.nullable else f"{name}({value})"


def _generated(taken: Sequence[str], given: Sequence[str], names: dict[str, Any]) -> Convert:
    source = f"def convert(rows): return (({', '.join(given)},) for {', '.join(taken)}, in rows)"
    exec(compile(source, "<converted>", "exec"), names)  # noqa: S102 -- made of the model, never of input
    convert: Convert = names["convert"]
    return convert
