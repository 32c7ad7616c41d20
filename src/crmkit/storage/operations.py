"""Operations as rows of their table, and back."""

from __future__ import annotations

import json
from typing import Final

from crmkit.core.kernel.model import Row
from crmkit.core.kernel.operation import Command, Operation

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def row_of(operation: Operation) -> Row:
    """The row of an operation, in the order of `tables.OPERATION`; its position is not its own to say."""
    commands = [[command.name, command.digest, command.outcome] for command in operation.commands]
    return (operation.id, operation.actor, operation.at, operation.cause, _JSON(commands), None)


def operation_of(row: Row) -> Operation:
    """The operation that has this row."""
    id, actor, at, cause, commands, _ = row
    done = tuple([Command(name=name, digest=given, outcome=outcome) for name, given, outcome in json.loads(commands)])
    return Operation(id=id, actor=actor, at=at, cause=cause, commands=done)
