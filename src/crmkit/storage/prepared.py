"""What is known of a database before anything is said to it: its tables, and the statements on them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from crmkit.core.kernel.model import Model
from crmkit.storage import feed
from crmkit.storage.dialect import Dialect
from crmkit.storage.questions import Questions
from crmkit.storage.statements import Statements, Write, insert
from crmkit.storage.tables import Tables, tables


@frozen(eq=False)
class Prepared:
    """The same for all stores that keep one model in one kind of database, under one prefix."""

    model: Model
    tables: Tables
    kinds: Mapping[str, Statements]
    questions: Questions
    record: Write
    keep: Write  #: an operation


def prepared(model: Model, dialect: type[Dialect], prefix: str, driver: sa.Dialect) -> Prepared:
    """Made once per process, for that takes most of the time of opening a store.

    :raises DefinitionError: tables or columns that would have the same name
    """
    kind: Any = type(driver)  # it has a hash, whatever its stubs say
    return _made(model, dialect, prefix, kind, driver.paramstyle)


@lru_cache(maxsize=8)  # of a megabyte or two, and more with the questions that were asked
def _made(model: Model, dialect: Any, prefix: str, driver: Any, paramstyle: str) -> Prepared:
    made, writing = tables(model, dialect(), prefix), driver(paramstyle=paramstyle)
    return Prepared(
        model,
        made,
        {kind: Statements(rows, writing) for kind, rows in made.kinds.items()},
        Questions(made, writing),
        insert(made.journal, writing, but="sequence"),
        feed.keeping(made, writing),
    )
