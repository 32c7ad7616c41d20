"""The garbage collector of Python, while many records are made at once.

It counts what is made and, at every quarter more, goes through all there is. Records are frozen and hold no cycles, so
it finds nothing, and takes longer than the making: Mercurial lets it rest for the same reason (`util.nogc`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MANY: Final = 250  #: records that are worth it; what is made of fewer is collected as ever


@contextmanager
def at_rest(making: int) -> Iterator[None]:
    """Inside, nothing is collected, if so many are made and the host has it on; what has no owner goes all the same.

    Whoever turned it off turns it on again, so threads that overlap leave it as it was.
    """
    resting = making >= MANY and gc.isenabled()
    if resting:
        gc.disable()
    try:
        yield
    finally:
        if resting:
            gc.enable()
