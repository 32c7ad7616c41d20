"""What an import has to say about a line: why it was not taken, or what in it could not be right."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.errors import CrmError, Invalid, Refused


@frozen
class Note:
    """One thing about one line."""

    line: int
    field: str  #: what it is about, as the mapping calls it; "line" for the line as a whole
    reason: str  #: the same words for all lines that have the same thing the matter with them
    value: str = ""  #: what stands there, or by how much it is off
    rejected: bool = False  #: the line was not imported for it

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.reason}{f' ({self.value})' if self.value else ''}"


def refused(line: int, error: CrmError) -> Note:
    """Why a command or a check did not take the line."""
    if isinstance(error, Invalid):
        return Note(line, error.field, *_said(error), rejected=True)
    code = error.refusals[0].code if isinstance(error, Refused) else error.code
    return Note(line, "line", code.replace("_", " "), error.message, rejected=True)


def doubted(line: int, error: Invalid) -> Note:
    """What was left out of the line because it cannot be read."""
    reason, value = _said(error)
    return Note(line, error.field, f"{reason}; left out", value)


def _said(error: Invalid) -> tuple[str, str]:
    """What is the matter, in words that do not depend on the value; and the value, with what is special about it."""
    accepts, _, more = error.accepts.partition("; ")
    if error.problem.startswith("got "):
        value = error.problem.removeprefix("got ")
        return f"is not {accepts}", f"{value}; {more}" if more else value
    return f"{error.problem}; accepted: {accepts}" if accepts else error.problem, more
