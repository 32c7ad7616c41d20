"""Identifiers: typed, of version 7, in the order in which they were made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from threading import Thread
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.ids import Id, Ids, derived, uuid7

MILLISECONDS = st.integers(0, 2**48 - 1)
TAILS = st.integers(0, 2**74 - 1)


@given(MILLISECONDS, TAILS)
def test_uuid7_has_version_and_variant_of_rfc_9562(milliseconds: int, tail: int) -> None:
    """Any instant and any tail make a UUID of version 7 that gives the instant back."""
    made = uuid7(milliseconds, tail)

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == milliseconds


@given(st.lists(st.tuples(MILLISECONDS, TAILS), min_size=2, max_size=2))
def test_ids_sort_by_time_and_then_by_tail(pairs: list[tuple[int, int]]) -> None:
    """Nothing of the instant or the tail is lost, so the order is theirs."""
    assert sorted(uuid7(*pair) for pair in pairs) == [uuid7(*pair) for pair in sorted(pairs)]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=50))
def test_ids_increase_while_the_clock_stands_still_or_steps_back(steps: list[int]) -> None:
    """The order of making is the order of ids, whatever the clock does."""
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    source = Ids(clock=lambda: now[0], entropy=Random(7).getrandbits)
    made = []
    for step in steps:
        now[0] += timedelta(milliseconds=step)
        made += [source(), source()]

    assert made == sorted(set(made))


def test_ids_of_several_threads_never_meet() -> None:
    """One source serves all threads of a process."""
    source = Ids(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), entropy=lambda bits: 0)
    made: list[UUID] = []
    threads = [Thread(target=lambda: made.extend(source() for _ in range(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 2000


@given(MILLISECONDS, TAILS, st.integers(1, 1000))
def test_derived_ids_are_the_same_again_and_sort_by_step(milliseconds: int, tail: int, step: int) -> None:
    """What is folded from a journal twice gets the same ids twice."""
    source = uuid7(milliseconds, tail)

    assert derived(source, step) == derived(source, step) < derived(source, step + 1)
    assert derived(source, step).version == 7


@pytest.mark.parametrize("value", ["", "nonsense", 5, None, uuid4()])
def test_what_is_no_uuid7_is_refused(value: object) -> None:
    """The refusal names the field."""
    with pytest.raises(Invalid) as refused:
        Id.of(value, "lead.id")

    assert refused.value.field == "lead.id"


def test_an_id_is_read_from_its_text_and_from_any_uuid() -> None:
    """What a URL or another library holds becomes an Id, equal to where it came from."""
    made = uuid7(1, 2)

    assert Id.of(str(made)) == Id.of(UUID(int=made.int)) == made
    assert isinstance(made, UUID)
