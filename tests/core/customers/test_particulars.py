"""Particulars: what tells people apart is found in a cell, however it is written, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.core.customers.particulars import Particulars
from crmkit.core.kernel.errors import Invalid
from crmkit.core.kernel.values import Email, PersonName, Phone

ANN = Particulars.of(
    [Email.of("Ann@Example.com"), Phone.of("+34 917 654 321 ext. 5"), PersonName.of("Ann Smith"), Phone.of("112911")]
)
HONG = Particulars.of([PersonName.of("홍길동"), Phone.of("010-1234-5678"), Email.of("hong+x@한국.kr")])


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "ann@example.com",
            " ANN@EXAMPLE.COM ",
            "Ann Smith <ann@example.com>",
            "email: refused (the text 'ann@example.com')",
        ),
        *("mailto:ann@example.com", "write to ann@example.com.", "a@b.kr,ann@example.com;c@d.kr", "ａｎｎ@example.com"),
        *("+34917654321", "0034 917 654 321", "(+34) 917-654-321", "+34 917 654 321"),
        *("Ann Smith", "ANN  SMITH", " ann smith", "Smith, Ann", "Smith Ann"),
    ],
)
def test_a_cell_about_the_person_is_known(cell: str) -> None:
    """An address anywhere, a number or a name as the whole of it."""
    assert ANN.stand_in(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "Ann", "Smith", "Ann Smithson", "Ann Smith Ltd", "annsmith", "Joann Smith"),
        *("joann@example.com", "ann@example.com.br", "ann@example.common", "x.ann@example.com", "ann@example.co"),
        *("ann+x@example.com", "ann.example.com", "ann@example.com-x"),
        *("917654321", "34917654321", "+349176543210", "112911", "call +34 917 654 321 now"),
    ],
)
def test_a_cell_about_somebody_else_is_not(cell: str) -> None:
    """Neither a longer address, nor a part of a name, nor a number that is short or dialled otherwise."""
    assert not ANN.stand_in(cell)


def test_names_and_numbers_of_other_writing_are_known() -> None:
    """A Korean name with a blank or without, a number with other signs between its digits, a domain of any letters."""
    for cell in ("홍길동", "홍 길동", "홍, 길동", "010.1234.5678", "01012345678", "HONG+X@한국.KR"):
        assert HONG.stand_in(cell)
    for cell in ("길동", "홍", "홍길동전", "010-1234-5679", "x@한국.kr"):
        assert not HONG.stand_in(cell)


def test_a_single_word_is_nobody_in_particular() -> None:
    """It may as well be the key of a colleague, or a town; so may what stands in the place of what was erased."""
    nobody = Particulars.of([PersonName.of("Kim"), PersonName(full="[erased]")])

    assert nobody == Particulars()
    assert not nobody.stand_in("Kim")
    assert not nobody.stand_in("[erased]")
    assert not nobody.stand_in("")


WORDS = st.text("abcXYZ .@+-가나,;'\"()0123456789", max_size=12)


@given(local=st.text("abc.+-", min_size=1, max_size=4), before=WORDS, after=WORDS)
@example(local="a", before="+", after="")
def test_an_address_is_found_between_whatever_does_not_go_on_with_it(local: str, before: str, after: str) -> None:
    """Character by character: what could be more of the address makes it another one."""
    address = f"{local}@b.kr"
    known = Particulars.of([Email.of(address)])
    goes_on = before[-1:].isalnum() or before[-1:] in {"+", "-", "."}
    goes_on |= after[:1].isalnum() or after[:1] == "-" or (after[:1] == "." and after[1:2].isalnum())
    if "@" not in before + after:
        assert known.stand_in(before + address + after) is not bool((before and goes_on) or (after and goes_on))


@given(st.lists(st.one_of(WORDS.map(lambda text: (PersonName, text)), WORDS.map(lambda text: (Phone, text)))))
def test_what_a_person_wrote_is_known_again(written: list[tuple[type[PersonName | Phone], str]]) -> None:
    """Whatever can be read as a number of some length, or as a name of two parts."""
    for cls, text in written:
        try:
            value = cls.of(text)
        except Invalid:
            continue
        known = Particulars.of([value])
        assert known.stand_in(text) == bool(known.names or known.phones)
