from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.name_parts import begins_with_family, family_at_end, family_in_front, parted_at_comma

HANGUL_AND_HAN = st.text(
    st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3) | st.sampled_from("欧阳司马娜"), min_size=1
)


@pytest.mark.parametrize(
    ("name", "family", "given_name"),
    [
        ("홍길동", "홍", "길동"),
        ("이산", "이", "산"),
        ("남궁민", "남궁", "민"),
        ("선우은숙", "선우", "은숙"),
        ("남궁", "남", "궁"),
        ("김 철수", "김", "철수"),
        ("김 철 수", "김", "철 수"),
        ("王小明", "王", "小明"),
        ("欧阳娜娜", "欧阳", "娜娜"),
        ("歐陽娜娜", "歐陽", "娜娜"),
        ("諸葛亮", "諸葛", "亮"),
        ("山田 太郎", "山田", "太郎"),
        ("홍", None, "홍"),
    ],
)
def test_family_stands_in_front(name: str, family: str | None, given_name: str) -> None:
    """One syllable, or two where these two are a surname, unless a space says it."""
    assert begins_with_family(name)
    assert family_in_front(name) == (family, given_name)


@pytest.mark.parametrize(
    ("name", "family", "given_name"),
    [
        ("María García", "García", "María"),
        ("María García López", "López", "María García"),
        ("Juan de la Cruz", "de la Cruz", "Juan"),
        ("Juan De La Cruz", "De La Cruz", "Juan"),
        ("Ludwig van Beethoven", "van Beethoven", "Ludwig"),
        ("Anna von der Leyen", "von der Leyen", "Anna"),
        ("José Ortega y Gasset", "Ortega y Gasset", "José"),
        ("Ana y Gasset", "Gasset", "Ana y"),
        ("Mary Ann Y Smith", "Smith", "Mary Ann Y"),
        ("Van Morrison", "Morrison", "Van"),
        ("De la Cruz", "la Cruz", "De"),
        ("Cher", None, "Cher"),
    ],
)
def test_family_stands_at_the_end(name: str, family: str | None, given_name: str) -> None:
    """The last word with its particles; one word always stays for the given name."""
    assert not begins_with_family(name)
    assert family_at_end(name) == (family, given_name)


def test_comma_separates_family_from_given_name() -> None:
    """A directory writes the family name first, with all its words."""
    assert parted_at_comma("García López, María") == ("García López", "María")
    assert parted_at_comma("María García López") is None


def test_mixed_scripts_do_not_begin_with_the_family() -> None:
    """One Latin letter is enough to say that the rule for Korean and Chinese names does not hold."""
    assert not begins_with_family("홍 John")
    assert not begins_with_family("")


def test_decomposed_syllables_are_composed_first() -> None:
    """A name from a system that takes syllables apart counts as Hangul once it is put together."""
    apart = normalize("NFD", "홍길동")

    assert not begins_with_family(apart)
    assert begins_with_family(normalize("NFC", apart))


@given(HANGUL_AND_HAN)
def test_parts_in_front_are_the_name(name: str) -> None:
    """Nothing is lost between the two parts."""
    family, given_name = family_in_front(name)

    assert (family or "") + given_name == name


@given(st.lists(st.sampled_from(["María", "de", "la", "y", "Cruz", "van", "O'Neil", "I"]), min_size=1, max_size=7))
def test_parts_at_the_end_are_the_name(words: list[str]) -> None:
    """Nothing is lost between the two parts, and no given name is empty."""
    family, given_name = family_at_end(" ".join(words))

    assert given_name
    assert " ".join(filter(None, [given_name, family])) == " ".join(words)
