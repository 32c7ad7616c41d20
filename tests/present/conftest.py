"""Figures of known content, told by the areas themselves over partial values that no store had to count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any, cast

import pytest

from crmkit.areas.insights import Insights
from crmkit.builtin import ENTITIES
from crmkit.core.kernel.figures import Figures, bind_tally, finish
from crmkit.core.kernel.model import Model
from crmkit.core.kernel.registry import Registry
from crmkit.core.kernel.tally import Partial, Tally
from crmkit.core.kernel.work import Work

Rows = Sequence[tuple[tuple[Any, ...], tuple[Any, ...]]]


class Counted:
    """A work whose store has counted already."""

    registry = Registry(model=Model.build(ENTITIES))

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def tally(self, tally: Tally) -> Figures:
        now, model = datetime(2025, 1, 1, tzinfo=UTC), self.registry.model
        ground = bind_tally(tally, model=model, now=now, zone="UTC", params={})
        return finish(tally, ground, [Partial(*row) for row in self.rows])


@pytest.fixture
def insights() -> Callable[[Rows], Insights]:
    """Insights into these groups, each with the partial values of the measures that are no shares."""
    return lambda rows: Insights(cast("Work", Counted(rows)))


class Page(HTMLParser):
    """What a browser would make of it; a tag that is not closed in its turn is an error."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"closed, never opened: {tag}"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def of(self, tag: str) -> list[str]:
        """The texts directly inside tags of this name."""
        return [text for inside, text in self.texts if inside == tag]

    def loads(self) -> list[str]:
        """Whatever a browser would fetch."""
        names = ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
        return [f"{tag} {name}" for tag, attributes in self.tags for name in names if name in attributes]


@pytest.fixture
def page() -> Callable[[str], Page]:
    """HTML, read strictly."""
    return Page
