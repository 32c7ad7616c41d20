"""What plugins say about leads, moves, conditions and numbers: it is in force in their CRM, or named as wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from crmkit.core.kernel.call import call
from crmkit.core.kernel.criteria import ALWAYS, Criteria, where
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import CriteriaError, PluginError, Refused
from crmkit.core.kernel.flow import Flow
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.kernel.values import Phone
from crmkit.core.people.user import User
from crmkit.core.sales.lead import Lead
from crmkit.plugins import implements, spec
from crmkit.rules.scoring import Contribution

from .conftest import Opening


class Acme:
    """Says something to everything."""

    @implements(spec.flow_needs)
    def needs(self, flow: Flow[Any, Any]) -> Mapping[str, Sequence[Need]]:
        """Leads are qualified with a company."""
        company = Need("acme_company", where("company").present(), "a company")
        return {"qualify": [company]} if flow.kind == "lead" else {}

    @implements(spec.reasons)
    def words(self, flow: Flow[Any, Any]) -> Mapping[str, Sequence[str]]:
        """One more."""
        return {"disqualify": ["acme_competitor"]} if flow.kind == "lead" else {}

    @implements(spec.criteria_functions)
    def functions(self) -> Mapping[str, Callable[..., Criteria]]:
        """One."""
        return {"acme.from": lambda source: where("source") == source}

    @implements(spec.normalizers)
    def normalizers(self) -> Mapping[str, Normalizer]:
        """Numbers without blanks."""
        return {"phone": Normalizer(name="acme", version="1", read=lambda written: written.replace(" ", ""))}

    @implements(spec.score_lead)
    def score(self, lead: Lead, now: datetime) -> Contribution | Iterable[Contribution]:
        """Something speaks for it."""
        return Contribution(7, "it is ours")

    @implements(spec.score_lead)
    def more(self, lead: Lead, now: datetime) -> Contribution | Iterable[Contribution]:
        """And something else."""
        return [Contribution(1, "so far"), Contribution(-2, "by now")]


def test_what_a_plugin_says_is_in_force(opening: Opening) -> None:
    """Each of its hooks, where it has its place."""
    with opening(Acme()) as crm, crm.transaction() as tx:
        lead = tx.sales.capture_lead(
            topic="Credit card", source="web", email="a@example.com", phone=Phone.of("02 123 4567")
        )
        with pytest.raises(Refused, match="it needs a company"):
            tx.sales.qualify(lead.id)
        assert tx.of(Lead).count(call("acme.from", "web")) == 1
        assert (lead.phone or Phone.of("0")).rule == "acme/1"
        parts = [(part.says, part.points) for part in tx.sales.score(lead.id).parts]
        assert {("Acme", 7), ("Acme", 1), ("Acme", -2)} <= set(parts)
        gone = tx.sales.disqualify(lead.id, reason="acme_competitor")

        assert gone.reason == "acme_competitor"
        assert crm.plugins["Acme"].provides == (
            "score_lead",
            "flow_needs: lead.qualify",
            "reasons: lead.disqualify",
            "criteria_functions: acme.from",
            "normalizers: phone by acme/1",
        )


class Bad:
    """Answers whatever it was made with to one hook."""

    def __init__(self, hook: str, answer: Any) -> None:
        self.hook, self.answer = hook, answer

    def _to(self, hook: str, otherwise: Any) -> Any:
        return (self.answer() if callable(self.answer) else self.answer) if self.hook == hook else otherwise

    @implements(spec.flow_needs)
    def needs(self, flow: Flow[Any, Any]) -> Mapping[str, Sequence[Need]]:
        """Nothing, or this."""
        found: Mapping[str, Sequence[Need]] = self._to("flow_needs", {})
        return found

    @implements(spec.reasons)
    def words(self, flow: Flow[Any, Any]) -> Mapping[str, Sequence[str]]:
        """Nothing, or this."""
        found: Mapping[str, Sequence[str]] = self._to("reasons", {})
        return found

    @implements(spec.criteria_functions)
    def functions(self) -> Mapping[str, Callable[..., Criteria]]:
        """Nothing, or this."""
        found: Mapping[str, Callable[..., Criteria]] = self._to("criteria_functions", {})
        return found

    @implements(spec.normalizers)
    def normalizers(self) -> Mapping[str, Normalizer]:
        """Nothing, or this."""
        found: Mapping[str, Normalizer] = self._to("normalizers", {})
        return found

    @implements(spec.score_lead)
    def score(self, lead: Lead, now: datetime) -> Contribution | Iterable[Contribution]:
        """Nothing, or this."""
        found: Contribution | Iterable[Contribution] = self._to("score_lead", [])
        return found


def exits() -> None:
    """Ends the program."""
    raise SystemExit(3)


UNASKABLE = Need("x", where("nothing.here").present(), "what is not there")


NO_ANSWERS: tuple[Any, ...] = (None, [1], {5: []}, {"": []}, {"qualify": None}, {"qualify": [5]}, exits)


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        *(
            (hook, answer)
            for hook in ("flow_needs", "reasons", "criteria_functions", "normalizers")
            for answer in NO_ANSWERS
        ),
        ("flow_needs", {"nothing": [Need("x", where("key").present(), "a key")]}),
        ("flow_needs", {"*": [UNASKABLE]}),
        ("reasons", {"nothing": ["x"]}),
        ("reasons", {"disqualify": "text"}),
        ("normalizers", {"colour": Normalizer(name="a", version="1", read=str)}),
    ],
)
def test_what_is_no_answer_keeps_the_plugin_out(hook: str, answer: Any, opening: Opening, install: Any) -> None:
    """It is named; passed by the host, it is an error."""
    install(("bad", Bad(hook, answer)), ("good", Acme()))
    with opening(discover=True) as crm:
        assert {"bad": "failed", "good": "loaded"}.items() <= {
            each.name: str(each.state) for each in crm.plugins
        }.items()
        assert crm.plugins["bad"].problem
    with pytest.raises(PluginError, match="the plugin Bad "), opening(Bad(hook, answer)):
        pass


def exits_later() -> Iterator[Contribution]:
    """A generator does its work when it is gone through."""
    yield Contribution(100, "never said")
    exits()


@pytest.mark.parametrize("answer", [None, 5, "x", [5], exits, exits_later, lambda: 1 / 0])
def test_a_scorer_that_fails_is_named_in_the_score(answer: Any, opening: Opening) -> None:
    """What the others say counts."""
    with opening(Bad("score_lead", answer), Acme()) as crm, crm.transaction() as tx:
        score = tx.sales.score(tx.sales.capture_lead(topic="Credit card").id)

    assert [name for name, _ in score.failed] == ["Bad"]
    assert sum(part.points for part in score.parts if part.says == "Acme") == 6


def test_what_two_plugins_bring_is_the_first_ones(opening: Opening, install: Any) -> None:
    """A function or a rule of the same name; what they demand of moves adds up."""
    install(
        ("first", Acme()),
        ("second", Bad("criteria_functions", lambda: Acme().functions())),
        ("third", Bad("normalizers", lambda: Acme().normalizers())),
    )
    with opening(discover=True) as crm:
        assert crm.plugins["second"].problem == "brings the function acme.from, which is there already"
        assert crm.plugins["third"].problem == "brings a rule to read a phone, which is there already"


def test_a_function_that_fails_is_an_error_of_the_condition(opening: Opening) -> None:
    """Whoever asks hears its name."""
    for fails in (lambda: 1 / 0, exits):
        wrong = pytest.raises(CriteriaError, match="acme.bad")
        with opening(Bad("criteria_functions", {"acme.bad": fails})) as crm, crm.read() as view, wrong:
            view.of(Lead).count(call("acme.bad"))


def leaves(written: str) -> str:
    """Never gives anything."""
    exits()
    return written


def test_a_normalizer_that_exits_ends_nothing(opening: Opening) -> None:
    """The number is read as without it."""
    rule = Normalizer(name="bad", version="1", read=leaves)
    with opening(Bad("normalizers", {"phone": rule, "name": rule})) as crm, crm.transaction() as tx:
        contact = tx.customers.add_contact(name="Kim", phone="010-1234-5678")

    assert contact.phone is not None and contact.phone.rule == "digits/1"


class Watch:
    """Hides leads."""

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    @implements(spec.access)
    def visible(self, actor: User, entity: type[Entity]) -> Criteria:
        """Of leads, whatever it was made with."""
        found: Criteria = self.answer() if entity is Lead else ALWAYS
        return found

    @implements(spec.access)
    def no_spam(self, actor: User, entity: type[Entity]) -> Criteria:
        """Both hold."""
        return ~(where("source") == "spam") if entity is Lead else ALWAYS


def test_what_plugins_hide_is_not_there(opening: Opening) -> None:
    """All that one says holds together; the system sees everything."""
    with opening(Watch(lambda: where("source") == "web")) as crm:
        with crm.transaction() as tx:
            ann = tx.people.add_user(name="Ann")
            for source in ("web", "spam", "branch"):
                tx.sales.capture_lead(topic="Credit card", source=source)
        with crm.read(ann) as view:
            assert [lead.source for lead in view.of(Lead).find()] == ["web"]
        with crm.read() as view:
            assert view.of(Lead).count() == 3


@pytest.mark.parametrize(
    "answer", [lambda: None, lambda: True, lambda: 1 / 0, exits, lambda: where("nothing.here") == 1]
)
def test_an_access_plugin_that_fails_closes(answer: Callable[[], Any], opening: Opening) -> None:
    """Nothing of the kind is read or written for that actor, the plugin is named, and other kinds are open."""
    with opening(Watch(answer)) as crm:
        with crm.transaction() as tx:
            ann = tx.people.add_user(name="Ann")
            lead = tx.sales.capture_lead(topic="Credit card")
        for asked in (
            lambda tx: tx.of(Lead).find(),
            lambda tx: tx.of(Lead).get(lead.id),
            lambda tx: tx.sales.contact(lead.id),
        ):
            with pytest.raises(Refused, match="the access rule of «Watch» failed"):
                crm.run(ann, asked)
        with crm.read(ann) as view:
            assert view.of(User).get(ann.id) == ann
        with crm.read() as view:
            assert tuple(view.of(Lead).find()) == (lead,)


class Half(Watch):
    """Has an access rule, and something wrong."""

    @implements(spec.entities)
    def kinds(self) -> Sequence[type[Entity]]:
        """No kinds."""
        return [int]  # type: ignore[list-item]


def test_an_access_plugin_that_cannot_be_loaded_closes_the_crm(opening: Opening, install: Any) -> None:
    """Also one that nobody passed; without it, what it hides would be seen. The operator may disable it by name."""
    install(("half", Half(lambda: ALWAYS)))
    with pytest.raises(PluginError, match="the plugin half answered"), opening(discover=True):
        pass
    with opening(discover=True, disabled=["half"]) as crm:
        assert str(crm.plugins["half"].state) == "disabled"


def test_no_operator_takes_away_access_rules_that_a_host_passes(
    opening: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One variable for several programs would open this one silently; other plugins it keeps out."""
    monkeypatch.setenv("CRMKIT_DISABLE_PLUGINS", "Watch, Quiet")
    with pytest.raises(PluginError, match="the plugin Watch says what may be seen"), opening(Watch(lambda: ALWAYS)):
        pass

    class Quiet:
        """Says nothing of what may be seen."""

        @implements(spec.entities)
        def kinds(self) -> Sequence[type[Entity]]:
            """No kinds."""
            return []

    with opening(Quiet()) as crm:
        assert str(crm.plugins["Quiet"].state) == "disabled"
