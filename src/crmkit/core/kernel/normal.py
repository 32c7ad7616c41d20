"""How what people write is read for comparing: by whom, in which version, and never in silence by two at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from crmkit.core.kernel.derive import Group
from crmkit.core.kernel.entity import Entity
from crmkit.core.kernel.errors import DefinitionError, shape
from crmkit.core.kernel.model import EntityModel
from crmkit.core.kernel.phone_digits import DIGITS_RULE
from crmkit.core.kernel.text import fold
from crmkit.core.kernel.values import PersonName, Phone

E = TypeVar("E", bound=Entity)

NORMALIZED: Final = ("name", "phone")  #: what can be read by another rule; an e-mail address is compared folded


_WORD: Final = re.compile(r"[\w.+-]{1,60}")


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise DefinitionError(f"got {shape(value)} in a rule", hint="a name such as acme, a version such as 9")
    return value


@frozen(kw_only=True)
class Normalizer:
    """A rule that gives one text for all ways to write the same; it raises, or gives nothing, for what it cannot read.

    Of a phone number it gives the digits, with a + in front if they begin with a country code. Another reading of the
    same text is another version: numbers kept under two rules are not compared.

    :raises DefinitionError: a name or a version of more than letters, digits and .+-_
    """

    name: str = field(converter=_word)
    version: str = field(converter=_word)
    read: Callable[[str], str]

    @property
    def rule(self) -> str:
        """The name under which what it read is kept: `phonenumbers/9`."""
        return f"{self.name}/{self.version}"

    def reread(self, phone: Phone) -> Phone:
        """The phone number as this rule reads it; as it was, if the rule cannot."""
        try:
            return Phone(written=phone.written, number=self.read(phone.written), rule=self.rule)
        except Exception:  # noqa: BLE001 - a stranger's code; the number stays under the rule that read it, which shows
            return phone


def spelled(name: PersonName, normalizer: Normalizer | None) -> str:
    """A full name as people compare names: by the rule, else folded and without blanks."""
    if normalizer is not None:
        with suppress(Exception):  # a stranger's code; what it cannot read is compared as without it
            read: object = normalizer.read(name.full)
            if isinstance(read, str) and read:
                return read
    return "".join(fold(name.full).split())


def as_read(record: E, before: E | None, model: EntityModel, normalizer: Normalizer | None) -> E:
    """The record with phone numbers as the rule reads them, where nothing but their digits was read so far.

    What is written as it was written before stays as it was read then.
    """
    if normalizer is None:
        return record
    read: dict[str, Any] = {}
    for name in _phones(model):
        given, kept = getattr(record, name), getattr(before, name, None)
        if given is not None and given.rule == DIGITS_RULE:
            same = kept is not None and kept.written == given.written
            read[name] = kept if same else normalizer.reread(given)
    return evolve(record, **read)


def _phones(model: EntityModel) -> Iterator[str]:
    for part in model.shape.own.parts:
        if isinstance(part, Group) and part.cls is Phone:
            yield part.attribute


def refuse_unknown(normalizers: Mapping[str, Normalizer]) -> None:
    """Nothing, if each of these is for something that can be read by another rule.

    :raises DefinitionError: it is not
    """
    for what in normalizers:
        if what not in NORMALIZED:
            raise DefinitionError(f"nothing is normalised as «{what}»", hint=f"one of {', '.join(NORMALIZED)}")
