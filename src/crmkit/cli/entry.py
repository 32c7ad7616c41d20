"""From the words of a command line to an exit code."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper

from crmkit.cli import (
    diagram,
    doctor,
    erase_person,
    export_person,
    import_file,
    imports,
    migrate,
    new_plugin,
    plugins,
    report,
    run_demo,
    undo_import,
)
from crmkit.core.kernel.errors import CrmError

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  #: exit codes; the last two as shells count signals


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say, those of the process unless given; the answer is the exit code, 0 if all went well.

    What crmkit or the system refuses becomes one line `code: message` on the standard error, never a traceback.
    """
    _write_any_name()
    try:
        code = _obey(argv)
        sys.stdout.flush()
    except CrmError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_output()
        return BROKEN_PIPE
    except OSError as error:
        print(f"os_error: {error}", file=sys.stderr)
        with suppress(OSError):
            sys.stdout.flush()
            return FAILED
        _let_go_of_output()
        return FAILED
    return code


def _let_go_of_output() -> None:
    """What is left of it is flushed at exit, into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> ArgumentParser:
    """The grammar of the command line."""
    top = ArgumentParser(prog="crmkit", description="Leads, deals, customers and cases on the command line.")
    top.add_argument("--version", action="version", version=f"crmkit {version('crmkit')}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for command in (
        *(run_demo, import_file, imports, undo_import, export_person, erase_person, report, diagram),
        *(migrate, plugins, new_plugin, doctor),
    ):
        command.add(commands)
    return top


def _obey(argv: Sequence[str] | None) -> int:
    top = parser()
    try:
        options = top.parse_args(argv)
    except SystemExit as done:  # argparse has said everything
        return USAGE if done.code else 0
    if "run" not in options:
        top.print_help()
        return 0
    code: int = options.run(options)
    return code


def _write_any_name() -> None:
    """A name that the terminal has no letters for is written in escapes, where Python would give up."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
