"""What a dispatch says and what is known of a place, in the keys by which they are compared."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from customer.contact import is_go_between

LONGEST_KEY = 400


class Period(NamedTuple):
    """When a contract runs. None: not known."""

    starts_on: date | None = None
    ends_on: date | None = None


class Asked(NamedTuple):
    """What a dispatch says. All values are keys, as `contract_key`, `address_key`, … make them. `phones`,
    `emails` and `names` are the customer's own; `others` are the phones and addresses of everybody else, by
    which a place is found and not judged; `persons` are all who are named. `speaks_itself` is false where a
    firm or a go-between stands in the customer's place."""

    contract: str | None
    address: str | None
    phones: frozenset[str]
    emails: frozenset[str]
    names: frozenset[str]
    others: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    period: Period | None = None
    speaks_itself: bool = True

    @property
    def tenants(self) -> frozenset[str]:
        return strangers(self.persons, self.names)


class Known(NamedTuple):
    """A location that shares at least one key with the dispatch. `shared` are the keys it shares, with their
    kind (`c:`, `a:`, `p:`, `e:`); `address` is its own, `names` are the customer's own names there,
    `has_phones` says that a phone of the customer's own is known; `tenants` are the `strangers` there,
    `contracts` the periods of the contracts that it has."""

    location_id: UUID
    customer_id: UUID
    shared: frozenset[str]
    address: str | None
    names: tuple[str, ...]
    has_phones: bool = False
    tenants: frozenset[str] = frozenset()
    contracts: tuple[Period, ...] = ()


def strangers(persons: Iterable[str], own: Iterable[str]) -> frozenset[str]:
    """Those who are neither the customer, nor a relative by name, nor one who speaks for him: where they
    live, the customer may own several flats."""
    surnames = {name.split()[-1] for name in own}
    return frozenset(name for name in persons if name.split()[-1] not in surnames and not is_go_between(name))


def contract_key(partner: str | None, contract_id: str | None) -> str | None:
    """A contract number means something only together with its partner."""
    contract_id = (contract_id or "").strip().upper()
    return f"{(partner or '').upper()}|{contract_id}" if contract_id else None


def keys(asked: Asked) -> list[str]:
    """The keys by which a place is found. Names are compared, never looked up; what is longer than an index
    can hold is left out. Those of others (`o:`) lead the office there, and prove nothing."""
    found = [*own_keys(asked), *(f"o:{each}" for each in sorted(asked.others))]
    return [key for key in found if len(key) <= LONGEST_KEY]


def own_keys(asked: Asked) -> list[str]:
    """The keys that are evidence."""
    found = [
        *([f"c:{asked.contract}"] if asked.contract else ()),
        *([f"a:{asked.address}"] if asked.address else ()),
        *(f"p:{phone}" for phone in sorted(asked.phones)),
        *(f"e:{email}" for email in sorted(asked.emails)),
    ]
    return [key for key in found if len(key) <= LONGEST_KEY]
