"""The checker of histories, checked: against the definition by brute force, and on histories that are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from math import inf
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.linearizable import UNKNOWN, Call, Step, check_linearizable, counter, holder, order

IN_A_MOMENT = 20.0  #: seconds in which a search that goes astray would not end


def call(begun: float, ended: float, name: str, given: Any, answer: Any = UNKNOWN) -> Call:
    """A call about the only key there is."""
    return Call(key="k", name=name, given=given, answer=answer, begun=begun, ended=ended)


def explained(calls: Sequence[Call], step: Step, initial: Any) -> bool:
    """By definition: some calls, with all that were answered, in some order that respects who ended before whom."""
    heard = {place for place, each in enumerate(calls) if each.ended < inf}
    return any(
        possible([calls[place] for place in some], step, initial)
        for size in range(len(heard), len(calls) + 1)
        for some in permutations(range(len(calls)), size)
        if heard <= set(some)
    )


def possible(calls: Sequence[Call], step: Step, initial: Any) -> bool:
    """In this very order."""
    if any(late.ended < early.begun for place, early in enumerate(calls) for late in calls[place + 1 :]):
        return False
    states = {initial}
    for each in calls:
        states = {after for state in states for after in step(state, each)}
    return bool(states)


HOLDING = st.tuples(st.sampled_from(["take", "give"]), st.sampled_from("ab"), st.booleans())
BY_AND_MOST = st.tuples(st.sampled_from([1, 1, 2, -1]), st.sampled_from([1, 2]))
COUNTING = st.tuples(st.just("add"), BY_AND_MOST, st.sampled_from([None, 0, 1, 2]))


@st.composite
def histories(draw: st.DrawFn, what: str) -> list[Call]:
    """A few calls of short and long duration, with whatever answers."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        begun = draw(st.integers(0, 8))
        length = draw(st.integers(0, 5))
        unheard = draw(st.integers(0, 4)) == 0
        name, given, answer = draw(HOLDING if what == "holder" else COUNTING)
        found.append(call(begun, inf if unheard else begun + length, name, given, UNKNOWN if unheard else answer))
    return found


@settings(max_examples=400)
@given(calls=histories("holder"))
def test_holders_are_judged_as_the_definition_says(calls: list[Call]) -> None:
    """Whatever was answered to whom, and the order that is given is one."""
    found = order(calls, holder, None)

    assert (found is not None) == explained(calls, holder, None)
    assert found is None or possible(found, holder, None)


@settings(max_examples=400)
@given(calls=histories("counter"))
def test_counters_are_judged_as_the_definition_says(calls: list[Call]) -> None:
    """Up and down, within limits."""
    found = order(calls, counter, 0)

    assert (found is not None) == explained(calls, counter, 0)
    assert found is None or possible(found, counter, 0)


GOOD: dict[str, list[Call]] = {
    "nothing": [],
    "one after the other": [
        *(call(0, 1, "take", "a", True), call(2, 3, "give", "a", True), call(4, 5, "take", "b", True)),
    ],
    "at once": [call(0, 9, "take", "a", True), call(0, 9, "take", "b", False)],
    "the loser was told first": [call(0, 9, "take", "a", True), call(1, 2, "take", "b", False)],
    "lost to somebody who was killed": [call(0, inf, "take", "a"), call(5, 6, "take", "b", False)],
    "killed before it did anything": [call(0, inf, "take", "a"), call(5, 6, "take", "b", True)],
    "touching": [call(0, 2, "take", "b", False), call(2, 3, "take", "a", True)],
}
BAD: dict[str, list[Call]] = {
    "two winners": [call(0, 9, "take", "a", True), call(0, 9, "take", "b", True)],
    "lost to nobody": [call(0, 1, "take", "a", False)],
    "lost before anybody began": [call(0, 1, "take", "b", False), call(2, 3, "take", "a", True)],
    "given by somebody else": [call(0, 1, "take", "a", True), call(2, 3, "give", "b", True)],
    "lost after it was given back": [
        *(call(0, 1, "take", "a", True), call(2, 3, "give", "a", True), call(4, 5, "take", "b", False)),
    ],
    "killed, and yet two": [
        *(call(0, inf, "take", "a"), call(1, 2, "take", "b", True), call(3, 4, "take", "c", True)),
    ],
}


@pytest.mark.parametrize("calls", GOOD.values(), ids=GOOD.keys())
def test_what_can_be_explained_is_accepted(calls: list[Call]) -> None:
    """Histories that look odd and are not."""
    check_linearizable(calls, holder)


@pytest.mark.parametrize("calls", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_explained_is_refused(calls: list[Call]) -> None:
    """Each for one thing that no order explains; the calls stand in the error."""
    with pytest.raises(AssertionError, match="take"):
        check_linearizable([*calls, Call(key="fine", name="take", given="a", answer=True, begun=0, ended=1)], holder)


def crowd(clients: int, *, winners: int) -> Iterator[Call]:
    """Many who all want the same at once."""
    for number in range(clients):
        yield call(number, 1000 + number, "take", str(number), number < winners)


@pytest.mark.parametrize("winners", [1, 2])
def test_a_crowd_is_judged_in_a_moment(winners: int) -> None:
    """Those who lost are put where they fit, and nothing else is tried: 300 calls at once are no 300! orders."""
    began = perf_counter()

    found = order(list(crowd(300, winners=winners)), holder, None)

    assert (found is not None) == (winners == 1)
    assert perf_counter() - began < IN_A_MOMENT
