"""Erasing a person where the store does not reach: in the files of rejected lines that imports have written."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.customers.contact import Contact
from crmkit.core.customers.particulars import Particulars
from crmkit.core.imports.run import ImportRun
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.erasure import Erased
from crmkit.core.kernel.errors import Invalid
from crmkit.core.sales.lead import Lead
from crmkit.exchange.rejects import require_rejects
from crmkit.exchange.rewriting import without

if TYPE_CHECKING:
    from crmkit.transaction import Transaction


@frozen(kw_only=True)
class Cleaned:
    """What became of one file of rejected lines."""

    path: Path
    lines: int = 0  #: that told of the person, and are gone
    problem: str = ""  #: why it is as it was, and has to be looked after by hand


@frozen(kw_only=True)
class Forgotten:
    """What became of a person: in the store, and in each file of rejected lines that is there."""

    erased: Erased
    files: tuple[Cleaned, ...]


def erase_person(tx: Transaction, record: Lead | Contact) -> Forgotten:
    """Erase a person, and the lines about them in the files of rejected lines of all imports.

    A line is about them if one of its cells has their e-mail address in it, or is their phone number or full name; see
    `Particulars`. A file that is gone is passed over; one that cannot be read or replaced stays, and is told.

    The files come last before the commit: if that fails, the lines are gone and the person is not, so erase again.
    Afterwards nobody would know any more whom to look for.

    :raises NotFound: like `tx.privacy.erase`
    :raises Conflict: like `tx.privacy.erase`
    :raises Invalid: like `tx.privacy.erase`
    """
    particulars = tx.privacy.particulars(record)
    erased = tx.privacy.erase(record)
    with tx.sight.lifted():
        runs = tx.of(ImportRun).find(where("rejects").present())
    paths = sorted({Path(run.rejects) for run in runs if run.rejects is not None})
    files = (cleaned(path, particulars) for path in paths)
    return Forgotten(erased=erased, files=tuple(file for file in files if file is not None))


def cleaned(path: Path, particulars: Particulars) -> Cleaned | None:
    """A file of rejected lines is without those about a person from now on; None if there is no such file."""
    try:
        require_rejects(path)
        return Cleaned(path=path, lines=without(path, lambda cells: any(map(particulars.stand_in, cells[1:]))))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Cleaned(path=path, problem=error.strerror or str(error))
    except Invalid as error:
        return Cleaned(path=path, problem=error.problem)
    except csv.Error as error:
        return Cleaned(path=path, problem=str(error))
