"""The `crmkit` command: one module per subcommand, and nothing in it that a host could not do with the library."""

from __future__ import annotations

from crmkit.cli.entry import main

__all__ = ["main"]
