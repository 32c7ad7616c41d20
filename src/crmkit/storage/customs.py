"""How the values of fields that were defined while the program ran stand in their one column: as JSON, with folds."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa

from crmkit.core.kernel.columns import Column, from_json, to_json
from crmkit.core.kernel.custom import CUSTOM, Custom, key
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.text import fold
from crmkit.storage.dialect import Dialect

FOLD: Final = "fold"  #: behind the name of a NAME, its form in comparisons

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def written(custom: Custom) -> str:
    """The canonical JSON of the values, and the folds of names."""
    values: Any = to_json(custom)
    folds = {key(name, FOLD): fold(each) for name, (scalar, each) in custom.entries.items() if scalar is Scalar.NAME}
    return _JSON({**values, **folds})


def read(kept: str) -> Custom:
    """What was written."""
    values = {name: each for name, each in json.loads(kept).items() if not name.endswith(f":{FOLD}")}
    custom: Custom = from_json(Scalar.CUSTOM, values)
    return custom


def inside(row: sa.FromClause, column: Column, dialect: Dialect, *, folded: bool) -> sa.ColumnElement[Any]:
    """The value of such a field, as a column of its own would keep it."""
    name = column.path.removeprefix(f"{CUSTOM}.")
    if column.scalar is Scalar.NAME and folded:
        return dialect.custom(row.c[CUSTOM], key(name, FOLD), Scalar.TEXT)
    return dialect.custom(row.c[CUSTOM], key(name, column.scalar), column.scalar)
