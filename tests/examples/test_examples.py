"""The examples run, each as a program of its own, and tell the same story on every store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.crms import STORES, place

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))


def told(example: Path, store: str, folder: Path) -> bytes:
    """What an example prints on a store; warnings are errors for it too."""
    with place(store, folder, example.name) as url:
        command = [sys.executable, "-X", "utf8", "-W", "error", str(example), url]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr.decode() == ""
    return done.stdout


def test_there_is_the_call_centre() -> None:
    """The main story is among the examples."""
    assert "credit_card.py" in {example.name for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_tells_the_same_story_on_every_store(example: Path, tmp_path: Path) -> None:
    """It ends well, says something, and says it byte for byte alike."""
    stories = {told(example, store, tmp_path) for store in STORES}

    assert len(stories) == 1
    assert stories != {b""}
