"""Types: what a type checker accepts and refuses is part of the interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent


def test_moves_are_typed_by_their_effects(cache: pytest.Cache) -> None:
    """A wrong record, argument or status is an error at its line, and nothing else is.

    Errors that are expected are ignored by their code; strict checking reports those that do not happen.
    """
    out, err, status = api.run(
        [
            f"--config-file={HERE.parents[1] / 'pyproject.toml'}",
            f"--cache-dir={cache.mkdir('mypy')}",
            "--follow-imports=silent",
            str(HERE / "cases_flow.py"),
        ]
    )

    assert (out.splitlines()[:-1], err, status) == ([], "", 0)
