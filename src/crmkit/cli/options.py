"""Options that several commands have."""

from __future__ import annotations

import os
from argparse import ArgumentParser, _ActionsContainer, _SubParsersAction
from pathlib import Path
from typing import Final, TypeAlias

from crmkit.core.kernel.errors import StoreError

Commands: TypeAlias = "_SubParsersAction[ArgumentParser]"

STORE: Final = "sqlite:crm.db"


def add_store(parser: ArgumentParser) -> None:
    """`--store`: a URL, else that of the environment, else a file in the current directory; and `--disable`."""
    parser.add_argument(
        "--store",
        metavar="URL",
        default=os.environ.get("CRMKIT_STORE") or STORE,
        help="memory:, sqlite:PATH, postgresql://... or mariadb://...; unless given, the environment variable"
        f" CRMKIT_STORE, else {STORE}",
    )
    add_disable(parser)


def add_disable(parser: ArgumentParser) -> None:
    """`--disable`: names of plugins that take no part."""
    parser.add_argument(
        "--disable",
        metavar="NAME",
        action="append",
        default=[],
        help="a plugin that takes no part, as crmkit plugins names it; may be given several times; joins those in the"
        " environment variable CRMKIT_DISABLE_PLUGINS",
    )


def add_zone(parser: _ActionsContainer, what: str) -> None:
    """`--zone`: a name of the IANA time-zone data."""
    parser.add_argument("--zone", metavar="ZONE", default="UTC", help=f"{what}, such as Asia/Seoul; unless given, UTC")


def existing(url: str) -> str:
    """The URL, unless it names a file that is not there: who asks for figures does not want an empty database made.

    :raises StoreError: there is no such file
    """
    path = file_of(url)
    if path is not None and not path.exists():
        raise StoreError(f"there is no file {path}", hint="crmkit import makes one, --store names another")
    return url


def file_of(url: str) -> Path | None:
    """The file behind a URL of SQLite; None for every other URL, and for what only looks like a file."""
    scheme, _, rest = url.partition(":")
    if scheme != "sqlite" or not rest or ":memory:" in rest or rest.startswith("file:"):
        return None
    path, _, _ = rest.partition("?")
    return Path(path.removeprefix("///") if path.startswith("//") else path)
