"""Packages of plugins, installed beside crmkit without a network, and what their own tests say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

QUICK = 'from hypothesis import settings\nsettings.register_profile("quick", max_examples=15, deadline=None)\n'


def install(package: Path, into: Path) -> dict[str, str]:
    """The environment in which programs find the package; pip installs it, entry points and all."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    said = subprocess.run([*pip, "--target", into, package], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    (into / "quick.py").write_text(QUICK, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(into)}


def run(environment: dict[str, str], folder: Path, *words: str) -> str:
    """What Python prints when it is run with these arguments in a folder, and ends well."""
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def crmkit(environment: dict[str, str], folder: Path, *words: str) -> str:
    """What the command `crmkit` prints with these arguments."""
    return run(environment, folder, "-c", "from crmkit.cli import main; raise SystemExit(main())", *words)


def own_tests(environment: dict[str, str], package: Path) -> str:
    """The last line of what the package's own tests say, which all pass, each with a few examples."""
    words = ("-q", "-p", "no:cacheprovider", "-W", "error", "-p", "quick", "--hypothesis-profile=quick")
    return run(environment, package, "-m", "pytest", *words).splitlines()[-1]
