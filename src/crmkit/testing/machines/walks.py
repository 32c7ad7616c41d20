"""Walks through any life cycle, without a store: moves drawn from the flow, arguments from the signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import strategies as st

from crmkit.core.kernel.errors import IllegalMove, Invalid, Refused
from crmkit.core.kernel.flow import LifeCycle, Move
from crmkit.core.kernel.ids import uuid7
from crmkit.core.kernel.journal import Event, Stamp
from crmkit.testing.machines.drawn import given_to, moments


def a_stamp(at: datetime, occurred: datetime) -> Stamp:
    """Somebody's, of that moment."""
    return Stamp(at=at, occurred=occurred, by=uuid7(1, 0), operation=uuid7(2, 0))


def check_walks(
    cycle: type[LifeCycle], start: st.SearchStrategy[Any], data: st.DataObject, *, steps: int = 8
) -> list[Any]:
    """Walk from a drawn record through moves, possible ones and others, checking each; gives the records on the way.

    Works for every flow: `start` draws records in any status, the rest is read off the flow.
    """
    way, flow = [data.draw(start)], cycle.flow
    for _ in range(data.draw(st.integers(1, steps))):
        possible, stray = flow.possible(way[-1].status), data.draw(st.integers(0, 3)) == 0
        move = flow.moves[data.draw(st.sampled_from(tuple(flow.moves) if stray else possible or tuple(flow.moves)))]
        given = data.draw(given_to(move))
        way.append(check_move(move, way[-1], data.draw(st.builds(a_stamp, moments, moments)), given))
    return way


def check_move(move: Move[Any, ...], record: Any, by: Stamp, given: Mapping[str, Any]) -> Any:
    """The record after a move that does what moves promise; the same record where it is refused for a reason."""
    before = deepcopy(record)
    if record.status not in move.sources:
        with pytest.raises(IllegalMove) as refused:
            move(record, by, **given)
        assert refused.value.facts["possible"] == list(move.flow.possible(record.status))
        assert record == before
        return record
    try:
        after, event = move(record, by, **given)
    except (Refused, Invalid) as error:
        _check_refusal(move, error, given)
        assert record == before
        return record
    assert (after, event) == move(record, by, **given), "the same once more gives the same"
    assert record == before
    check_record(move, before, after, by, given)
    check_event(move, after, event, by, given)
    return after


def _check_refusal(move: Move[Any, ...], error: Refused | Invalid, given: Mapping[str, Any]) -> None:
    if isinstance(error, Refused):
        assert error.refusals
        assert {each.code for each in error.refusals} <= {need.code for need in move.needs}
    else:
        assert error.field.partition(".")[0] in given, "only a value that was given may be refused"


def check_record(move: Move[Any, ...], before: Any, after: Any, by: Stamp, given: Mapping[str, Any]) -> None:
    """The record is what a move makes of the one before: its status, its version, its times, its reason."""
    assert after.status == move.target
    assert (after.id, after.version) == (before.id, before.version + 1)
    assert after.modified_at == max(before.modified_at, by.at)
    assert after.created_at == (before.created_at if before.version else by.occurred)
    if move.reasons:
        assert after.reason == given.get("reason", move.parameters["reason"].default)


def check_event(move: Move[Any, ...], after: Any, event: Event, by: Stamp, given: Mapping[str, Any]) -> None:
    """The event says what happened: its name, the version after it, when, and every argument in JSON."""
    assert (event.name, event.kind, event.id) == (move.event, move.flow.kind, after.id)
    assert event.version == after.version
    assert event.stamp == evolve(by, at=after.modified_at)
    assert event.details.keys() == given.keys()
    assert json.loads(json.dumps(event.details)) == event.details
