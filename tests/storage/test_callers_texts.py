"""No text of a caller ever becomes part of a statement: neither values, nor what stands where a name is expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, closing, suppress
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from attrs import evolve
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.counting import said as statements
from support.crms import STORES, opened, place, undone

from crmkit.builtin import open_store
from crmkit.core.kernel.bind import bind
from crmkit.core.kernel.criteria import Param, some, where
from crmkit.core.kernel.criteria_json import from_json, to_json
from crmkit.core.kernel.errors import CrmError
from crmkit.core.kernel.store import Store
from crmkit.core.kernel.sweep import Sweep, bind_sweep
from crmkit.core.kernel.tally import Bucket, Count, Per, Sum, Tally
from crmkit.crm import CRM
from crmkit.testing.contract.checks import unkept
from crmkit.testing.world.naive import Asked, World
from crmkit.testing.world.pools import CODES, NAMES, NEEDLES, PARAMS, TAGS
from crmkit.testing.world.records import MODEL, AcmeVisit, Firm, Visit
from crmkit.testing.world.samples import cell
from crmkit.testing.world.strategies import Situation, criteria, situations
from crmkit.testing.world.sweeps import a_stamp

ON_SQL: Final = [store for store in STORES if store != "memory"]
MARK: Final = "q7';--\"`%s:x?"  #: what ends a text, begins a comment or stands for a parameter, and is nowhere in ours
TEXTS: Final = frozenset((*NAMES, *CODES, *NEEDLES, *TAGS))
MARKED: Final = {**PARAMS, "name": f"{MARK}ABC", "tag": f"{MARK}vip"}

in_one_store = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow]
)


#: Seven questions each: some at every change, more than twenty thousand where properties are asked for.
WORLDS: Final = 3000 if settings.get_current_profile_name() == "properties" else 15


def marked(value: Any) -> Any:
    """The same JSON or set with the mark in front of every text that worlds are made of."""
    match value:
        case str():
            return f"{MARK}{value}" if value in TEXTS else value
        case list():
            return [marked(each) for each in value]
        case dict():
            return {name: marked(each) for name, each in value.items()}
        case frozenset():
            return frozenset(map(marked, value))
        case _:
            return value


def marked_world(world: World) -> World:
    """The same world, its texts marked."""
    firms = {id: evolve(one, **_marked(one, "name", "region", "tags")) for id, one in world["firm"].items()}
    visits = {id: evolve(one, **_marked(one, "title", "code", "note", "labels")) for id, one in world["visit"].items()}
    return {"firm": firms, "visit": visits}


def _marked(record: Any, *names: str) -> dict[str, Any]:
    return {name: marked(getattr(record, name)) for name in names}


@pytest.fixture(params=ON_SQL)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store that speaks SQL."""
    with place(request.param, tmp_path, MODEL) as url, closing(open_store(url, MODEL, prefix="crm_")) as store:
        store.create()
        yield store


@settings(in_one_store, max_examples=WORLDS)
@given(situations(), st.data())
def test_no_value_stands_in_a_statement(store: Store, situation: Situation, data: st.DataObject) -> None:
    """Lists, counts and sweeps by seven conditions find what a naive reading finds, by parameters alone."""
    asked = Asked(marked_world(situation.world), situation.clock.now, situation.clock.zone, MARKED)
    with unkept(store, asked.world) as session, statements() as said:
        for number in range(7):
            kind = "firm" if number % 3 == 0 else "visit"
            question = from_json(marked(to_json(data.draw(criteria(kind)))))
            meant = sorted(id for id, record in asked.world[kind].items() if asked.holds(question, record))
            ground = bind(question, model=MODEL, kind=kind, now=asked.now, zone=asked.zone, params=MARKED)

            assert [cell(kind, row, "id") for row in session.page(kind, ground)] == meant
        note = Sweep(MARK, Visit, where("id").present(), {"note": MARK}, event=f"visit.{MARK}")
        session.sweep(bind_sweep(note, model=MODEL, stamp=evolve(a_stamp(situation.clock), cause=MARK)))

    assert len(said) > 7
    assert [statement for statement in said if "q7" in statement.casefold()] == []


@pytest.fixture(params=ON_SQL)
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CRM]:
    """A CRM with a firm and a visit in it."""
    with opened(request.param, tmp_path, entities=(Firm, Visit), extensions=(AcmeVisit,)) as crm:
        with crm.transaction() as tx:
            firm = tx.add(Firm(id=tx.new_id(Firm), name="ABC"), "firm.added")
            tx.add(Visit(id=tx.new_id(Visit), firm_id=firm.id, title="Opening"), "visit.added")
        yield crm


def _page_after(crm: CRM, text: str) -> object:
    with crm.read() as view:
        return view.of(Visit).page(after=text)


def _found(crm: CRM, **how: Any) -> object:
    with crm.read() as view:
        return view.of(Visit).find(**how)


def _tallied(crm: CRM, **how: Any) -> object:
    tally = Tally(**{"kind": "visit", "title": "x", "by": (), "measures": (Count(name="all"),), **how})
    with crm.read() as view:
        return view.tally(tally)


