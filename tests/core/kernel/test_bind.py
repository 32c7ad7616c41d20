"""From conditions to Ground: what is resolved, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest

from crmkit.core.kernel import ground as g
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import (
    ALWAYS,
    NEVER,
    Age,
    Ago,
    And,
    Compare,
    Criteria,
    Elapsed,
    Field,
    Has,
    In,
    Match,
    Matches,
    Not,
    Operator,
    Or,
    Param,
    Some,
    Unit,
    some,
    where,
    within,
)
from crmkit.core.kernel.errors import CriteriaError, Invalid
from crmkit.testing.world.pools import FIRM_IDS, NOW, VISIT_IDS
from crmkit.testing.world.records import MODEL, Mood

ASKED = datetime(2024, 3, 10, 15, 30, tzinfo=UTC)  #: the day after in Seoul
FIRM = MODEL.kind("visit").relations["firm"]
PARENT = MODEL.kind("firm").relations["parent"]


def of_visits(criteria: Criteria, zone: str = "UTC", **params: Any) -> g.Ground:
    return bind(criteria, model=MODEL, kind="visit", now=ASKED, zone=zone, params=params)


def of_firms(criteria: Criteria) -> g.Ground:
    return bind(criteria, model=MODEL, kind="firm", now=ASKED)


def visit(path: str) -> Column:
    return MODEL.kind("visit").by_path[path]


def firm(path: str) -> Column:
    return MODEL.kind("firm").by_path[path]


class TestWhatIsResolved:
    """Paths, names, clocks, parameters and ages."""

    def test_a_path_over_relations_asks_the_record_at_its_end(self) -> None:
        """Each relation is one step."""
        asked = g.Test(firm("region"), Operator.EQUAL, "KR")

        assert of_visits(where("firm.parent.region") == "KR") == g.Via(FIRM, g.Via(PARENT, asked))

    def test_unequal_is_the_complement_of_the_whole_path(self) -> None:
        """So it is true where any part of the path is missing."""
        assert of_visits(where("firm.region") != "KR") == g.Complement(of_visits(where("firm.region") == "KR"))
        assert of_visits(~(where("code") != "KR")) == of_visits(where("code") == "KR")

    def test_a_relation_or_a_value_stands_for_its_presence(self) -> None:
        """And a relation for its id."""
        assert of_visits(where("firm").present()) == g.Exists(visit("firm_id"))
        assert of_visits(where("budget").present()) == g.Exists(visit("budget.amount"))
        assert of_visits(where("firm") == FIRM_IDS[0]) == of_visits(where("firm_id") == FIRM_IDS[0])

    def test_a_name_is_folded_and_a_code_is_not(self) -> None:
        """In every operator."""
        assert of_visits(where("title") == "ＡＢＣ") == g.Test(visit("title"), Operator.EQUAL, "abc")
        assert of_visits(where("title").contains("㈜")) == g.Within(visit("title"), "(주)")
        assert of_visits(where("title").in_(["ẞ", "SS"])) == g.OneOf(visit("title"), frozenset({"ss"}))
        assert of_visits(where("code") == "ＡＢＣ") == g.Test(visit("code"), Operator.EQUAL, "ＡＢＣ")

    def test_a_beginning_is_a_range(self) -> None:
        """From the text itself to the first that does not begin with it, where there is such a text."""
        since, below = (
            g.Test(visit("code"), op, text) for op, text in ((Operator.AT_LEAST, "ab"), (Operator.LESS, "ac"))
        )

        assert of_visits(where("code").starts_with("ab")) == g.Every((since, below))
        assert of_visits(where("code").starts_with("\U0010ffff")) == g.Test(
            visit("code"), Operator.AT_LEAST, "\U0010ffff"
        )

    def test_a_span_goes_by_the_zone(self) -> None:
        """For a date, today is the day in the zone."""
        later = where("birthday") > Ago(1, Unit.DAYS)

        assert of_visits(later) == g.Test(visit("birthday"), Operator.MORE, date(2024, 3, 9))
        assert of_visits(later, zone="Asia/Seoul") == g.Test(visit("birthday"), Operator.MORE, date(2024, 3, 10))

    def test_an_age_is_a_range_of_birthdays(self) -> None:
        """Of at least n are those born until today n years ago."""
        born = visit("birthday")
        until, after = g.Test(born, Operator.AT_MOST, date(1999, 3, 10)), g.Test(born, Operator.MORE, date(1998, 3, 10))

        assert of_visits(where("birthday").age_years >= 25) == until
        assert of_visits(where("birthday").age_years <= 25) == after
        assert of_visits(where("birthday").age_years == 25) == g.Every((until, after))

    def test_an_age_beyond_the_calendar_is_everybody_or_nobody(self) -> None:
        """Of those who have a birthday."""
        dated = g.Exists(visit("birthday"))

        assert of_visits(where("birthday").age_years < 3000) == dated
        assert of_visits(where("birthday").age_years >= 3000) == g.Const(False)
        assert of_visits(where("birthday").age_years >= -9000) == dated
        assert of_visits(where("birthday").age_years < -9000) == g.Const(False)
        assert of_visits(where("birthday").age_years == 2**63 - 1) == g.Const(False)

    @pytest.mark.parametrize(
        ("path", "literal", "value"),
        [
            ("score", 5, 5),
            ("price", 5, Decimal("5.0000")),
            ("price", "-0.0001", Decimal("-0.0001")),
            ("price", Decimal("5E+2"), Decimal("500.0000")),
            ("mood", Mood.GOOD, "good"),
            ("mood", "good", "good"),
            ("done", True, True),
            ("birthday", date(2024, 2, 29), date(2024, 2, 29)),
            ("started_at", "2024-01-01T09:00+09:00", datetime(2024, 1, 1, tzinfo=UTC)),
            ("started_at", "2024-01-01T00:00:00.1234560Z", datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)),
            ("started_at", NOW, NOW),
            ("id", str(VISIT_IDS[0]), VISIT_IDS[0]),
            ("id", VISIT_IDS[0], VISIT_IDS[0]),
        ],
    )
    def test_a_literal_becomes_what_rows_hold(self, path: str, literal: Any, value: Any) -> None:
        """Written out in the condition, or given as a parameter."""
        expected = g.Test(visit(path), Operator.EQUAL, value)

        assert of_visits(where(path) == literal) == expected
        assert of_visits(where(path) == Param("value"), value=literal) == expected

    def test_a_list_is_one_look(self) -> None:
        """Unless it has one value only, or fields of the record in it."""
        assert of_visits(where("score").in_([1, 2, 2])) == g.OneOf(visit("score"), frozenset({1, 2}))
        assert of_visits(where("score").in_([1])) == of_visits(where("score") == 1)
        assert of_visits(where("score").in_([1, Field("version")])) == g.Either(
            (g.Test(visit("score"), Operator.EQUAL, 1), g.Pair(visit("score"), Operator.EQUAL, visit("version")))
        )

    def test_a_count_asks_the_other_kind(self) -> None:
        """By the reference or by its relation."""
        mood = g.Test(visit("mood"), Operator.EQUAL, "bad")

        assert of_firms(some("visit", "firm_id", where("mood") == "bad", least=2)) == g.Count(
            "visit", visit("firm_id"), mood, 2
        )
        assert of_firms(some("visit", "firm")) == g.Count("visit", visit("firm_id"), g.Const(True), 1)

    def test_a_span_between_moments_is_microseconds(self) -> None:
        """At most so many that 64 bits hold them."""
        day = 24 * 60 * 60 * 1_000_000
        lapse = of_visits(within(1, "days", start="started_at", end="ended_at"))
        longest = of_visits(within(10**12, "weeks", start="started_at", end="ended_at"))

        assert lapse == g.Lapse(visit("started_at"), visit("ended_at"), Operator.AT_MOST, day)
        assert isinstance(longest, g.Lapse) and 3_652_058 * day < longest.microseconds < 2**63

    def test_what_is_always_or_never_true_disappears(self) -> None:
        """Unless nothing else is left."""
        done = where("done") == True  # noqa: E712

        assert of_visits(done & ALWAYS) == of_visits(done) == of_visits(done | NEVER)
        assert of_visits(done & NEVER) == g.Const(False) == of_visits(~(done | ALWAYS))
        assert of_visits(ALWAYS) == g.Const(True)
        assert of_visits(where("firm.founded").age_years > 5000) == g.Const(False)
        assert of_firms(some("visit", "firm", NEVER)) == g.Const(False)


def elapsed(start: str, end: str, unit: Unit = Unit.DAYS) -> Criteria:
    return Elapsed(start, end, Operator.AT_MOST, 1, unit)


REFUSED: tuple[tuple[Criteria, str], ...] = (
    # paths
    (where("titel") == "x", "did you mean title"),
    (where("frim.name") == "x", "visit has no «frim.name»"),
    (where("firm.nmae") == "x", "did you mean name"),
    (where("firm_id.name") == "x", "visit has no"),
    (where("x" * 300) == 1, "a text of 300 characters"),
    (where("firm" + ".parent" * 11 + ".name") == "x", "over 12 relations"),
    (where("budget") == 5, "several parts .*budget.amount"),
    (where("budget.amount") == Field("budget"), "several parts"),
    # literals that the field cannot hold exactly
    (where("score") == "3", "whole number"),
    (where("score") == True, "whole number"),  # noqa: E712
    (where("score") == 2**63, "63 bits"),
    (where("score") == 10**5000, "too large to show"),
    (where("price") == "1.00001", "4 behind it"),
    (where("price") == "100000000000000", "14 digits"),
    (where("price") == "1e3", "Decimal"),
    (where("price") == "NaN", "Decimal"),
    (where("price") == True, "Decimal"),  # noqa: E712
    (where("mood") == "god", "one of good, fair, bad; did you mean good"),
    (where("mood") == 1, "one of good, fair, bad"),
    (where("done") == 1, "true or false"),
    (where("done") == "true", "true or false"),
    (where("birthday") == "2024-02-30", "a date"),
    (where("birthday") == 20240229, "a date"),
    (where("birthday") == NOW, "a date"),
    (where("started_at") == "2024-02-29T12:00", "time zone"),
    (where("started_at") == date(2024, 2, 29), "time zone"),
    (where("started_at") == "2024-02-29T12:00:00.1234567Z", "time zone"),
    (where("started_at") == "0001-01-01T00:00+09:00", "years 1 and 9999"),
    (where("id") == "no id", "a UUID"),
    (where("id") == 5, "a UUID"),
    (where("id") == "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "version 7"),
    (where("title") == 5, "a text"),
    (where("title") == "x" * 300, "characters"),
    (where("code") == "", "blank"),
    (where("note") < " ", "blank"),
    (where("code") == "a\0", "NUL"),
    (where("title") == "\ud800", "surrogates"),
    # operators that the field does not have
    (where("mood") < "good", "no order"),
    (where("done") >= True, "no order"),
    (where("id") > str(VISIT_IDS[0]), "no order"),
    (where("mood") <= Field("expected"), "no order"),
    (where("labels") == "vip", "are tags"),
    (where("labels").in_(["vip"]), "are tags"),
    (where("labels") == Field("labels"), "are tags"),
    (where("code").has("vip"), "has no tags"),
    (where("score").contains("5"), "no text"),
    (where("mood").starts_with("g"), "no text"),
    (where("labels").contains("v"), "no text"),
    (where("score").age_years > 5, "no date"),
    (where("started_at").age_years > 5, "no date"),
    (where("started_at").part("year") == 2024, "no date"),
    # searches of nothing, or of what no text has
    (where("title").contains(""), "empty"),
    (where("code").starts_with(""), "empty"),
    (where("labels").has(""), "empty"),
    (where("code").contains("\0"), "NUL"),
    (where("title").starts_with("\udfff"), "surrogates"),
    (where("labels").has("x" * 300), "characters"),
    (Matches("code", Match.CONTAINS, 5), "a text"),  # type: ignore[arg-type]
    (Has("labels", 5), "a text"),  # type: ignore[arg-type]
    # fields that do not compare
    (where("score") == Field("price"), "cannot be compared"),
    (where("title") == Field("code"), "cannot be compared"),
    (where("title") == Field("firm.name"), "cannot be compared"),
    (where("title") == Field("titel"), "did you mean title"),
    # time
    (where("score") > Ago(1, Unit.DAYS), "no time"),
    (where("birthday") > Ago(1, Unit.HOURS), "a date has no hours"),
    (where("birthday") > Ago(0, Unit.MINUTES), "a date has no minutes"),
    (where("birthday") > Ago(3000, Unit.YEARS), "outside the calendar"),
    (where("started_at") > Ago(3000, Unit.YEARS), "outside the calendar"),
    (where("started_at") > Ago(-(10**9), Unit.DAYS), "outside the calendar"),
    (where("started_at") > Ago(10**5000, Unit.DAYS), "span of time"),
    (where("started_at") > Ago("30", Unit.DAYS), "span of time"),  # type: ignore[arg-type]
    (where("birthday").age_years > "25", "whole number"),
    (where("birthday").age_years > True, "whole number"),
    (where("birthday").age_years > Ago(1, Unit.DAYS), "whole number"),
    (where("birthday").part("month") == Field("score"), "whole number"),
    (elapsed("started_at", "birthday"), "two moments"),
    (elapsed("birthday", "birthday"), "two moments"),
    (elapsed("started_at", "firm.created_at"), "two moments"),
    (elapsed("started_at", "ended_at", Unit.MONTHS), "not all equally long"),
    # parameters
    (where("title") == Param("who"), "«who».*given: me"),
    (where("title") == Param("me"), "title: got"),
    (where("title").contains(Param("me")), "title: got"),
    (where("birthday") == Param("ago"), "a date"),
    # other records
    (some("visit", "firm_id"), "does not lead to a record of kind «visit»"),
    (some("firm", "parent_id"), "does not lead"),
    (some("visit", "score"), "does not lead"),
    (some("nothing", "firm_id"), "no kind of record «nothing»"),
    (Some("visit", "nothing"), "visit has no «nothing»"),
    # conditions of nothing, and what is no condition
    (And(()), "of nothing"),
    (Not(Or(())), "of nothing"),
    (In(Field("score"), ()), "of nothing"),
    (And((ALWAYS, cast("Criteria", "x"))), "where a condition stands"),
    (cast("Criteria", where("title")), "where a condition stands"),
)


@pytest.mark.parametrize(("criteria", "says"), REFUSED)
def test_a_condition_that_cannot_be_asked_is_refused(criteria: Criteria, says: str) -> None:
    """The error says what is wrong and what would be accepted."""
    with pytest.raises(CriteriaError, match=f"(?s){says}"):
        of_visits(criteria, me=5, ago=Ago(1, Unit.DAYS))


@pytest.mark.parametrize("least", [0, -1, 2.0, "2", True, 2**63])
def test_at_least_none_is_refused(least: Any) -> None:
    """It would be everybody; and a count is a whole number."""
    with pytest.raises(CriteriaError, match="whole number|1 or more"):
        of_firms(Some("visit", "firm_id", ALWAYS, least))


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30, 10**5000], ids=lambda number: number.bit_length())
def test_a_number_that_no_store_compares_is_refused(number: int) -> None:
    """Ages and parts of dates are whole numbers like those in fields: of 63 bits."""
    for asked in (where("birthday").age_years, where("birthday").part("year")):
        with pytest.raises(CriteriaError, match="whole number"):
            of_visits(asked == number)


def test_an_unknown_kind_or_zone_is_refused() -> None:
    """Also by conditions that would not need them."""
    with pytest.raises(CriteriaError, match="did you mean visit"):
        bind(ALWAYS, model=MODEL, kind="visits", now=ASKED)
    with pytest.raises(Invalid, match="zone"):
        of_visits(ALWAYS, zone="Asia/Seul")


def test_a_naive_now_is_refused() -> None:
    """Nobody knows which instant it means."""
    with pytest.raises(Invalid, match="now: got"):
        bind(ALWAYS, model=MODEL, kind="visit", now=datetime(2024, 3, 10))


def test_each_side_of_a_limit_is_asked_for_its_literal() -> None:
    """A wrong literal is refused wherever it stands: in a list, in a count, behind a never."""
    for criteria in (
        where("score").in_([1, "2"]),
        NEVER & (where("score") == "2"),
        Compare(Age("birthday"), Operator.EQUAL, Param("me")),
    ):
        with pytest.raises(CriteriaError):
            of_visits(criteria, me="x")
