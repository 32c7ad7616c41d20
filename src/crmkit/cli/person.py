"""A person on the command line: the lead or the contact that a word means."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Final

from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.criteria import where
from crmkit.core.kernel.entity import kind_of
from crmkit.core.kernel.errors import Invalid, NotFound, shape
from crmkit.core.kernel.ids import Id
from crmkit.core.sales.lead import Lead
from crmkit.transaction import Transaction

KINDS: Final[dict[str, type[Lead | Contact]]] = {kind_of(cls): cls for cls in (Lead, Contact)}


def add_person(parser: ArgumentParser) -> None:
    """`RECORD`: an id, or a kind and a business key."""
    says = "a lead or a contact of the person: its id, or lead:KEY or contact:KEY with its business key"
    parser.add_argument("record", metavar="RECORD", help=says)


def person(tx: Transaction, word: str) -> Lead | Contact:
    """The record.

    :raises NotFound: there is none
    :raises Invalid: neither an id nor a kind and a key
    """
    kind, colon, key = word.partition(":")
    if colon and kind not in KINDS:
        accepts = f"a UUID, or {' or '.join(f'{each}:KEY' for each in KINDS)}"
        raise Invalid("record", f"got {shape(word)}", accepts=accepts)
    asked = where("key") == key if colon else where("id") == Id.of(word, "record")
    for cls in [KINDS[kind]] if colon else KINDS.values():
        found: Lead | Contact | None = tx.of(cls).first(asked)
        if found is not None:
            return found
    raise NotFound(f"there is no lead or contact {word}" if not colon else f"there is no {kind} with the key «{key}»")
