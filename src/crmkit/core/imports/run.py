"""A run: one file on its way into the CRM, and what became of its lines so far."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from attrs import evolve, frozen

from crmkit.core.kernel.entity import Entity, entity
from crmkit.core.kernel.fields import Code, Stamped, Text
from crmkit.core.kernel.flow import Flow, LifeCycle
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.journal import Stamp


class RunStatus(StrEnum):
    """Whether more lines may come, and whether what came is still there."""

    BEGUN = "begun"  #: going on, or broken off: nobody comes back to say so
    ENDED = "ended"  #: all lines were read
    UNDONE = "undone"  #: what it did was taken back


ADVANCED: Final = "import_run.advanced"  #: the event of a transaction that entered lines
LASTING: Final = ("import_run.begun", ADVANCED, "import_run.ended")  #: they tell of what was done, also when it is not


@entity("import_run", lasting=LASTING)
@frozen(kw_only=True)
class ImportRun(Entity):
    """Which file, and how many of its lines did what: as many as were committed, also where a run broke off."""

    id: Id[ImportRun]
    status: Annotated[RunStatus, Stamped] = RunStatus.BEGUN
    file: Annotated[Text, Stamped]  #: its name, without the folder
    kind: Annotated[Code, Stamped]  #: what its lines are about: lead, account, ...
    rejects: Annotated[Text | None, Stamped] = None  #: where the rejected lines are written, as an absolute path
    created: Annotated[int, Stamped] = 0
    revised: Annotated[int, Stamped] = 0
    unchanged: Annotated[int, Stamped] = 0
    rejected: Annotated[int, Stamped] = 0


def _advanced(
    one: ImportRun, stamp: Stamp, *, created: int = 0, revised: int = 0, unchanged: int = 0, rejected: int = 0
) -> ImportRun:
    return evolve(
        one,
        created=one.created + created,
        revised=one.revised + revised,
        unchanged=one.unchanged + unchanged,
        rejected=one.rejected + rejected,
    )


BEGUN, ENDED, UNDONE = RunStatus


class import_run(LifeCycle):
    """What happens to an import: it advances with every transaction of lines, ends, and may be taken back."""

    flow = Flow(ImportRun, RunStatus, initial=BEGUN, final=(UNDONE,))
    advance = flow.move({BEGUN}, BEGUN, then=_advanced, event=ADVANCED)
    end = flow.move({BEGUN}, ENDED, event="import_run.ended")
    take_back = flow.move({BEGUN, ENDED}, UNDONE, event="import_run.taken_back")
