"""What a notebook shows of a list: what the business wrote down, as text, and no more of it than anybody reads."""

from __future__ import annotations

from crmkit import CRM, where
from crmkit.core.kernel.listing import MOST, Listing
from crmkit.core.sales.lead import Lead
from crmkit.testing import FixedClock


def test_a_list_is_a_table_of_what_was_written_down() -> None:
    """Fields that no record has are left out, and so is what the library keeps for itself."""
    with CRM.open("memory:", clock=FixedClock()) as crm, crm.transaction() as tx:
        one = tx.sales.capture_lead(topic="Cards <b>", company="한빛상사")
        tx.sales.contact(one.id)
        html = tx.of(Lead).find()._repr_html_()

    assert "<td>2026-01-05 09:00+00:00</td>" in html and "<td>unheld</td>" in html
    assert "<th>topic</th>" in html and "<td>Cards &lt;b&gt;</td>" in html and "<td>한빛상사</td>" in html
    assert "email" not in html and "version" not in html and "<caption>1 record</caption>" in html


def test_a_list_is_a_tuple() -> None:
    """Nothing that works with tuples has to know of it."""
    with CRM.open("memory:") as crm, crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Cards")

        assert tx.of(Lead).find() == (lead,)
        assert tx.of(Lead).find(where("topic") == "none") == ()
        assert tx.of(Lead).find(where("topic") == "none")._repr_html_().count("<tr>") == 1


def test_a_page_is_shown_as_its_list() -> None:
    """Whether or not there are more pages."""
    with CRM.open("memory:") as crm, crm.transaction() as tx:
        for number in range(3):
            tx.sales.capture_lead(topic=f"Cards {number}")
        page = tx.of(Lead).page(limit=2)

    assert page._repr_html_() == page.items._repr_html_()
    assert page._repr_html_().count("<tr>") == 3


def test_a_long_list_is_shown_in_part() -> None:
    """And says so."""
    with CRM.open("memory:") as crm, crm.transaction() as tx:
        lead = tx.sales.capture_lead(topic="Cards")

    html = Listing([lead] * (MOST + 1))._repr_html_()

    assert html.count("<tr>") == MOST + 1 and f"<caption>the first {MOST} of {MOST + 1} records</caption>" in html
