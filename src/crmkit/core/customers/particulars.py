"""Particulars: by what a text outside the store tells that it is about a certain person.

E-mail addresses, phone numbers and full names. Many people live in one town, and Kim may be anybody: what does not tell
people apart is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from unicodedata import normalize

from attrs import field, frozen

from crmkit.core.kernel.derive import Group
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.model import EntityModel
from crmkit.core.kernel.name_parts import begins_with_family
from crmkit.core.kernel.phone_digits import digits_of
from crmkit.core.kernel.text import fold
from crmkit.core.kernel.values import Email, PersonName, Phone, Written

FEWEST_DIGITS: Final = 7  #: of a phone number that is not just any number


def _any_of(addresses: frozenset[str]) -> re.Pattern[str]:
    """One of these addresses that is not a part of a longer one; nothing, if there are none."""
    either = "|".join(map(re.escape, sorted(addresses))) or r"(?!)"
    return re.compile(rf"(?<![\w.+-])(?:{either})(?![\w-]|\.\w)")


@frozen(kw_only=True)
class Particulars:
    """What the records of one person say, or said, of how to reach and call them, in the form in which it compares."""

    emails: frozenset[str] = frozenset()  #: folded
    phones: frozenset[str] = frozenset()  #: digits, with a + in front if they begin with a country code
    names: frozenset[str] = frozenset()  #: with a family and a given name, in either order
    _address: re.Pattern[str] = field(init=False, eq=False, repr=False)

    @_address.default
    def _any_address(self) -> re.Pattern[str]:
        return _any_of(self.emails)

    @classmethod
    def of(cls, values: Iterable[Written]) -> Particulars:
        """Those of a person who has or had these."""
        emails, phones, names = set[str](), set[str](), set[str]()
        for value in values:
            match value:
                case Email(address=address):
                    emails.add(fold(address))
                case Phone(written=written, number=number):
                    phones |= {digits for digits in (number, digits_of(written)) if len(digits) >= FEWEST_DIGITS}
                case PersonName(full=full, family_name=str(family), given_name=str(given)):
                    names |= {spelt(full), spelt(f"{given} {family}"), spelt(f"{family} {given}")}
        return cls(emails=frozenset(emails), phones=frozenset(phones), names=frozenset(names))

    def stand_in(self, cell: str) -> bool:
        """An address stands anywhere in the text, or the whole of it is a phone number or a full name."""
        folded = fold(cell)
        return self._address.search(folded) is not None or digits_of(cell) in self.phones or spelt(cell) in self.names


def spelt(name: str) -> str:
    """A full name as it is looked for: folded, without commas, and where writing has no blanks without those."""
    words = fold(name).replace(",", " ").split()
    return ("" if begins_with_family(normalize("NFC", name)) else " ").join(words)


def told(record: Entity, model: EntityModel) -> Iterator[Written]:
    """What a record says that may be among the particulars, in personal fields; those of extensions too."""
    for group in (model.shape.own, *model.shape.extensions):
        said: Any = record if group is model.shape.own else record.ext[group.cls]
        for part in group.parts:
            if isinstance(part, Group) and all(column.personal for column in part.columns()):
                value = getattr(said, part.attribute)
                if isinstance(value, Written):
                    yield value
