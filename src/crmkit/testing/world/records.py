"""Two kinds of record made for tests: between them every scalar, a tree, a relation, values and an extension."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from attrs import frozen

from crmkit.core.kernel.entity import Entity, entity, extends, index, unique
from crmkit.core.kernel.fields import Amount, Code, Name, Personal, Tags, Text
from crmkit.core.kernel.ids import Id
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Email


class Mood(StrEnum):
    """How a visit went."""

    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"


@entity("firm", indexes=(unique("name", "region"),))
@frozen(kw_only=True)
class Firm(Entity):
    """Somewhere to visit; firms form a tree."""

    id: Id[Firm]
    name: Name
    region: Code | None = None
    parent_id: Id[Firm] | None = None
    founded: date | None = None
    tags: Tags = frozenset()


@entity("visit", indexes=(index("mood", "started_at"),))
@frozen(kw_only=True)
class Visit(Entity):
    """A visit, with one field of every scalar."""

    id: Id[Visit]
    firm_id: Id[Firm] | None = None
    mood: Mood = Mood.FAIR
    expected: Mood | None = None
    title: Name | None = None
    code: Code | None = None
    note: Text | None = None
    mail: Annotated[Email | None, Personal] = None
    score: int | None = None
    done: bool = False
    price: Amount | None = None
    budget: Money | None = None
    birthday: date | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    labels: Tags = frozenset()


@extends(Visit, prefix="acme")
@frozen(kw_only=True)
class AcmeVisit:
    """What a plugin adds to a visit."""

    vip: bool = False
    nick: Name | None = None
    level: int = 3


ENTITIES = (Firm, Visit)
MODEL = Model.build(ENTITIES, (AcmeVisit,))
