"""How columns become fields: names, words for words, constants, dates, and the mistakes one can make with them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import frozen

from crmkit.core.kernel.errors import DefinitionError, Invalid
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Email, PersonName, Phone
from crmkit.exchange.cells import targets
from crmkit.exchange.csv_file import Line
from crmkit.exchange.kinds import KINDS
from crmkit.exchange.mapping import Plan, fitted
from crmkit.exchange.note import Note
from crmkit.exchange.rows.account import AccountRow
from crmkit.exchange.rows.lead import LeadRow
from crmkit.exchange.rows.opportunity import OpportunityRow, Outcome


def lead(plan: Plan, **cells: str | None) -> tuple[LeadRow, list[Note]]:
    """The row of a line with these cells."""
    row, notes = fitted(plan, LeadRow, tuple(cells)).read(Line(2, cells))
    assert isinstance(row, LeadRow)
    return row, notes


def test_a_field_takes_the_column_of_its_name() -> None:
    """What is called alike needs no mapping, and what nobody maps is not read."""
    row, notes = lead(Plan(), topic="Cards", company="한빛상사", shoe_size="43")

    assert row == LeadRow(topic="Cards", company="한빛상사")
    assert notes == []


def test_a_mapped_field_takes_its_column_only() -> None:
    """The column of the same name is another matter then."""
    row, _ = lead(Plan(columns={"source": "origin"}), topic="Cards", origin="web", source="Wikipedia")

    assert row.source == "web"


def test_two_fields_may_take_one_column() -> None:
    """A date of first contact is the date of birth of a lead as well."""
    row, _ = lead(Plan(columns={"created": "when", "contacted": "when"}), topic="Cards", when="2025-03-31")

    assert row.created == row.contacted == datetime(2025, 3, 31, tzinfo=UTC)


def test_a_word_that_is_mapped_is_read_as_what_is_meant() -> None:
    """Exactly that word, and how often it came is counted; the empty text takes it away."""
    reading = fitted(Plan(values={"source": {"www": "web", "?": ""}}), LeadRow, ("topic", "source"))
    rows = [reading.read(Line(2, {"topic": "a", "source": said}))[0] for said in ("www", "WWW", "?", "www")]

    assert [getattr(row, "source") for row in rows] == ["web", "WWW", None, "web"]  # noqa: B009
    assert reading.replaced == {("source", "www"): 2, ("source", "?"): 1}


def test_a_constant_fills_what_is_empty() -> None:
    """It stands where the file has nothing, be it a cell or a column."""
    plan = Plan(constants={"source": "fair", "country": "KR"})

    assert [lead(plan, topic="a", source=said)[0].source for said in ("web", None)] == ["web", "fair"]
    assert lead(plan, topic="a")[0].country == "KR"


def test_every_text_becomes_what_its_field_holds() -> None:
    """Values are read as people write them."""
    row, notes = lead(Plan(), person="홍길동", email=" a@b.kr", phone="010-1234-5678")

    assert (row.person, row.email) == (PersonName.of("홍길동"), Email.of("a@b.kr"))
    assert (row.phone, notes) == (Phone.of("010-1234-5678"), [])


@pytest.mark.parametrize(
    ("plan", "said", "meant"),
    [
        (Plan(), "2025-03-31", datetime(2025, 3, 31, tzinfo=UTC)),
        (Plan(zone="Asia/Seoul"), "2025-03-31", datetime(2025, 3, 30, 15, tzinfo=UTC)),
        (Plan(zone="Asia/Seoul"), "2025-03-31 09:30", datetime(2025, 3, 31, 0, 30, tzinfo=UTC)),
        (Plan(zone="Asia/Seoul"), "2025-03-31T09:30:00+02:00", datetime(2025, 3, 31, 7, 30, tzinfo=UTC)),
        (Plan(dates=("%d.%m.%Y", "%d.%m.%Y %H:%M")), "31.03.2025 17:05", datetime(2025, 3, 31, 17, 5, tzinfo=UTC)),
    ],
)
def test_a_date_is_a_moment_in_the_zone_of_the_plan(plan: Plan, said: str, meant: datetime) -> None:
    """A day begins at its midnight there; a time that names its zone keeps it."""
    row, notes = lead(plan, topic="a", created=said)

    assert (row.created, notes) == (meant, [])


@pytest.mark.parametrize("said", ["2025-02-30", "13/13/2025", "soon", "31.03.2025"])
def test_a_date_that_is_none_is_left_out(said: str) -> None:
    """The line stays, and the note has the line, the field, what was wrong and what would be right."""
    row, notes = lead(Plan(), topic="a", created=said)

    assert row.created is None
    (note,) = notes
    assert str(note).startswith("line 2, created: is not a date such as 2025-03-31 or 2025-03-31 17:05; left out")
    assert note.value == f"the text '{said}'"


def test_whole_numbers_and_amounts_are_read_without_guessing() -> None:
    """No separators, no exponents: 1.200 is one and a fifth, and 1,200 is nothing."""
    reading = fitted(Plan(times={"annual_revenue": 1_000_000}), AccountRow, ("key", "employees", "annual_revenue"))
    row, _ = reading.read(Line(2, {"key": "a", "employees": "2822", "annual_revenue": "1100.04"}))
    _, notes = reading.read(Line(3, {"key": "a", "employees": "2,822", "annual_revenue": None}))

    assert row == AccountRow(key="a", employees=2822, annual_revenue=Decimal("1100040000.0000"))
    assert [note.field for note in notes] == ["employees"]
    for said in ("1,100", "1e6", "NaN", "12,5oo", "9" * 15):
        with pytest.raises(Invalid, match="annual_revenue"):
            reading.read(Line(4, {"key": "a", "employees": None, "annual_revenue": said}))


def test_an_outcome_is_read_in_any_case() -> None:
    """Won is won; what is neither won nor lost makes the line worthless."""
    reading = fitted(Plan(), OpportunityRow, ("outcome",))

    assert reading.read(Line(2, {"outcome": "Won"}))[0] == OpportunityRow(outcome=Outcome.WON)
    with pytest.raises(Invalid, match="one of won, lost"):
        reading.read(Line(2, {"outcome": "Wonn"}))


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b", "x" * 255])
def test_a_text_that_no_store_can_hold_makes_the_line_worthless(text: str) -> None:
    """NUL, half a surrogate pair and too long a name are refused under the name of their field."""
    with pytest.raises(Invalid) as refused:
        lead(Plan(), topic=text)

    assert refused.value.field == "topic"


@pytest.mark.parametrize(
    ("plan", "field", "offers"),
    [
        (Plan(columns={"sourc": "origin"}), "columns", "source"),
        (Plan(values={"prodct": {}}), "values", "product"),
        (Plan(constants={"curency": "EUR"}), "constants", "currency"),
        (Plan(columns={"lead": "orign"}), "columns.lead", "origin"),
        (Plan(zone="Mars/Olympus"), "zone", "Asia/Seoul"),
        (Plan(dates=("%Q",)), "dates", "%d.%m.%Y"),
        (Plan(times={"amount": 0}), "times.amount", "1"),
        (Plan(times={"stage": 2}), "times.stage", "an amount"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(plan: Plan, field: str, offers: str) -> None:
    """A misspelt field or column is no empty one; the error offers what could be meant."""
    row = OpportunityRow if "source" not in offers else LeadRow
    with pytest.raises(Invalid) as refused:
        fitted(plan, row, ("origin",))

    assert refused.value.field == field
    assert offers in refused.value.accepts


@frozen
class Priced:
    """What no row is: a field of two columns."""

    price: Money | None = None


def test_a_field_that_is_no_single_text_cannot_be_mapped() -> None:
    """Money comes of two columns, so a row has a field for each; the mistake is found when the row is first read."""
    (target,) = targets(Priced)

    with pytest.raises(DefinitionError, match="price"):
        target.parser()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_mapped(kind: str) -> None:
    """Each field of each row has a reader, and each row a field that names its record."""
    row = KINDS[kind]
    reading = fitted(Plan(), row, ("key", "code", "name", "currency", "nobody reads this"))

    assert row.identity in reading.fields
    assert "nobody reads this" not in reading.fields
