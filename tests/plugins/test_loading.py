"""How plugins are found, let in and put in order; and that a bad one stays out alone, with its name and the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from attrs import frozen
from pluggy import HookimplMarker

from crmkit.builtin import ENTITIES
from crmkit.core.kernel.entity import Entity, entity, extends
from crmkit.core.kernel.errors import DefinitionError, Invalid, NotFound, PluginError, StoreError
from crmkit.core.kernel.fields import Name
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.store import Store
from crmkit.core.sales.lead import Lead
from crmkit.crm import CRM
from crmkit.plugins import discovery, implements, spec
from crmkit.plugins.report import Plugin, State
from crmkit.storage.memory import MemoryStore

from .conftest import Opening

Install = Callable[..., None]


@entity("visit")
@frozen(kw_only=True)
class Visit(Entity):
    """Somebody went there."""

    id: Id[Visit]
    purpose: Name


@extends(Lead, prefix="acme")
@frozen(kw_only=True)
class AcmeLead:
    """What somebody adds to a lead."""

    vip: bool = False


@extends(Visit, prefix="acme")
@frozen(kw_only=True)
class AcmeVisit:
    """What somebody adds to a visit."""

    score: int = 0


class Bringing:
    """Brings classes."""

    def __init__(self, name: str, *, entities: Any = (), extensions: Any = (), requires: Any = ()) -> None:
        self.crmkit_name, self.crmkit_requires = name, requires
        self._entities, self._extensions = entities, extensions

    @implements(spec.entities)
    def entities(self) -> Sequence[type[Entity]]:
        """Those."""
        found: Sequence[type[Entity]] = self._entities() if callable(self._entities) else self._entities
        return found

    @implements(spec.extensions)
    def extensions(self) -> Sequence[type[Any]]:
        """Those."""
        return self._extensions  # type: ignore[no-any-return]


VISITS = Bringing("visits", entities=[Visit])


def raises(error: BaseException) -> Callable[[], Any]:
    """Raises it when it is called."""

    def fails() -> Any:
        raise error

    return fails


def states(crm: CRM) -> dict[str, str]:
    """What became of each plugin that crmkit does not bring."""
    return {each.name: str(each.state) for each in crm.plugins if each.origin != "built in"}


def test_what_crmkit_brings_goes_through_the_same_hooks(opening: Opening) -> None:
    """The report names it first."""
    with opening() as crm:
        records, stores = crm.plugins

    assert (records.name, records.origin, records.state) == ("crmkit.records", "built in", State.LOADED)
    assert records.provides[0].startswith("entities: unit, team, user")
    assert (stores.name, stores.provides) == ("crmkit.stores", ("open_store",))
    assert stores.version


def test_kinds_and_fields_of_plugins_are_those_of_the_crm(opening: Opening) -> None:
    """They are kept, found and journaled like any others."""
    with opening(VISITS, Bringing("acme", extensions=[AcmeLead, AcmeVisit])) as crm:
        with crm.transaction() as tx:
            visit = tx.add(Visit(id=tx.new_id(Visit), purpose="opening"), "visit.made")
            lead = tx.sales.capture_lead(topic="Credit card")
        with crm.read() as view:
            assert view.of(Visit).get(visit.id) == visit
            assert view.of(Lead).get(lead.id).ext[AcmeLead] == AcmeLead()
        assert crm.plugins["visits"].provides == ("entities: visit", "extensions")
        assert crm.plugins["acme"].provides == ("entities", "extensions: lead.acme, visit.acme")


def test_plugins_come_in_the_order_given_then_by_name(opening: Opening, install: Install) -> None:
    """Whatever order they are found in; those that others require before them."""
    names = ("d", "b", "a", "c")
    install(*((name, Bringing(name, requires=["c"] if name == "a" else ())) for name in names))
    with opening(Bringing("z"), Bringing("y", requires=["x"]), Bringing("x"), discover=True) as crm:
        assert list(states(crm)) == ["z", "x", "y", "d", "b", "c", "a"]


def test_installed_plugins_are_sorted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By name, whatever the order of packages on the path."""
    for package, points in (("zeta", "b = m:b\na = m:a"), ("alpha", "c = m:c\na = n:a")):
        folder = tmp_path / f"{package}-1.5.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.5\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text(f"[crmkit]\n{points}\n", encoding="utf-8")
    monkeypatch.setattr("sys.path", [str(tmp_path)])

    found = [(each.name, each.origin, each.version) for each in discovery.installed()]

    assert found == [
        ("a", "n:a of alpha", "1.5"),
        ("a", "m:a of zeta", "1.5"),
        ("b", "m:b of zeta", "1.5"),
        ("c", "m:c of alpha", "1.5"),
    ]


