"""The Python reading, against a naive one written apart; and the check of the two against seeded bugs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import pytest
from attrs import evolve, frozen
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crmkit.core.kernel import ground as g
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.columns import Column
from crmkit.core.kernel.criteria import ALWAYS, NEVER, Ago, And, Criteria, Field, Not, Operator, Or, Unit, some, where
from crmkit.core.kernel.errors import CriteriaError
from crmkit.core.kernel.fields import Scalar
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.instants import Instant
from crmkit.core.kernel.model import Row
from crmkit.core.kernel.predicate import predicate, row_predicate
from crmkit.testing.world.naive import Asked, World
from crmkit.testing.world.pools import NOW, PARAMS, VISIT_IDS
from crmkit.testing.world.records import MODEL, AcmeVisit, Visit
from crmkit.testing.world.strategies import Situation, criteria, situations

Answer: TypeAlias = Callable[[Any], bool]
Reading: TypeAlias = Callable[[g.Ground, str, World], Answer]


@frozen
class Rows:
    """The rows of a world."""

    by_kind: Mapping[str, Mapping[Id[Any], Row]]

    def row(self, kind: str, id: Id[Any]) -> Row | None:
        """The row with this id."""
        return self.by_kind[kind].get(id)

    def pointing(self, kind: str, column: Column, id: Id[Any]) -> Iterable[Row]:
        """The rows that have this id in that column."""
        place = MODEL.kind(kind).position[column.path]
        return (row for row in self.by_kind[kind].values() if row[place] == id)


def by_row(ground: g.Ground, kind: str, world: World) -> Answer:
    """The reading of rows."""
    flat = {kind: {id: MODEL.kind(kind).flatten(one) for id, one in records.items()} for kind, records in world.items()}
    holds, rows = row_predicate(ground, MODEL.kind(kind)), Rows(flat)
    return lambda record: holds(flat[kind][record.id], rows)


def by_record(ground: g.Ground, kind: str, world: World) -> Answer:
    """The reading of records."""
    return predicate(ground, MODEL.kind(kind))


@frozen
class Question:
    """Some conditions on the records of one kind in a situation."""

    situation: Situation
    kind: str
    conditions: tuple[Criteria, ...]

    def ground(self, condition: Criteria) -> g.Ground:
        """A condition bound to the clock of the situation."""
        clock = self.situation.clock
        return bind(condition, model=MODEL, kind=self.kind, now=clock.now, zone=clock.zone, params=PARAMS)

    def verdicts(self, condition: Criteria, read: Reading = by_row) -> list[bool]:
        """The answer for each record."""
        world = self.situation.world
        return list(map(read(self.ground(condition), self.kind, world), world[self.kind].values()))

    def expected(self, condition: Criteria) -> list[bool]:
        """The naive answer for each record."""
        clock, world = self.situation.clock, self.situation.world
        asked = Asked(world, clock.now, clock.zone, PARAMS)
        return [asked.holds(condition, record) for record in world[self.kind].values()]


@st.composite
def questions(draw: st.DrawFn, least: int = 4) -> Question:
    """So many conditions or some more, on visits or on firms."""
    kind = draw(st.sampled_from(("visit", "visit", "firm")))
    return Question(draw(situations()), kind, tuple(draw(st.lists(criteria(kind), min_size=least, max_size=2 * least))))


def disagreements(read: Reading, question: Question) -> list[Criteria]:
    """The conditions of which this reading thinks otherwise than the naive one."""
    return [each for each in question.conditions if question.verdicts(each, read) != question.expected(each)]


class TestAgainstTheNaiveReading:
    """Thousands of random verdicts, both sides of every boundary among them."""

    @given(questions())
    def test_rows_are_judged_as_the_naive_reading_does(self, question: Question) -> None:
        """Whatever the condition, also over relations and counts."""
        assert disagreements(by_row, question) == []

    @given(questions())
    def test_records_are_judged_as_the_naive_reading_does(self, question: Question) -> None:
        """Where the record alone can tell."""
        alone = tuple(each for each in question.conditions if not leaves_the_record(question.ground(each)))

        assert disagreements(by_record, evolve(question, conditions=alone)) == []

    @given(questions())
    def test_nobody_is_neither_in_nor_out(self, question: Question) -> None:
        """A condition or its complement is everybody, both is nobody."""
        for each in question.conditions:
            assert all(question.verdicts(each | ~each))
            assert not any(question.verdicts(each & ~each))

    @given(questions())
    def test_de_morgan_holds(self, question: Question) -> None:
        """Not both is one of the two not; not one of the two is neither."""
        one, two, *_ = question.conditions

        assert question.verdicts(Not(And((one, two)))) == question.verdicts(Or((Not(one), Not(two))))
        assert question.verdicts(Not(Or((one, two)))) == question.verdicts(And((Not(one), Not(two))))


def rewritten(ground: g.Ground, change: Callable[[g.Ground], g.Ground]) -> g.Ground:
    """The condition with every part of it changed, the innermost first."""
    match ground:
        case g.Every(items) | g.Either(items):
            return change(evolve(ground, items=tuple(rewritten(item, change) for item in items)))
        case g.Complement(item) | g.Via(_, item) | g.Count(_, _, item, _):
            return change(evolve(ground, item=rewritten(item, change)))
        case _:
            return change(ground)


def leaves_the_record(ground: g.Ground) -> bool:
    """Other records have to be asked."""
    match ground:
        case g.Every(items) | g.Either(items):
            return any(map(leaves_the_record, items))
        case g.Complement(item):
            return leaves_the_record(item)
        case _:
            return isinstance(ground, g.Via | g.Count)


STRICTER = {Operator.AT_LEAST: Operator.MORE, Operator.AT_MOST: Operator.LESS}


def off_by_one(part: g.Ground) -> g.Ground:
    """A boundary belongs to the other side."""
    if isinstance(part, g.Test | g.Lapse | g.TestPart):
        return evolve(part, operator=STRICTER.get(part.operator, part.operator))
    return part


def missing_is_true(part: g.Ground) -> g.Ground:
    """What is not there is taken for a match."""
    return g.Either((part, g.Complement(g.Exists(part.column)))) if isinstance(part, g.Test) else part


def unknown_is_false(part: g.Ground) -> g.Ground:
    """Three-valued, as databases are: the complement of a comparison forgets what is missing."""
    match part:
        case g.Complement(g.Test(column)):
            return g.Every((g.Exists(column), part))
        case _:
            return part


def dangling_is_true(part: g.Ground) -> g.Ground:
    """Where no reference leads, everything is so."""
    return g.Either((part, g.Complement(g.Exists(part.relation.column)))) if isinstance(part, g.Via) else part


def one_is_enough(part: g.Ground) -> g.Ground:
    """Nobody counts to two."""
    return evolve(part, least=1) if isinstance(part, g.Count) else part


def no_tags_are_some(part: g.Ground) -> g.Ground:
    """An empty set of tags is there."""
    return ALL if isinstance(part, g.Exists) and part.column.scalar is Scalar.TAGS else part


def microsecond_late(part: g.Ground) -> g.Ground:
    """A span is longer than it should be, by as little as can be."""
    return evolve(part, microseconds=part.microseconds + 1) if isinstance(part, g.Lapse) else part


def list_is_short(part: g.Ground) -> g.Ground:
    """The last value of a list is forgotten."""
    return evolve(part, values=frozenset(sorted(part.values, key=repr)[:-1])) if isinstance(part, g.OneOf) else part


ALL = bind(ALWAYS, model=MODEL, kind="visit", now=NOW)
BUGS = (
    *(off_by_one, missing_is_true, unknown_is_false, dangling_is_true),
    *(one_is_enough, no_tags_are_some, microsecond_late, list_is_short),
)


@cache
def answered() -> list[tuple[Question, Criteria, list[bool]]]:
    """Some thousand conditions with their naive verdicts, the same in every run."""
    found = list[tuple[Question, Criteria, list[bool]]]()

    @settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(questions(least=8))
    def answer(question: Question) -> None:
        found.extend((question, each, question.expected(each)) for each in question.conditions)

    answer()
    return found


def agrees(read: Reading) -> bool:
    """Random questions do not bring out any difference between this reading and the naive one."""
    return all(question.verdicts(each, read) == expected for question, each, expected in answered())


class TestTheCheckItself:
    """A reading with a bug does not get through."""

    def test_the_right_reading_is_found_right(self) -> None:
        """So whatever is found below is the bug."""
        assert agrees(by_row)

    @pytest.mark.parametrize("bug", BUGS)
    def test_a_wrong_reading_is_found(self, bug: Callable[[g.Ground], g.Ground]) -> None:
        """The random questions reach the records on which a seeded bug shows."""
        assert not agrees(lambda ground, kind, world: by_row(rewritten(ground, bug), kind, world))

    @pytest.mark.parametrize("fold", [str, str.lower, str.casefold], ids=["exact", "lower", "casefold"])
    def test_a_wrong_fold_is_found(self, fold: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Names in the pools differ in each step of folding."""
        monkeypatch.setattr("crmkit.core.kernel.predicate.fold", fold)

        assert not agrees(by_row)

    def test_a_wrong_clock_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Days of 24 hours are not days on the wall where clocks are put forward and back."""
        right = Instant.moment

        def exact(present: Instant, ago: Ago) -> datetime:
            if ago.unit in (Unit.DAYS, Unit.WEEKS):
                return present.now - timedelta(**{ago.unit.value: ago.amount})
            return right(present, ago)

        monkeypatch.setattr(Instant, "moment", exact)

        assert not agrees(by_row)


def a_visit(**fields: Any) -> Visit:
    return Visit(id=VISIT_IDS[0], **fields)


def holds(condition: Criteria, visit: Visit) -> bool:
    """The verdict on a visit without any other record, which both readings have to share."""
    ground = bind(condition, model=MODEL, kind="visit", now=NOW, params=PARAMS)
    world: World = {"visit": {visit.id: visit}, "firm": {}}
    verdicts = {read(ground, "visit", world)(visit) for read in (by_row, by_record)}
    assert len(verdicts) == 1
    return verdicts.pop()


@pytest.mark.parametrize("text", ["'", '"', "\\", "{}", "{0}", "%s", "\n;", "'''", "c0", "__import__('os')", "row[0]"])
def test_a_text_is_never_code(text: str) -> None:
    """Whatever is compared with stays a value."""
    assert holds(
        (where("note") == text) & where("note").contains(text) & where("note").starts_with(text), a_visit(note=text)
    )
    assert not holds(where("note") == text, a_visit(note="other"))


def test_a_verdict_is_a_bool() -> None:
    """Not what happened to stand last in an expression."""
    visit = a_visit(labels=frozenset({"a"}))

    assert holds(where("labels").present(), visit) is True
    assert holds(ALWAYS, visit) is True
    assert holds(where("labels").has("a") & where("score").present(), visit) is False
    assert holds(NEVER | where("done").present(), visit) is True


def test_fields_of_a_plugin_are_asked_like_others() -> None:
    """Set ones and defaults."""
    visit = a_visit()
    vip = evolve(visit, ext=visit.ext.having(AcmeVisit(vip=True, nick="ＶＩＰ")))

    assert holds((where("acme.level") == 3) & ~where("acme.nick").present(), visit)
    assert holds((where("acme.vip") == True) & (where("acme.nick") == "vip"), vip)  # noqa: E712


def test_moments_of_any_zone_are_the_same_instant() -> None:
    """What was given in another zone is asked in UTC."""
    moment = datetime(2024, 1, 1, tzinfo=UTC)

    assert holds(where("started_at") == datetime.fromisoformat("2024-01-01T09:00+09:00"), a_visit(started_at=moment))
    assert not holds(
        where("started_at") == datetime.fromisoformat("2024-01-01T00:00+09:00"), a_visit(started_at=moment)
    )


@pytest.mark.parametrize("elsewhere", [where("firm.name") == "a", some("visit", "firm_id")], ids=["via", "count"])
def test_a_record_cannot_answer_for_others(elsewhere: Criteria) -> None:
    """The reading of one record refuses, and names where it would have to look."""
    kind = "visit" if elsewhere == (where("firm.name") == "a") else "firm"
    ground = bind(elsewhere, model=MODEL, kind=kind, now=NOW)

    with pytest.raises(CriteriaError, match="«firm»|«visit»"):
        predicate(ground, MODEL.kind(kind))


def test_a_reference_to_nothing_fulfils_nothing() -> None:
    """As if it were missing; its complement is everything else."""
    row = MODEL.kind("visit").flatten(a_visit(firm_id=VISIT_IDS[1]))
    ground = bind(where("firm.name") == "a", model=MODEL, kind="visit", now=NOW)
    nothing = Rows({"firm": {}, "visit": {}})

    assert not row_predicate(ground, MODEL.kind("visit"))(row, nothing)
    assert row_predicate(g.Complement(ground), MODEL.kind("visit"))(row, nothing)


def test_fields_compare_with_each_other() -> None:
    """Names folded, everything else exactly; a missing one makes it false either way."""
    assert holds(where("title") == Field("mail"), a_visit(title="x")) is False
    assert holds(where("price") <= Field("budget.amount"), a_visit()) is False
    assert holds(where("expected") != Field("mood"), a_visit()) is True
