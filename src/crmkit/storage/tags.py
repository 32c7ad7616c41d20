"""How the tags of a record stand in their one column: as a sorted array of JSON."""

from __future__ import annotations

import json
from typing import Final

NONE: Final = frozenset[str]()  #: one for all records that have none

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NOTHING: Final = "[]"


def written(tags: frozenset[str]) -> str:
    """The canonical JSON of the tags."""
    return _JSON(sorted(tags)) if tags else _NOTHING


def read(kept: str) -> frozenset[str]:
    """What was written."""
    return frozenset(json.loads(kept)) if kept != _NOTHING else NONE
