"""Everything that can go wrong, as one small tree: a class where a caller branches, a stable code everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from attrs import field, frozen

if TYPE_CHECKING:
    from datetime import datetime

NO_FACTS: Mapping[str, Any] = {}


class CrmError(Exception):
    """The root: catch it to catch whatever crmkit raises on purpose.

    `code` never changes between releases and `cure` is what helps against any error of the class; of this one `hint`
    says what would be accepted or done next, and `facts` has the values that a program would otherwise parse out of
    the message.
    """

    code: ClassVar[str] = "crm_error"
    cure: ClassVar[str] = "catch a subclass where you can do something about it"

    def __init__(self, message: str, *, hint: str = "", facts: Mapping[str, Any] = NO_FACTS) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = dict(facts)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class Invalid(CrmError):
    """A value that cannot be taken: `field` names it, the message shows its shape and what would be accepted."""

    code = "invalid"
    cure = "correct the field that `field` names; the hint says what it accepts"

    def __init__(self, field: str, problem: str, *, accepts: str = "", facts: Mapping[str, Any] = NO_FACTS) -> None:
        super().__init__(
            f"{field}: {problem}", hint=f"accepted: {accepts}" if accepts else "", facts={"field": field, **facts}
        )
        self.field = field
        self.problem = problem
        self.accepts = accepts

    def inside(self, field: str) -> Invalid:
        """The same refusal, seen from the value or record that holds this field."""
        return Invalid(field, self.problem, accepts=self.accepts, facts={**self.facts, "field": field})


class NotFound(CrmError):
    """No such record, or none that this actor may see: the two are told apart by nobody."""

    code = "not_found"
    cure = "take the id from a list that this actor sees"


class Conflict(CrmError):
    """Somebody else changed the record since it was read; read it again and decide again."""

    code = "conflict"
    cure = "read the record again and decide again, or let `crm.run` do that"


class IllegalMove(CrmError):
    """The life cycle has no such move from here; the message lists the moves there are."""

    code = "illegal_move"
    cure = 'one of the moves in `facts["possible"]`, or none'


class CriteriaError(CrmError):
    """A condition that cannot be asked of this kind of record: unknown path, wrong literal, missing parameter."""

    code = "criteria_error"
    cure = "correct the condition; the hint names the nearest path"


class DefinitionError(CrmError):
    """An entity or a life cycle that contradicts itself; raised while the program is being put together."""

    code = "definition_error"
    cure = "correct the class, the life cycle or the sweep that the message names"


class MissingExtra(CrmError):
    """An optional library is not installed; the message is the line that installs it."""

    code = "missing_extra"
    cure = "run the line that the message ends with"

    def __init__(self, extra: str) -> None:
        super().__init__(f"this needs the extra «{extra}»: pip install 'crmkit[{extra}]'", facts={"extra": extra})


class Veto(CrmError):
    """A plugin forbids it, in words of its own; nothing of the transaction is kept."""

    code = "veto"
    cure = "what its own words say; `facts` names the plugin"


class PluginError(CrmError):
    """A plugin is not what it should be: it raised, answered with something else, or cannot be loaded.

    `plugin` is its name; what it raised itself is the cause.
    """

    code = "plugin_error"
    cure = "mend, disable or remove the plugin that `plugin` names"

    def __init__(self, plugin: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"the plugin {plugin} {problem}", hint=hint, facts={"plugin": plugin})
        self.plugin = plugin
        self.problem = problem


class SchemaOutdated(CrmError):
    """The database was made for another set of fields than this program has."""

    code = "schema_outdated"
    cure = "open it with the entities it was made for, or bring it up to date"


class StoreError(CrmError):
    """A database that cannot be opened or used: a wrong URL, an unreadable file, a full disk."""

    code = "store_error"
    cure = "mend what the message names: URL, file, disk, rights, server"


class Retryable(StoreError):
    """The store could not do it now: nothing of the transaction is done, and the same may work a moment later."""

    code = "retryable"
    cure = "do the whole transaction again, or let `crm.run` do that"


class Ambiguous(StoreError):
    """A COMMIT that ended in an error: the transaction may be done."""

    code = "ambiguous"
    cure = "look for the operation, or let `crm.run` do that"


class Unavailable(CrmError):
    """Nothing was done, for the store was busy or away, or others were quicker, as long as it was tried."""

    code = "unavailable"
    cure = (
        "do it again later, with the same operation id or another; "
        'where `facts["because"]` is "conflict", read the record within what is run'
    )


class OutcomeUnknown(CrmError):
    """It may be done or not; running it again with the id `operation` gives the answer, and does it once at most."""

    code = "outcome_unknown"
    cure = "run it again with the operation id that it carries"

    def __init__(self, operation: UUID) -> None:
        super().__init__(
            f"whether operation {operation} was done cannot be found out now",
            hint="run it again with this operation id",
            facts={"operation": str(operation)},
        )
        self.operation = operation


@frozen(kw_only=True)
class Refusal:
    """One rule that said no, as a value that a screen can show and a program can branch on."""

    code: str
    says: str
    facts: Mapping[str, Any] = field(factory=dict)
    retry_at: datetime | None = None  #: when time alone would lift it


class Refused(CrmError):
    """A rule forbids it now; `refusals` has every rule that said no, not the first only."""

    code = "refused"
    cure = "mend what each of `refusals` names; one with `retry_at` only takes time"

    def __init__(self, what: str, refusals: Sequence[Refusal]) -> None:
        super().__init__(
            f"{what} is refused: " + "; ".join(refusal.says for refusal in refusals),
            facts={"codes": [refusal.code for refusal in refusals]},
        )
        self.refusals = tuple(refusals)


def shape(value: object) -> str:
    """How a refused value looks, short enough for a log line whatever its size."""
    if isinstance(value, str):
        if len(value) > 40:
            return f"a text of {len(value):,} characters"
        return f"the text {value!r}"
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return f"a value too large to show ({type(value).__name__})"
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{text} ({type(value).__name__})"
