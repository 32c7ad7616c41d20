"""The demo on the sample, and on the larger data sets where they lie beside the project: figures to the digit."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import frozen

from crmkit.cli import demo
from crmkit.cli.demo.sample import FOLDER, SAMPLE
from crmkit.core.kernel.errors import Invalid
from crmkit.crm import CRM
from crmkit.exchange.importer import import_csv

DATA = Path(__file__).parents[3] / "shared" / "data"  # beside the project, on some machines


@frozen
class Shown:
    """What a run of the demo said and wrote."""

    text: str
    page: str
    notes: tuple[dict[str, str], ...]
    rejected: frozenset[str]  #: the names of the files of rejects

    def row(self, *cells: str) -> bool:
        """Whether a table has a line with these cells, one beside the other."""
        beside = " {2,}".join(map(re.escape, cells))
        return re.search(rf"(?m)^(?:.*  )?{beside}(?:  .*)?$", self.text) is not None


def shown(data: Path | None, store: str, out: Path) -> Shown:
    """Run the demo."""
    said = list[str]()
    path = demo.run(data=data, store=store, out=out, say=said.append)
    with (out / "notes.csv").open(encoding="utf-8", newline="") as stream:
        notes = tuple(csv.DictReader(stream))
    rejected = frozenset(each.name for each in out.glob("*-rejected.csv"))
    return Shown("\n".join(said).replace(str(out), "out"), path.read_text(encoding="utf-8"), notes, rejected)


@cache
def once(data: Path | None) -> Shown:
    """The demo on these data in memory, run for all tests together."""
    with TemporaryDirectory() as out:
        return shown(data, "memory:", Path(out))


def test_every_line_of_the_sample_that_cannot_be_right_is_listed() -> None:
    """All that was planted is found again, under its line, field and reason; what was not taken is in a file."""
    found = {(note["file"], int(note["line"])): note for note in once(None).notes}
    with (FOLDER / "leads.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        blank = {reader.line_num for row in reader if not row["origin"]}

    assert {line for (_, line), note in found.items() if note["field"] == "source"} == blank
    assert Counter((note["file"], note["field"]) for note in once(None).notes if note["rejected"] == "no") == {
        ("leads.csv", "source"): len(blank),
        ("leads.csv", "created"): 3,
        ("leads.csv", "contacted"): 1,
        ("leads.csv", "phone"): 3,
        ("leads.csv", "email"): 3,
        ("leads.csv", "owner"): 1,
        ("leads.csv", "key"): 4,
        ("deals.csv", "product"): 1,
        ("deals.csv", "owner"): 1,
        ("deals.csv", "closed"): 3,
    }
    assert " ".join(note["field"] for note in once(None).notes if note["rejected"] == "yes") == (
        "amount amount lead lead currency amount"
    )
    assert once(None).rejected == {"deals-rejected.csv"}


def test_the_same_is_shown_on_sqlite(tmp_path: Path) -> None:
    """The store makes no difference to what is said, listed and drawn."""
    assert shown(None, f"sqlite:{tmp_path / 'demo.db'}", tmp_path / "out") == once(None)


def test_a_second_run_on_the_same_store_finds_everything_there(tmp_path: Path) -> None:
    """Nothing is imported twice, and the figures stay."""
    store = f"sqlite:{tmp_path / 'demo.db'}"
    first, second = (shown(None, store, tmp_path / "out") for _ in range(2))

    assert "leads.csv as lead: 604 read, 4 revised, 600 unchanged" in second.text
    assert "deals.csv as opportunity: 120 read, 114 unchanged, 6 rejected" in second.text
    assert (
        second.text.partition("Lead funnel")[2].partition("Rows that")[0]
        == (first.text.partition("Lead funnel")[2].partition("Rows that")[0])
    )


def test_the_page_needs_nothing_else() -> None:
    """It has the charts in it, escapes what people typed, and loads nothing."""
    page = once(None).page

    assert "<svg" in page and "Lead funnel" in page and "Rows that could not be right" in page
    assert not re.search(r"""(?:src|href)=["']?https?:""", page)


