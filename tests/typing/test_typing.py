"""Types: what a type checker accepts and refuses is part of the interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent


@pytest.mark.parametrize("cases", ["flow", "plugins"])
def test_what_is_wrong_is_an_error_at_its_line(cases: str, cache: pytest.Cache) -> None:
    """A wrong record, argument or status of a move, a wrong signature of a plugin: and nothing else is.

    Errors that are expected are ignored by their code; strict checking reports those that do not happen.
    """
    out, err, status = api.run(
        [
            f"--config-file={HERE.parents[1] / 'pyproject.toml'}",
            f"--cache-dir={cache.mkdir('mypy')}",
            "--follow-imports=silent",
            str(HERE / f"cases_{cases}.py"),
        ]
    )

    assert (out.splitlines()[:-1], err, status) == ([], "", 0)
