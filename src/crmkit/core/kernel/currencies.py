"""How many decimals a currency has: ISO 4217, list one as published on 2026-01-01, and codes withdrawn since 2010.

A withdrawn code stays, because deals made in it stay. Metals, bond units, the SDR, XTS and XXX have no minor unit and
are no money here.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from crmkit.core.kernel.errors import Invalid, shape

_CURRENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
        COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
        INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
        MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
        STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_WITHDRAWN = {
    0: "BYR",
    2: "ANG BGN CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL",
}

#: Every currency that money can be in, with the number of its decimals.
MINOR_UNITS: Final[Mapping[str, int]] = {
    code: units for table in (_CURRENT, _WITHDRAWN) for units, codes in table.items() for code in codes.split()
}


def minor_units(currency: object) -> int:
    """The number of decimals that amounts in a currency have.

    :raises Invalid: no such currency; the hint has the codes that look like it
    """
    units = MINOR_UNITS.get(currency) if isinstance(currency, str) else None
    if units is None:
        raise Invalid("currency", f"got {shape(currency)}", accepts=f"an ISO 4217 code such as EUR{_alike(currency)}")
    return units


def _alike(currency: object) -> str:
    if not isinstance(currency, str) or len(currency) > 10:
        return ""
    meant = currency.strip().upper()
    found = [meant] if meant in MINOR_UNITS else get_close_matches(meant, MINOR_UNITS)
    return f"; did you mean {' or '.join(found)}?" if found else ""