def test_the_rejected_deals_can_be_put_right_and_imported(tmp_path: Path) -> None:
    """The sentence of the README: what is fixed goes in, by the same mapping, and the figures follow."""
    store, out = f"sqlite:{tmp_path / 'demo.db'}", tmp_path / "out"
    shown(None, store, out)
    rejected = out / "deals-rejected.csv"
    fixed = rejected.read_text(encoding="utf-8")
    for wrong, right in (("1250000.50", "1250000"), ("-69740.00", "69740.00"), ("KWR", "KRW"), ('"12,5oo"', "12500")):
        assert wrong in fixed
        fixed = fixed.replace(f",{wrong},", f",{right},")
    (tmp_path / "fixed.csv").write_text(fixed, encoding="utf-8")
    with CRM.open(store, zone=SAMPLE.zone) as crm:
        plan = SAMPLE.steps[-1].plan
        done = import_csv(crm, tmp_path / "fixed.csv", kind="opportunity", plan=plan, rejected=rejected)
        with crm.transaction() as tx:
            (figure,) = tx.insights.funnel().rows

    assert (done.created, done.rejected) == (4, 2)
    assert figure.values[3] == 65  # as many as the sample's README counts


def sample(run: Shown) -> None:
    """The figures that the README of the sample counts, less the deals that had to be rejected."""
    assert "leads.csv as lead: 604 read, 600 created, 2 revised, 2 unchanged" in run.text
    assert "deals.csv as opportunity: 120 read, 114 created, 6 rejected" in run.text
    assert "«CloudPro» is read as «Cloud Pro» in 4 lines" in run.text
    for source, leads in (("web", 160), ("referral", 80), ("trade_show", 90), ("partner", 70), ("advertisement", 85)):
        assert run.row(source, str(leads))
    assert run.row("600", "449", "114", "62", "10.333 %")
    assert "62 deals won, 32 lost, 20 open" in run.text


def olist(run: Shown) -> None:
    """The figures of a marketing funnel of 8,000 leads."""
    assert "842 of 8,000 leads won, 10.525 %." in run.text
    for origin, leads, won in (
        ("organic_search", "2,296", 271),
        ("paid_search", "1,586", 195),
        ("social", "1,350", 75),
        ("unknown", "1,099", 179),
        ("direct_traffic", "499", 56),
        ("email", "493", 15),
        ("referral", "284", 24),
        ("other", "150", 4),
        ("display", "118", 6),
        ("other_publicities", "65", 3),
        ("–", "60", 14),
    ):
        assert run.row(origin, leads, str(won))
    assert (
        "From first contact to won: mean 49.10 days, median 14.65 days; 547 within 30 days, "
        "1 before the first contact (-1.18 days)." in run.text
    )
    assert "The largest segments: home_decor 105, health_beauty 93, car_accessories 77." in run.text
    assert "32 SDRs brought the leads that were won, 22 SRs the deals." in run.text
    assert {note["reason"] for note in run.notes} == {
        "no origin given",
        "known by its key only",
        "won before the first contact",
    }
    assert len(run.notes) == 60 + 842 + 1


def crm_sales(run: Shown) -> None:
    """The figures of a pipeline of 8,800 deals."""
    assert "4,238 won, 2,473 lost, 1,589 engaging, 500 prospecting" in run.text
    assert "win rate 63.15 %, won value 10,005,534 USD." in run.text
    for region, value in (("West", "3,568,647.00"), ("Central", "3,346,293.00"), ("East", "3,090,594.00")):
        assert re.search(rf"(?m)^{region} .* {re.escape(value)} USD$", run.text)
    assert "From opening to outcome: 47.99 days, won 51.78 days, lost 41.48 days." in run.text
    assert "«GTXPro» is read as «GTX Pro» in 1,480 lines" in run.text
    assert "«technolgy» is read as «technology» in 12 lines" in run.text
    assert "1,425 deals have no customer yet, 1,425 of them are open." in run.text
    assert "5 agents have no deals." in run.text
    assert run.notes == ()


KNOWN: dict[Path | None, Callable[[Shown], None]] = {None: sample, DATA / "olist": olist, DATA / "crm_sales": crm_sales}


HERE = [data for data in KNOWN if data is None or data.is_dir()]


@pytest.mark.parametrize("data", HERE, ids=lambda data: data.name if data else "sample")
def test_a_known_data_set_comes_out_to_the_digit(data: Path | None) -> None:
    """The figures that stand in the README beside the data, from the first line to the last."""
    KNOWN[data](once(data))


def test_a_folder_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """The error says which files would be."""
    with pytest.raises(Invalid, match="leads.csv") as refused:
        demo.run(data=tmp_path, store="memory:", out=tmp_path / "out", say=print)

    assert refused.value.field == "data"
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match="cannot be written"):
        demo.run(data=None, store="memory:", out=tmp_path / "file", say=print)
