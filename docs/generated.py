"""The pages of the reference that follow from the code: `make docs` writes them, a test compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import cleandoc, signature
from pathlib import Path

from crmkit.builtin import ENTITIES
from crmkit.core.imports.run import import_run
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.flow import LifeCycle
from crmkit.core.kernel.layout import markdown_table
from crmkit.core.kernel.model import EntityModel, Model
from crmkit.core.sales.lead import lead
from crmkit.core.sales.opportunity import opportunity
from crmkit.core.service.case import case
from crmkit.plugins.gate import HOOKS
from crmkit.storage.ddl import DATABASES, ddl

HERE = Path(__file__).parent
CYCLES: tuple[type[LifeCycle], ...] = (lead, opportunity, case, import_run)


def pages() -> Mapping[Path, str]:
    """The text of each page, by its path."""
    reference = HERE / "reference"
    return {
        reference / "life-cycles.md": life_cycles(),
        reference / "fields.md": fields(),
        reference / "schema.md": schema(),
        reference / "errors.md": errors(),
        reference / "hooks.md": hooks(),
    }


def life_cycles() -> str:
    """Every flow as a table and as a diagram."""
    parts = ["# Life cycles", "What may happen to a record, as `crmkit diagram` prints it."]
    for cycle in CYCLES:
        parts += [f"## {cycle.__name__.capitalize().replace('_', ' ')}", str(cycle.__doc__), cycle.flow.table()]
        parts += [f"```mermaid\n{cycle.flow.mermaid()}\n```"]
    return "\n\n".join(parts) + "\n"


def fields() -> str:
    """Every kind of record with the paths that conditions may ask."""
    model = Model.build(ENTITIES)
    parts = ["# Fields", "The paths of every kind of record; a reference `account_id` is also the way `account.name`."]
    for kind in sorted(model.entities):
        one = model.entities[kind]
        parts += [f"## {kind}", str(one.cls.__doc__).strip(), markdown_table(("path", "holds", ""), _rows(one))]
    return "\n\n".join(parts) + "\n"


def errors() -> str:
    """Every error with its code, what causes it and what to do about it."""
    raised = (
        "Whatever crmkit raises on purpose is a `CrmError`: it has a stable `code`, a `message`, a `hint` and `facts`"
        "\nfor programs; `str(error)` is message and hint. The command line prints `code: message` and ends with 1."
    )
    nothing_else = (
        "Nothing else leaves the library: an error of a driver is a `StoreError` with its number in `facts`, and a"
        "\n`TypeError` is a call that a type checker would have refused."
    )
    table = markdown_table(("error", "code", "cause", "cure"), list(_errors(CrmError, 0)))
    dots = "An error behind a dot is a kind of the one above it that has a dot less."
    return f"# Errors\n\n{raised}\n\n{dots}\n\n{table}\n\n{nothing_else}\n"


def _errors(cls: type[CrmError], depth: int) -> Iterator[tuple[str, str, str, str]]:
    cause = " ".join(str(cls.__doc__).split("\n\n")[0].split())
    yield f"{'· ' * depth}`{cls.__name__}`", f"`{cls.code}`", cause, cls.cure
    for below in sorted(cls.__subclasses__(), key=lambda each: each.__name__):
        if below.__module__.startswith("crmkit."):
            yield from _errors(below, depth + 1)


def hooks() -> str:
    """Every hook with its signature and what it promises."""
    what = (
        "What a [plugin](../how-to/extend.md) can implement, in the words of `crmkit.plugins.spec`. Parameters that an"
        "\nimplementation does not need it may leave out at run time; a type checker asks for all of them."
    )
    parts = ["# Hooks", what]
    for name, hook in HOOKS.items():
        parts += [f"## {name}", f"```text\n{signed(hook)}\n```", cleandoc(str(hook.__doc__))]
    return "\n\n".join(parts) + "\n"


def signed(hook: Callable[..., object]) -> str:
    """The signature of a hook as it stands in its source."""
    return f"{hook.__name__}{str(signature(hook)).replace(chr(39), '')}"


def schema() -> str:
    """The tables in each kind of database."""
    said = (
        "What `CRM.open` makes, derived from the entities. Columns that end in `_fold` hold names as they are compared;"
        "\nmoments are in UTC, and in SQLite amounts are whole ten-thousandths. `crm_schema` says what each table was"
        "\nmade as, see [Change the schema](../how-to/change-the-schema.md)."
    )
    parts = ["# Schema", said]
    for database in DATABASES:
        parts += [f"## {database}", f"```sql\n{ddl(Model.build(ENTITIES), database)}```"]
    return "\n\n".join(parts) + "\n"


def _rows(one: EntityModel) -> list[tuple[str, str, str]]:
    unique = {index.paths[0] for index in one.indexes if index.unique and len(index.paths) == 1}
    return [
        (
            column.path,
            ", ".join(column.choices)
            if column.choices
            else f"{column.target} id"
            if column.target
            else str(column.scalar),
            ", ".join(
                word
                for word, said in (
                    ("optional", column.nullable),
                    ("unique", column.path in unique),
                    ("personal", column.personal),
                    ("by commands only", column.stamped),
                )
                if said
            ),
        )
        for column in one.columns
    ]


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
