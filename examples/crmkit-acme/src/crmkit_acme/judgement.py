"""What Acme holds of leads: who is promising, what has to be known, which words there are, and who sees what."""

from __future__ import annotations

from typing import Final

from crmkit import Criteria, Param, where
from crmkit.core.kernel.need import Need
from crmkit.core.kernel.normal import Normalizer
from crmkit.core.sales.lead import Lead
from crmkit.rules.scoring import Contribution
from crmkit_acme.fields import AcmeLead

LARGE: Final = 100  #: litres a month

#: What a lead needs before it is qualified.
KNOWS_LITRES: Final = Need("litres_unknown", where("acme.litres").present(), "how much oil they use")

TOO_SMALL: Final = "too_small"  #: a reason to disqualify a lead


def points(lead: Lead) -> list[Contribution]:
    """What speaks for a lead."""
    acme, found = lead.ext[AcmeLead], list[Contribution]()
    if acme.litres is not None and acme.litres >= LARGE:
        found.append(Contribution(30, f"they use {acme.litres} litres a month"))
    if acme.tasted:
        found.append(Contribution(20, "they know our oil"))
    return found


def hungry(litres: int) -> Criteria:
    """Leads that know our oil and use so much of any, as `call("acme.hungry", 50)` in a condition."""
    return (where("acme.litres") >= litres) & (where("acme.tasted") == True)  # noqa: E712 - a condition, not a comparison


def own_or_nobodys() -> Criteria:
    """Leads that whoever looks holds, or nobody does."""
    return (where("holding.owner_id") == Param("me")) | ~where("holding.owner_id").present()


def _digits(written: str) -> str:
    """A Spanish number as its digits with +34 in front, a foreign one as it is."""
    digits = "".join(each for each in written if each.isdigit())
    if written.strip().startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else f"+34{digits}"


PHONES: Final = Normalizer(name="acme", version="1", read=_digits)
