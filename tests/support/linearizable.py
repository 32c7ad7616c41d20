"""Whether what concurrent clients were told can be told as if one had come after the other.

The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993): of the calls that began before
any other one ended, one took effect first; try each, and go on with the rest. Lowe ("Testing for linearizability",
2017) adds the memo: a set of calls that took effect, and the state after them, is tried once. Keys are checked one by
one, which is the same by the theorem of Herlihy and Wing.

A call without an answer, of a client that was killed or a COMMIT of which nobody knows, has no end: it may take effect
at any time after it began, or never.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import Any, Final, TypeAlias

from attrs import frozen

UNKNOWN: Final = "unknown"  #: the answer that nobody heard


@frozen(kw_only=True)
class Call:
    """One call of one client, and what it was told; moments of one clock."""

    key: str  #: what it was about
    name: str
    given: Any = None
    answer: Any = UNKNOWN
    begun: float
    ended: float = inf


State: TypeAlias = Any  #: what can be hashed
#: The states that may follow when a call that was answered so takes effect: none, if it could not be answered so.
Step: TypeAlias = Callable[[State, Call], Iterable[State]]


def holder(state: State, call: Call) -> Iterator[State]:
    """A record that one client holds or nobody: `take` and `give` by a client, told whether they did."""
    taking = call.name == "take"
    wanted, after = (None, call.given) if taking else (call.given, None)
    if state == wanted and call.answer in (True, UNKNOWN):
        yield after
    if state != wanted and call.answer in (False, UNKNOWN):
        yield state


def counter(state: State, call: Call) -> Iterator[State]:
    """A number from 0 to a limit: `given` is what is added and the limit, the answer what it says then, or None."""
    by, most = call.given
    fits = 0 <= state + by <= most
    if fits and call.answer in (state + by, UNKNOWN):
        yield state + by
    if not fits and call.answer in (None, UNKNOWN):
        yield state


def silent(call: Call) -> bool:
    """A call whose answer says that it changed nothing, in whatever state it was.

    It is put first as soon as it fits, and nothing else is tried there: in any order that exists it could be moved
    to the front of the rest, for nothing has to come before it, and no state changes where it is missed.
    """
    return call.answer is None or call.answer is False


def order(calls: Sequence[Call], step: Step, initial: State) -> list[Call] | None:
    """The calls about one key in an order in which each could be answered as it was; None where there is none.

    Calls without an answer are in it if they have to be.
    """
    answered = sum(1 << place for place, call in enumerate(calls) if call.ended < inf)
    tried: set[tuple[int, State]] = set()
    path: list[int] = []
    levels = [_next(calls, 0, initial, step)]
    done = [0]
    while levels:
        if done[-1] & answered == answered:
            return [calls[place] for place in path]
        for place, state in levels[-1]:
            after = done[-1] | 1 << place
            if (after, state) not in tried:
                tried.add((after, state))
                path.append(place)
                done.append(after)
                levels.append(_next(calls, after, state, step))
                break
        else:
            levels.pop()
            done.pop()
            del path[-1:]
    return None


def _next(calls: Sequence[Call], done: int, state: State, step: Step) -> Iterator[tuple[int, State]]:
    """The calls that may take effect next, and the states after them."""
    rest = [place for place in range(len(calls)) if not done >> place & 1]
    first_end = min((calls[place].ended for place in rest), default=inf)
    found = [(place, after) for place in rest if calls[place].begun <= first_end for after in step(state, calls[place])]
    for place, after in found:
        if silent(calls[place]):
            return iter([(place, after)])
    return iter(found)


def check_linearizable(history: Iterable[Call], step: Step, initial: State = None) -> None:
    """The history of every key can be told one call after the other."""
    by_key: dict[str, list[Call]] = defaultdict(list)
    for call in history:
        by_key[call.key].append(call)
    wrong = {key: calls for key, calls in by_key.items() if order(calls, step, initial) is None}
    assert not wrong, f"no order explains what happened to {len(wrong)} of {len(by_key)}, such as:\n" + "\n".join(
        str(call) for call in sorted(next(iter(wrong.values())), key=lambda call: call.begun)[:20]
    )
