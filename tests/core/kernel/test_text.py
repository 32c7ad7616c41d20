"""Text as people mean it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.text import clean, fold, successor

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ＡＢＣ", "abc"), ("㈜한빛", "(주)한빛"), ("Straße", "STRASSE"), ("ｶﾅ", "カナ"), ("Å", "å"), ("ﬁn", "FIN")],
)
def test_spellings_that_people_take_for_the_same_fold_alike(one: str, other: str) -> None:
    """Width, case, ligatures and enclosed forms make no difference."""
    assert fold(one) == fold(other)


@given(TEXTS)
def test_folding_again_changes_nothing(text: str) -> None:
    """A folded text is its own fold, so that shadow columns can be compared with each other."""
    assert fold(fold(text)) == fold(text)


@given(TEXTS, TEXTS)
def test_whatever_starts_so_lies_before_the_successor(text: str, more: str) -> None:
    """`text <= text + more < successor(text)`: a prefix search is a range."""
    after = successor(text)

    assert text <= text + more
    assert after is None or text + more < after


@given(TEXTS, TEXTS)
def test_what_does_not_start_so_lies_outside(text: str, other: str) -> None:
    """The range of a prefix has nothing else in it."""
    after = successor(text)
    inside = text <= other and (after is None or other < after)

    assert inside == other.startswith(text)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", b"bytes", 5, None, "x" * 10_000_000])
def test_what_no_store_could_keep_is_refused_in_few_words(value: object) -> None:
    """The error names the field and stays short, even for ten megabytes."""
    with pytest.raises(Invalid) as refused:
        clean(value, "topic")

    assert refused.value.field == "topic"
    assert len(str(refused.value)) < 200