def _swept(crm: CRM, text: str) -> object:
    with undone(crm) as tx:
        return tx.sweep(Sweep("x", Visit, where("id").present(), {text: "x"}, event="visit.swept"))


def _added(crm: CRM, **given: Any) -> object:
    with undone(crm) as tx:
        given = {"event": "visit.added", **given}
        event, details = given.pop("event"), given.pop("details", {})
        return tx.add(Visit(id=tx.new_id(Visit), **given), event, details)


#: Everywhere that a host may hand on a text of somebody else's.
DOORS: Final[Mapping[str, Callable[[CRM, str], object]]] = {
    "path": lambda crm, text: _found(crm, criteria=where(text) == "x"),
    "path behind a relation": lambda crm, text: _found(crm, criteria=where(f"firm.{text}") == "x"),
    "path of an extension": lambda crm, text: _found(crm, criteria=where(f"acme.{text}").present()),
    "value": lambda crm, text: _found(crm, criteria=where("title") == text),
    "needle": lambda crm, text: _found(crm, criteria=where("note").contains(text)),
    "tag": lambda crm, text: _found(crm, criteria=where("labels").has(text)),
    "id": lambda crm, text: _found(crm, criteria=where("firm_id") == text),
    "parameter": lambda crm, text: _found(crm, criteria=where("title") == Param(text)),
    "kind of others": lambda crm, text: _found(crm, criteria=some(text, "firm_id", where("id").present())),
    "way to others": lambda crm, text: _found(crm, criteria=some("visit", text, where("id").present())),
    "key of JSON": lambda crm, text: _found(crm, criteria=from_json({text: ["title", "x"]})),
    "operator of JSON": lambda crm, text: _found(crm, criteria=from_json({"compare": ["title", text, "x"]})),
    "order": lambda crm, text: _found(crm, order=[text]),
    "descending order": lambda crm, text: _found(crm, order=[f"-{text}"]),
    "cursor": _page_after,
    "group": lambda crm, text: _tallied(crm, by=(text,)),
    "bucket": lambda crm, text: _tallied(crm, by=(Bucket(text, Per.MONTH),)),
    "name of a measure": lambda crm, text: _tallied(crm, measures=(Count(name=text),)),
    "sum": lambda crm, text: _tallied(crm, measures=(Sum(name="sum", path=text),)),
    "kind of a tally": lambda crm, text: _tallied(crm, kind=text),
    "title of a tally": lambda crm, text: _tallied(crm, title=text),
    "field of a sweep": _swept,
    "event": lambda crm, text: _added(crm, event=f"visit.{text}"),
    "detail": lambda crm, text: _added(crm, details={text: text}),
    "business key": lambda crm, text: _added(crm, key=text),
    "currency": lambda crm, text: _found(crm, criteria=where("budget.currency") == text),
    "zone": lambda crm, text: CRM.open("memory:", zone=text).close(),
    "prefix": lambda crm, text: CRM.open("sqlite:other.db", prefix=f"{text} ").close(),
    "profile": lambda crm, text: CRM.open(f"sqlite:other.db?profile={text}").close(),
}

#: Ends of texts, names, statements and comments in one dialect or another, and what confuses parsers of paths.
ATTACKS: Final = (
    *("'", '"', "`", "]", ";", "--", "/*", "*/", "#", "\\", "\\'", "%", "%s", "%(x)s", ":x", "?", "$1", "\0", "\ud800"),
    *(
        "' OR '1'='1",
        '" OR ""="',
        "1; DROP TABLE crm_visit",
        "x') UNION SELECT * FROM crm_user --",
        "id) FROM crm_visit",
    ),
    *("$.a", "$[0]", "a->>'b'", "a.b.c", "..", "__class__", "{0}", "${x}", "title; SELECT", "title,id", "title DESC"),
    *("UTC'; SELECT pg_sleep(9)--", "../../etc/passwd", "crm_visit", "ＩＤ", "\u2028", "x" * 300, ""),
)


HOSTILE: Final = st.builds(
    "{}q7{}".format, st.sampled_from(("", "title", "id", "visit")), st.sampled_from(ATTACKS) | st.text(max_size=12)
)


@in_one_store
@given(text=HOSTILE, doors=st.lists(st.sampled_from(sorted(DOORS)), min_size=3, max_size=4, unique=True))
@example(text="q7", doors=sorted(DOORS))
@example(text="titleq7'\"`;--", doors=sorted(DOORS))
def test_no_name_stands_in_a_statement(crm: CRM, text: str, doors: list[str], tmp_path: Path) -> None:
    """Whatever stands where a name is expected is refused in words of ours or is a value; the records stay."""
    with statements() as said, chdir(tmp_path):
        for door in doors:
            with suppress(CrmError):
                DOORS[door](crm, text)

    assert [statement for statement in said if "q7" in statement.casefold()] == []
    with crm.read() as view:
        assert (view.of(Visit).count(), view.of(Firm).count()) == (1, 1)


def test_a_text_in_a_statement_is_noticed() -> None:
    """The ear is at the wall: a statement that somebody made of a text is heard."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, statements() as said:
        connection.exec_driver_sql("SELECT 'q7'")
    engine.dispose()

    assert said == ["SELECT 'q7'"]
