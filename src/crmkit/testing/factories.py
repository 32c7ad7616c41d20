"""Records for tests: valid by default, everything can be said otherwise, and the same every time.

make = Factory()
hot = make.lead(topic="Oil", budget=Money(900, "EUR"))      # a value, for pure functions
case = make.keep(tx, make.case(priority=Priority.HIGH))     # kept, and before it the account that it leads to
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from attrs import NOTHING, fields, has

from crmkit.core.customers.account import Account
from crmkit.core.customers.contact import Contact
from crmkit.core.kernel.entity import Entity, kind_of
from crmkit.core.kernel.errors import DefinitionError, Invalid
from crmkit.core.kernel.ids import Id, IdSource
from crmkit.core.kernel.money import Money
from crmkit.core.kernel.values import Email, PersonName, Phone
from crmkit.core.sales.lead import Lead
from crmkit.core.sales.opportunity import Opportunity
from crmkit.core.service.case import Case, CaseType
from crmkit.testing.fixed import START, FixedIds

if TYPE_CHECKING:
    from crmkit.core.kernel.work import Work

E = TypeVar("E", bound=Entity)

#: How a record of a kind comes into being where crmkit's own commands bring it; all other kinds are "added".
BIRTHS: Final[Mapping[str, str]] = {"lead": "captured", "opportunity": "opened", "case": "opened"}

_PLAIN: Final[Mapping[type, Callable[[str], Any]]] = {
    str: str,
    int: lambda _: 1,
    bool: lambda _: False,
    Decimal: lambda _: Decimal(1),
    date: lambda _: START.date(),
    datetime: lambda _: START,
    Money: lambda _: Money(100, "EUR"),
    Email: lambda said: Email.of(f"{said.replace(' ', '')}@example.com"),
    Phone: lambda _: Phone.of("+34 910 000 000"),
    PersonName: PersonName.of,
}


class Factory:
    """Makes records; one that counts from the beginning gives the same ones in the same order.

    Its ids are of a day before those of `FixedIds`, so that a CRM with fixed ids does not give one of them again.
    """

    def __init__(self, ids: IdSource | None = None) -> None:
        self._ids = ids or FixedIds(START - timedelta(days=1))
        self._count: Counter[str] = Counter()
        self._made: dict[Id[Any], Entity] = {}

    def lead(self, **given: Any) -> Lead:
        """Somebody who may want something, and can be reached."""
        number = self._count["lead"] + 1
        standard = {
            "topic": f"Lead {number}",
            "source": "web",
            "company": f"Company {number}",
            "person": PersonName.of("Ann Smith"),
            "email": Email.of(f"lead{number}@example.com"),
        }
        return self.of(Lead, **{**standard, **given})

    def account(self, **given: Any) -> Account:
        """An organisation, a prospect."""
        return self.of(Account, **{"name": f"Company {self._count['account'] + 1}", **given})

    def contact(self, **given: Any) -> Contact:
        """A person on their own account, a prospect."""
        number = self._count["contact"] + 1
        standard = {"name": PersonName.of(f"Ann Smith {number}"), "email": Email.of(f"contact{number}@example.com")}
        return self.of(Contact, **{**standard, **given})

    def opportunity(self, **given: Any) -> Opportunity:
        """An open deal in the first stage, with an account made for it unless a customer is given."""
        standard = {"name": f"Deal {self._count['opportunity'] + 1}", "estimate": Money(1000, "EUR")}
        return self.of(Opportunity, **{**standard, **self._customer(given), **given})

    def case(self, **given: Any) -> Case:
        """An active case, with an account made for it unless a customer is given."""
        standard = {"title": f"Case {self._count['case'] + 1}", "type": CaseType.REQUEST}
        return self.of(Case, **{**standard, **self._customer(given), **given})

    def of(self, cls: type[E], **given: Any) -> E:
        """A record of any class, a plugin's too: what has no default gets a plain value of its type.

        :raises Invalid: a field that the class does not have
        :raises DefinitionError: a field without default of a type of its own, which has to be given then
        """
        kind = kind_of(cls)
        names = [field.name for field in fields(cls)]
        for name in given:
            if name not in names:
                near = ", ".join(get_close_matches(name, names)) or ", ".join(names)
                raise Invalid(name, f"is no field of a {kind}", accepts=near)
        self._count[kind] += 1
        record = cls(**{**self._required(cls, given), "id": self._ids(), **given})
        self._made[record.id] = record
        return record

    def keep(self, tx: Work, record: E) -> E:
        """Bring a record into being, and before it what it leads to, as far as this factory made that.

        Its event is the one of its birth: lead.captured, account.added.

        :raises Invalid: like `tx.add`
        """
        for id in _led_to(record):
            other = self._made.get(id)
            if other is not None and not tx.session.load(kind_of(type(other)), [id]):
                self.keep(tx, other)
        kind = kind_of(type(record))
        kept = tx.add(record, f"{kind}.{BIRTHS.get(kind, 'added')}")
        tx.flush()
        return kept

    def _customer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {} if given.keys() & {"account_id", "contact_id"} else {"account_id": self.account().id}

    def _required(self, cls: type[Entity], given: Mapping[str, Any]) -> dict[str, Any]:
        hints = get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
        missing = [each.name for each in fields(cls) if each.default is NOTHING and each.name not in {*given, "id"}]
        said = f"{kind_of(cls)} {self._count[kind_of(cls)]}"
        return {name: self._plain(f"{cls.__name__}.{name}", hints[name], said) for name in missing}

    def _plain(self, field: str, hint: Any, said: str) -> Any:
        if get_origin(hint) is Annotated:
            return self._plain(field, get_args(hint)[0], said)
        if get_origin(hint) is Id:
            (target,) = get_args(hint)
            return self._ids() if target is Any else self.of(target).id
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return next(iter(hint))
        if hint in _PLAIN:
            return _PLAIN[hint](said)
        raise DefinitionError(f"nothing is known of the values of {field}", hint="give one")


def _led_to(value: Any) -> list[Id[Any]]:
    """The ids in a record or a value, but for its own."""
    if isinstance(value, Id):
        return [value]
    if not has(type(value)):
        return []
    return [id for each in fields(type(value)) if each.name != "id" for id in _led_to(getattr(value, each.name))]
