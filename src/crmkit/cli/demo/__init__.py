"""`crmkit demo`: a folder of files imported, its figures told, and a page written about them."""

from __future__ import annotations

from crmkit.cli.demo.show import run

__all__ = ["run"]
