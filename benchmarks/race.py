"""One row of the table: the same work done by several in turns, so that what else the machine does hits all alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from attrs import field, frozen

CRMKIT = "crmkit"


@frozen(kw_only=True)
class Race:
    """What is done, and who does it; a contender does it a few times over and says how often."""

    what: str
    things: str  #: what is counted
    contenders: Mapping[str, Callable[[], int]]  #: by name; crmkit's is among them
    reach: Mapping[str, float] = field(factory=dict)  #: by the name of another: as many times its rate
    rate: float = 0  #: how many in a second to reach, whatever the others do


@frozen(kw_only=True)
class Standing:
    """How crmkit did against one of the others."""

    what: str
    place: str
    things: str
    other: str
    theirs: float  #: things in a second, the median of the rounds
    ours: float
    ratio: float  #: the median of what each round says: ours to theirs
    spread: float  #: the greatest of these ratios to the least
    reach: float | None = None
    rate: float = 0

    @property
    def reached(self) -> bool | None:
        """Whether it is as good as it is to be; None where nothing is asked."""
        if self.reach is None and not self.rate:
            return None
        return self.ratio >= (self.reach or 0) and self.ours >= self.rate


def run(race: Race, place: str, rounds: int) -> list[Standing]:
    """Every contender once to warm up, then all of them in each round, each time another one first."""
    rates: dict[str, list[float]] = {name: [] for name in race.contenders}
    names = list(race.contenders)
    for name in names:
        race.contenders[name]()
    for turn in range(rounds):
        for place_in_turn in range(len(names)):
            name = names[(turn + place_in_turn) % len(names)]
            rates[name].append(_rate(race.contenders[name]))
    return [_standing(race, place, name, rates) for name in names if name != CRMKIT]


def _rate(do: Callable[[], int]) -> float:
    gc.collect()
    begun = perf_counter()
    many = do()
    return many / (perf_counter() - begun)


def _standing(race: Race, place: str, other: str, rates: Mapping[str, list[float]]) -> Standing:
    ratios = [ours / theirs for ours, theirs in zip(rates[CRMKIT], rates[other], strict=True)]
    return Standing(
        what=race.what,
        place=place,
        things=race.things,
        other=other,
        theirs=median(rates[other]),
        ours=median(rates[CRMKIT]),
        ratio=median(ratios),
        spread=max(ratios) / min(ratios),
        reach=race.reach.get(other),
        rate=race.rate,
    )
