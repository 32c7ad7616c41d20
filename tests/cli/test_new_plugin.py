"""`crmkit new-plugin`: what it writes works as it stands, and nothing that is there is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.packages import crmkit, install, own_tests, run

from crmkit.cli import main
from crmkit.cli.new_plugin import write
from crmkit.core.kernel.errors import Invalid


@pytest.mark.parametrize("name", ["olives", "acme_2"])
def test_a_new_package_is_installed_found_and_green(name: str, tmp_path: Path) -> None:
    """From the first minute: pip takes it, its own tests pass through its entry point, and the command names it."""
    package = write(name, into=tmp_path / "new")
    installed = install(package, tmp_path / "site")

    assert " passed" in own_tests(installed, package)
    assert f"{name} " in crmkit(installed, tmp_path, "plugins")


def test_what_it_writes_is_what_its_readme_shows(tmp_path: Path) -> None:
    """The block of Python in it runs, in an empty folder."""
    package = write("olives", into=tmp_path)
    block = (package / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]

    assert run(install(package, tmp_path / "site"), tmp_path, "-c", block) == "1\ndone\n"


def test_it_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, how it is installed and tested."""
    assert main(["new-plugin", "olives", "--into", str(tmp_path)]) == 0

    said = capsys.readouterr().out
    assert f"cd {tmp_path / 'crmkit-olives'}" in said
    assert "pip install -e '.[test]'" in said
    assert "pytest" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Olives", "lower-case"),
        ("1olive", "lower-case"),
        ("olive-oil", "lower-case"),
        ("../olives", "lower-case"),
        ("", "lower-case"),
        ("_olives", "lower-case"),
        ("올리브", "lower-case"),
        ("o" * 21, "at most 20"),
        ("class", "something else"),
        ("crmkit", "something else"),
        ("json", "something else"),
    ],
)
def test_a_name_that_is_none_is_refused(
    name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is written; the name of a keyword or of a module of Python is somebody's already."""
    assert main(["new-plugin", name, "--into", str(tmp_path)]) == 1

    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """Even an empty one: somebody made it."""
    (tmp_path / "crmkit-olives").mkdir()

    with pytest.raises(Invalid, match="is there already"):
        write("olives", into=tmp_path)

    assert list((tmp_path / "crmkit-olives").iterdir()) == []


def test_nothing_is_left_to_fill_in(tmp_path: Path) -> None:
    """No placeholder in a page or in a path."""
    pages = [page for page in write("olives", into=tmp_path).rglob("*") if page.is_file()]

    assert len(pages) == 8
    for page in pages:
        assert "NAME" not in str(page)
        assert "$" not in page.read_text(encoding="utf-8")
