from __future__ import annotations

import pytest

from crmkit.core.kernel.currencies import MINOR_UNITS, minor_units
from crmkit.core.kernel.errors import Invalid


def test_every_code_is_three_capital_letters() -> None:
    """A slip in the table would show as a word of another shape."""
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in MINOR_UNITS)


def test_list_one_is_whole() -> None:
    """166 currencies have minor units in list one of 2026-01-01, of these 17 none, 7 three decimals and 2 four."""
    withdrawn = {"ANG", "BGN", "BYR", "CUC", "EEK", "HRK", "LTL", "LVL", "MRO", "SLL", "STD", "VEF", "ZMK", "ZWL"}
    units = [MINOR_UNITS[code] for code in MINOR_UNITS if code not in withdrawn]

    assert {decimals: units.count(decimals) for decimals in units} == {0: 17, 2: 139, 3: 7, 4: 2}


@pytest.mark.parametrize(("code", "decimals"), [("KRW", 0), ("EUR", 2), ("MXN", 2), ("CNY", 2), ("KWD", 3), ("CLF", 4)])
def test_decimals_are_those_of_the_standard(code: str, decimals: int) -> None:
    """Won have none, dinars three, the unidad de fomento four, nearly everything else two."""
    assert minor_units(code) == decimals


def test_withdrawn_currency_is_still_known() -> None:
    """A deal made in leva before the euro can still be read."""
    assert minor_units("BGN") == 2


@pytest.mark.parametrize("metal", ["XAU", "XDR", "XTS", "XXX"])
def test_code_without_minor_unit_is_no_money(metal: str) -> None:
    """Gold and the code for "no currency" have no minor unit to count in."""
    with pytest.raises(Invalid):
        minor_units(metal)


@pytest.mark.parametrize(("written", "meant"), [("EURO", "EUR"), ("krw", "KRW"), (" usd ", "USD")])
def test_near_miss_is_answered_with_the_code(written: str, meant: str) -> None:
    """Who writes EURO is told EUR."""
    with pytest.raises(Invalid) as refused:
        minor_units(written)

    assert refused.value.field == "currency"
    assert f"did you mean {meant}" in refused.value.accepts


@pytest.mark.parametrize("nonsense", ["", "₩", None, 410, ["EUR"], "\ud800"])
def test_nonsense_is_refused_by_name(nonsense: object) -> None:
    """Whatever is given as a currency, the refusal names the field."""
    with pytest.raises(Invalid) as refused:
        minor_units(nonsense)

    assert refused.value.field == "currency"


def test_endless_code_is_refused_shortly() -> None:
    """Ten megabytes are answered in one line."""
    with pytest.raises(Invalid) as refused:
        minor_units("E" * 10_000_000)

    assert len(str(refused.value)) < 200
