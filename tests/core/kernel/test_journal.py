"""Events: one per version, enough to rebuild every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.entity import Extensions
from crmkit.core.kernel.ids import Id, uuid7
from crmkit.core.kernel.journal import Event, Stamp, changes, recordable, replay, step, with_changes
from crmkit.core.kernel.money import Money
from crmkit.testing.world.records import MODEL, AcmeVisit, Firm, Visit

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
SOME_ID: Id[Any] = uuid7(1, 1)
USER: Id[Any] = uuid7(1, 2)


def stamp(at: datetime = NOW, occurred: datetime | None = None) -> Stamp:
    return Stamp(at=at, occurred=occurred or at, by=USER, operation=uuid7(1, 3))


def recorded(before: Visit | None, after: Visit, event: Event) -> Event:
    model = MODEL.of(Visit)
    return evolve(event, changes=changes(model, model.flatten(before) if before else None, model.flatten(after)))


def test_a_birth_is_version_one_and_happened_when_it_is_said_to() -> None:
    """An import keeps the real date; the recorded time is the clock's."""
    last_year = NOW - timedelta(days=365)

    born, event = step(Firm(id=SOME_ID, name="El Olivo"), stamp(occurred=last_year), "firm.added")

    assert (born.version, born.created_at, born.modified_at) == (1, last_year, NOW)
    assert (event.name, event.kind, event.version, event.id) == ("firm.added", "firm", 1, SOME_ID)


@frozen(kw_only=True)
class Traced(Event):
    """An event of a host, which knows more."""

    trace: str


def test_an_event_stays_of_its_class() -> None:
    """What a host's own says beyond the fields of all events is not lost when it is recorded."""
    traced = Traced(name="firm.added", kind="firm", id=SOME_ID, version=1, stamp=stamp(), trace="4bf92f")

    assert recordable(traced) == traced
    assert with_changes(traced, {"name": (None, "Oliva")}) == evolve(traced, changes={"name": (None, "Oliva")})


def test_steps_share_nothing_that_can_be_changed() -> None:
    """Whoever writes into the changes of one event has not written into those of all."""
    events = [step(Firm(id=SOME_ID, name="El Olivo"), stamp(), "firm.added")[1] for _ in range(2)]

    assert events[0].changes is not events[1].changes


def test_recorded_time_never_goes_back() -> None:
    """A clock that was set back does not put a change before the one that it follows."""
    born, _ = step(Firm(id=SOME_ID, name="El Olivo"), stamp(), "firm.added")

    changed, event = step(born, stamp(at=NOW - timedelta(hours=1)), "firm.revised")

    assert changed.modified_at == event.stamp.at == NOW
    assert event.stamp.occurred == NOW - timedelta(hours=1)


def test_changes_are_canonical_and_leave_out_what_every_event_implies() -> None:
    """Amounts have four decimals, moments a Z; version and modification time are the event's own."""
    model = MODEL.of(Visit)
    before = Visit(id=SOME_ID)
    after = evolve(
        before, budget=Money("12.5", "EUR"), started_at=NOW, version=2, modified_at=NOW, labels=frozenset("ba")
    )

    assert changes(model, model.flatten(before), model.flatten(after)) == {
        "budget.amount": (None, "12.5000"),
        "budget.currency": (None, "EUR"),
        "started_at": (None, "2026-01-05T09:00:00.000000Z"),
        "labels": ([], ["a", "b"]),
    }


def test_replaying_gives_an_older_record_the_defaults_of_a_younger_extension() -> None:
    """What was recorded before a plugin came along has the plugin's defaults."""
    born, event = step(Visit(id=SOME_ID), stamp(), "visit.made")
    event = recorded(None, born, event)
    assert "acme.level" not in event.changes

    (row,) = replay(MODEL, [event])["visit"].values()

    assert MODEL.of(Visit).build(row).ext[AcmeVisit].level == 3


@given(
    st.lists(
        st.one_of(
            st.builds(lambda title: {"title": title}, st.none() | st.text("abc", max_size=3)),
            st.builds(lambda score: {"score": score}, st.none() | st.integers(-9, 9)),
            st.builds(lambda units: {"budget": Money(units, "KRW") if units else None}, st.integers(0, 9)),
            st.builds(lambda level: {"ext": Extensions(AcmeVisit(level=level))}, st.integers(0, 4)),
            st.builds(lambda tags: {"labels": frozenset(tags)}, st.lists(st.sampled_from("abc"))),
        ),
        max_size=10,
    )
)
def test_replay_rebuilds_the_row_whatever_changed(steps: list[dict[str, Any]]) -> None:
    """The journal alone is enough."""
    one, event = step(Visit(id=SOME_ID), stamp(), "visit.made")
    events = [recorded(None, one, event)]
    for number, fields in enumerate(steps, 1):
        after, event = step(evolve(one, **fields), stamp(at=NOW + timedelta(minutes=number)), "visit.revised")
        events.append(recorded(one, after, event))
        one = after

    assert replay(MODEL, events)["visit"] == {SOME_ID: MODEL.of(Visit).flatten(one)}


def test_a_change_that_was_not_recorded_shows_in_the_replay() -> None:
    """The check above can fail: an event without its change rebuilds another row."""
    one, event = step(Visit(id=SOME_ID), stamp(), "visit.made")
    after, revised = step(evolve(one, score=5), stamp(), "visit.revised")

    events = [recorded(None, one, event), revised]

    assert replay(MODEL, events)["visit"] != {SOME_ID: MODEL.of(Visit).flatten(after)}