def module(**functions: Any) -> ModuleType:
    """A module with these functions."""
    made = ModuleType("acme")
    vars(made).update(functions)
    return made


def marked(hook: str, function: Any) -> Any:
    """A function that says to implement a hook, whatever type checkers say."""
    return HookimplMarker("crmkit")(specname=hook)(function)


def _generator(events: Any, swept: Any) -> Any:
    yield


BAD: dict[str, tuple[Any, str]] = {
    "raises when it is imported": (
        raises(ImportError("no module named pandas")),
        "cannot be imported: ImportError: no m",
    ),
    "exits when it is imported": (raises(SystemExit(1)), "cannot be imported: SystemExit: 1"),
    "raises what cannot be printed": (
        raises(type("Bad", (Exception,), {"__str__": lambda self: 1 / 0})()),
        "imported: Bad",
    ),
    "implements nothing": (SimpleNamespace, "implements no hook"),
    "is no plugin at all": (lambda: None, "implements no hook"),
    "implements what is no hook": (
        lambda: module(a=marked("entitys", lambda: ())),
        r"implements entitys, which is no hook \(did you mean entities\?\)",
    ),
    "has a parameter too many": (lambda: module(a=marked("entities", lambda crm: ())), "has a wrong signature"),
    "has a parameter of another name": (
        lambda: module(a=marked("before_commit", lambda happened: None)),
        "has a wrong signature",
    ),
    "has a parameter by keyword": (
        lambda: module(a=marked("entities", lambda *, crm: ())),
        "has a wrong signature",
    ),
    "is a class and no object": (lambda: Bringing, "has a wrong signature"),
    "wraps": (
        lambda: module(a=HookimplMarker("crmkit")(specname="before_commit", wrapper=True)(_generator)),
        "wraps before_commit",
    ),
    "raises when it is asked": (
        lambda: Bringing("bad", entities=raises(ValueError("x"))),
        "raised ValueError: x in entities",
    ),
    "exits when it is asked": (
        lambda: Bringing("bad", entities=raises(SystemExit(1))),
        "raised SystemExit: 1 in entities",
    ),
    "answers nothing": (lambda: Bringing("bad", entities=None), r"answered None \(NoneType\) \(expected: a list"),
    "answers a text": (lambda: Bringing("bad", entities="lead"), "answered the text 'lead'"),
    "answers records": (lambda: Bringing("bad", entities=[Visit(id=None, purpose="x")]), "answered Visit"),  # type: ignore[arg-type]
    "answers a plain class": (lambda: Bringing("bad", entities=[int]), "answered <class 'int'>"),
    "answers an entity as an extension": (lambda: Bringing("bad", extensions=[Visit]), "answered <class"),
    "brings a kind that is there": (
        lambda: Bringing("bad", entities=[entity("lead")(frozen(type("Lead2", (Entity,), {})))]),
        "brings what does not fit: DefinitionError: two entity classes have the same kind",
    ),
    "extends what is not there": (
        lambda: Bringing("bad", extensions=[AcmeVisit]),
        "brings what does not fit: .*AcmeVisit|Visit",
    ),
    "requires what is not there": (lambda: Bringing("bad", requires=["more"]), "requires more, which is not there"),
    "requires itself": (lambda: Bringing("bad", requires=["bad"]), "requires bad, which is not there"),
    "raises when it is asked what it requires": (
        type("Shy", (), {"crmkit_requires": property(lambda self: 1 / 0)}),
        "raised ZeroDivisionError: division by zero in crmkit_requires",
    ),
    "raises when it is compared": (
        type("Alone", (), {"__eq__": lambda self, other: 1 / 0, "__hash__": None}),
        "cannot be looked into|implements no hook",
    ),
    "requires a text": (lambda: Bringing("bad", requires="more"), "requires the text 'more'"),
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_plugin_that_is_installed_stays_out_alone(why: str, opening: Opening, install: Install) -> None:
    """The report says why, the others are there, and the CRM works."""
    bad, words = BAD[why]
    install(("bad", bad), ("good", Bringing("good", extensions=[AcmeLead])))
    with opening(discover=True) as crm:
        assert states(crm) == {"good": "loaded", "bad": "failed"}
        assert re.search(words, crm.plugins["bad"].problem)
        assert crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card")).version == 1


@pytest.mark.parametrize("why", [why for why in BAD if "imported" not in why and "printed" not in why])
def test_a_bad_plugin_that_is_passed_is_an_error(why: str, opening: Opening) -> None:
    """Whoever passes a plugin relies on it."""
    bad, words = BAD[why]
    plugin = bad()

    with pytest.raises(PluginError, match=words) as refused, opening(plugin):
        pass

    assert refused.value.plugin == discovery.name_of(plugin)


@pytest.mark.parametrize("why", ["raises when it is imported", "exits when it is imported", "wraps"])
def test_an_installed_plugin_that_is_passed_by_name_has_to_be_right(
    why: str, opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a host says that it does not work without."""
    bad, words = BAD[why]
    point = SimpleNamespace(name="bad", value="m:bad", dist=None, load=bad)
    monkeypatch.setattr(discovery, "_installed", lambda path: (point,))

    with pytest.raises(PluginError, match=words), opening("bad"):
        pass
    with pytest.raises(PluginError, match="the plugin worse is not installed .*: bad"), opening("worse"):
        pass


def test_a_plugin_that_is_passed_by_name_is_loaded_once(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Being found as well is no second registration."""
    point = SimpleNamespace(name="visits", value="m:visits", dist=None, load=lambda: VISITS)
    monkeypatch.setattr(discovery, "_installed", lambda path: (point,))
    with opening("visits", discover=True) as crm:
        assert states(crm) == {"visits": "loaded"}


def test_a_plugin_registers_once(opening: Opening, install: Install) -> None:
    """By its name and by itself; the second is named with the first."""
    install(("visits", VISITS), ("visits", Bringing("other")), ("again", VISITS))
    with opening(discover=True) as crm:
        assert [(each.name, each.state) for each in crm.plugins][2:] == [
            ("visits", "loaded"),
            ("visits", "failed"),
            ("again", "failed"),
        ]
        assert crm.plugins["visits"].state is State.LOADED
        assert crm.plugins["again"].problem == "is registered twice, also as visits"
    with pytest.raises(PluginError, match="the plugin visits is registered twice"), opening(VISITS, VISITS):
        pass


def test_what_requires_a_plugin_that_failed_fails_as_well(opening: Opening, install: Install) -> None:
    """It would not find what it builds upon; two that require each other stay out together."""
    install(
        ("a", Bringing("a", requires=["bad"])),
        ("bad", Bringing("bad", entities=None)),
        ("c", Bringing("c", requires=["d"])),
        ("d", Bringing("d", requires=["c"])),
    )
    with opening(discover=True) as crm:
        assert set(states(crm).values()) == {"failed"}
        assert crm.plugins["a"].problem == "requires bad, which is not there"


def test_nothing_of_a_plugin_that_failed_stays(opening: Opening, install: Install) -> None:
    """Its kinds and fields are not those of the CRM, nor is it asked or told."""

    class Half(Bringing):
        """Right in one half."""

        @implements(spec.before_commit)
        def before(self, events: Any, swept: Any) -> None:
            """Is never called."""
            raise AssertionError

    install(("half", Half("half", entities=[Visit], extensions=[int])))
    with opening(discover=True) as crm:
        assert "visit" not in crm.registry.model.entities
        assert not crm.registry.heard
        crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card"))


def test_a_plugin_is_disabled_by_its_name(opening: Opening, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the host or by the environment; it is not even imported, and the report says so."""
    install(("a", raises(AssertionError())), ("b", raises(AssertionError())), ("c", Bringing("c")))
    monkeypatch.setenv("CRMKIT_DISABLE_PLUGINS", "b, d,")
    with opening(Bringing("d"), discover=True, disabled=["a"]) as crm:
        assert states(crm) == {"c": "loaded", "a": "disabled", "b": "disabled", "d": "disabled"}
    with opening(discover=False, disabled=["a"]) as crm:
        assert list(states(crm)) == ["b", "d"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("visit", "there is no plugin «visit» .*did you mean visits"),
        ("nobody", "there is no plugin «nobody» .*acme, visits"),
        ("acme", "«acme» is passed in `plugins` as well"),
        ("crmkit.records", "«crmkit.records» is built in"),
        (5, "disabled: got 5"),
    ],
)
@pytest.mark.parametrize("discover", [True, False])
def test_a_host_disables_what_there_is(
    discover: object, name: Any, words: str, opening: Opening, install: Install
) -> None:
    """A slip of the pen would let in what was to stay out; so would a name that is passed as well."""
    install(("visits", VISITS))
    with pytest.raises(Invalid, match=words), opening(Bringing("acme"), discover=discover, disabled=[name]):
        pass


def test_an_operator_disables_for_several_programs(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not here is no error, but a line; what crmkit brings stays, for without it there is no CRM."""
    monkeypatch.setenv("CRMKIT_DISABLE_PLUGINS", "crmkit.records, nobody")
    with opening() as crm:
        nobody = crm.plugins["nobody"]
        assert (nobody.says, nobody.origin) == ("disabled: not installed", "CRMKIT_DISABLE_PLUGINS")
        assert crm.plugins["crmkit.records"].state is State.LOADED
        assert len(list(crm.plugins)) == 3


def test_plugins_are_not_looked_for_unless_they_are_wanted(opening: Opening, install: Install) -> None:
    """`discover=False` is a CRM that no installed package changes."""
    install(("a", VISITS))
    with opening(discover=False) as crm:
        assert states(crm) == {}


def test_what_the_host_declares_itself_is_no_fault_of_a_plugin(opening: Opening, install: Install) -> None:
    """A plugin that contradicts it stays out; a host that contradicts crmkit hears it as ever."""
    install(("visits", Bringing("visits", entities=[entity("visit")(frozen(type("Visit2", (Entity,), {})))])))
    with opening(discover=True, entities=[Visit]) as crm:
        assert states(crm) == {"visits": "failed"}
    with pytest.raises(DefinitionError), opening(entities=[entity("lead")(frozen(type("Lead2", (Entity,), {})))]):
        pass


def test_two_crms_have_plugins_of_their_own() -> None:
    """What one is opened with, another one does not know."""
    with (
        CRM.open("memory:", plugins=[VISITS]) as one,
        CRM.open("memory:", plugins=[VISITS]),
        CRM.open("memory:") as other,
    ):
        assert "visit" in one.registry.model.entities
        assert "visit" not in other.registry.model.entities


class Storing:
    """Keeps a CRM in a way of its own."""

    def __init__(self, opens: Callable[[str], Any]) -> None:
        self.opens, self.asked = opens, list[str]()

    @implements(spec.open_store)
    def open_store(self, url: str, model: Model, prefix: str) -> Store | None:
        """For its scheme."""
        self.asked.append(url)
        return MemoryStore(model) if url.startswith("mine:") and prefix == "p_" else self.opens(url)


class Other(Storing):
    """Another one."""


def fails(url: str) -> Any:
    """Whatever the URL."""
    raise ValueError(url)


def refuses(url: str) -> Any:
    """In words of the library."""
    raise StoreError("the disk is away")


def test_a_store_of_a_plugin_opens_its_urls() -> None:
    """Those of crmkit are asked first, so that a plugin is never in their way."""
    mine = Storing(fails)
    with CRM.open("mine:here", plugins=[mine], prefix="p_") as crm:
        assert crm.run(None, lambda tx: tx.sales.capture_lead(topic="Credit card")).version == 1
    CRM.open("memory:", plugins=[mine]).close()

    assert mine.asked == ["mine:here"]


def test_a_store_that_fails_is_named_if_no_other_one_opens() -> None:
    """The others are asked; what a store refuses on purpose is what the host sees."""
    CRM.open("mine:here", plugins=[Other(fails), Storing(fails)], prefix="p_").close()

    with pytest.raises(PluginError, match="the plugin Other raised ValueError: theirs: in open_store"):
        CRM.open("theirs:", plugins=[Other(fails), Storing(lambda url: None)])
    with pytest.raises(StoreError, match="the disk is away"):
        CRM.open("theirs:", plugins=[Storing(refuses)])
    with pytest.raises(PluginError, match=r"the plugin Storing answered 5 \(int\) in open_store"):
        CRM.open("theirs:", plugins=[Storing(lambda url: 5)])
    with pytest.raises(Invalid, match="or what a plugin opens"):
        CRM.open("theirs:", plugins=[Storing(lambda url: None)])


def test_a_plugin_that_is_not_there_is_not_found(opening: Opening) -> None:
    """The error names those that are."""
    with opening() as crm, pytest.raises(NotFound, match=r"there is no plugin acme .*crmkit\.records, crmkit\.stores"):
        crm.plugins["acme"]


def test_the_report_is_a_table_and_data(opening: Opening, install: Install) -> None:
    """For people, and for programs."""
    install(("bad", raises(ValueError("broken"))))
    with opening(VISITS, discover=True) as crm:
        lines = str(crm.plugins).splitlines()
        bad = crm.plugins.to_json()[-1]

    assert [line.split()[0] for line in lines[2:]] == ["crmkit.records", "crmkit.stores", "visits", "bad"]
    assert "failed: cannot be imported: ValueError: broken" in lines[-1]
    assert bad == {
        "name": "bad",
        "version": "",
        "from": "an entry point",
        "state": "failed",
        "provides": [],
        "problem": "cannot be imported: ValueError: broken",
        "failures": 0,
    }


def test_built_in_kinds_are_all_of_them(opening: Opening) -> None:
    """Nothing of them comes in by another door."""
    with opening() as crm:
        assert {model.cls for model in crm.registry.model.entities.values()} == set(ENTITIES)
        assert isinstance(crm.plugins["crmkit.records"], Plugin)
