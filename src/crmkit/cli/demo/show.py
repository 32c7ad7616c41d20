"""The demo itself: recognise, import, tell, write."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from crmkit.cli.demo.crm_sales import CRM_SALES
from crmkit.cli.demo.dataset import Dataset, Step, Told
from crmkit.cli.demo.olist import OLIST
from crmkit.cli.demo.sample import FOLDER, SAMPLE
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.figures import Figures
from crmkit.core.kernel.layout import text_table
from crmkit.crm import CRM
from crmkit.exchange.imported import Imported, Reason
from crmkit.exchange.importer import import_csv
from crmkit.exchange.note import Note
from crmkit.present.report import write_report

KNOWN: Final = (OLIST, CRM_SALES, SAMPLE)

Say = Callable[[str], object]
Progress = Callable[[int], object]


def run(*, data: Path | None, store: str, out: Path, say: Say, progress: Progress | None = None) -> Path:
    """Import the files in `data`, or the sample, into `store`, `say` their figures and write a page into `out`.

    Gives the path of the page. Beside it are `notes.csv`, with every line that could not be right, and for each file
    with lines that were not taken a file of these.

    :raises Invalid: a folder whose files are not known, or that cannot be written
    :raises StoreError: the store cannot be opened
    """
    folder = data or FOLDER
    dataset = recognised(folder)
    with _notes(out) as heard, CRM.open(store, zone=dataset.zone) as crm:
        say(f"{dataset.title}: {dataset.intro}\n")
        reasons = list[tuple[Step, Reason]]()
        for step in dataset.steps:
            rejected = out / f"{Path(step.file).stem}-rejected.csv"
            done = import_csv(
                crm,
                folder / step.file,
                kind=step.kind,
                plan=step.plan,
                rejected=rejected,
                listen=partial(heard, step.file),
                progress=progress,
            )
            reasons += [(step, reason) for reason in done.reasons]
            say(f"{step.file} as {step.kind}: {done}{f' into {rejected}' if done.rejected else ''}")
            for sentence in _repairs(step, done):
                say(sentence)
        told = _told(crm, dataset, say)
    for line in _in_groups(reasons, out):
        say(line)
    page = write_report(
        out / "report.html",
        title=dataset.title,
        intro="\n\n".join([dataset.intro, *(each for each in told if isinstance(each, str))]),
        figures=[each for each in told if isinstance(each, Figures)],
        notes=[(f"{step.file}, {reason}", reason.count) for step, reason in reasons],
    )
    say(f"The page: {page}")
    return page


def recognised(folder: Path) -> Dataset:
    """What the files in a folder are.

    :raises Invalid: none of the data sets that are known
    """
    for dataset in KNOWN:
        if dataset.fits(folder):
            return dataset
    sets = "; or ".join(", ".join(sorted({step.file for step in dataset.steps})) for dataset in KNOWN)
    raise Invalid("data", f"{folder} is no known data set", accepts=f"a folder with the files {sets}")


def _repairs(step: Step, done: Imported) -> Iterator[str]:
    for (field, written), count in done.replaced.items():
        if field == step.repairs:
            yield f"  «{written}» is read as «{step.plan.values[field][written]}» in {count:,} lines"


def _told(crm: CRM, dataset: Dataset, say: Say) -> list[Told]:
    with crm.transaction() as tx:
        told = list(dataset.tell(tx))
    for each in told:
        say(f"\n{each}")
    return told


@contextmanager
def _notes(out: Path) -> Iterator[Callable[[str, Note], None]]:
    """The file of all notes, and how one is added."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        stream: TextIO = (out / "notes.csv").open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise Invalid("out", f"{out} cannot be written: {error.strerror}", accepts="a folder of yours") from None
    with stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["file", "line", "field", "reason", "value", "rejected"])
        yield lambda file, note: writer.writerow(
            [file, note.line, note.field, note.reason, note.value, "yes" if note.rejected else "no"]
        )


def _in_groups(reasons: list[tuple[Step, Reason]], out: Path) -> Iterator[str]:
    if not reasons:
        return
    rows = [(step.file, each, each.count, "no" if each.rejected else "yes", _first(each)) for step, each in reasons]
    yield "\nRows that could not be right\n"
    yield text_table(("file", "what", "rows", "imported", "lines"), rows, right=(2,))
    yield f"\nEvery one of them: {out / 'notes.csv'}"


def _first(reason: Reason) -> str:
    more = ", ..." if reason.count > len(reason.lines) else ""
    return ", ".join(map(str, reason.lines)) + more
