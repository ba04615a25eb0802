"""The known locations that come into question for a batch of dispatches, by the keys that lead to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from customer.facts import Asked, Known, Period, keys, own_keys, strangers

CROWD = 4
"""A phone or e-mail address that leads to so many locations (an agent's, a made-up one) identifies nobody: it
leads to no further ones. This also bounds what one dispatch can cost."""


@dataclass(slots=True)
class Place:
    """A location, as far as matching needs it. `names` are all persons known there, `own_names` the
    customer's own, `has_phones` says that a phone of the customer's own is known; `contracts` are the periods
    of the partners' contracts, by `contract_key`. All of it grows while a batch is worked through."""

    location_id: UUID
    customer_id: UUID
    address_key: str | None
    zone: str
    names: list[str]
    own_names: list[str]
    has_phones: bool = False
    contracts: dict[str, Period] = field(default_factory=dict[str, Period])
    words: set[str] = field(init=False)
    house: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.words = _words(self.own_names)
        self.house = _house(self.address_key)

    def meet(self, facts: Asked) -> None:
        """Adds persons and the contract that are known there from now on."""
        self.names += sorted(facts.persons.difference(self.names))
        new = sorted(facts.names.difference(self.own_names))
        self.own_names += new
        self.words |= _words(new)
        self.has_phones |= bool(facts.phones)
        if facts.contract and facts.period:
            self.contracts[facts.contract] = facts.period

    def known(self, shared: frozenset[str]) -> Known:
        names, contracts = tuple(self.own_names), tuple(self.contracts.values())
        found = Known(self.location_id, self.customer_id, shared, self.address_key, names)
        tenants = strangers(self.names, self.own_names)
        return found._replace(has_phones=self.has_phones, tenants=tenants, contracts=contracts)


@dataclass(slots=True)
class Places:
    by_key: dict[str, dict[UUID, Place]] = field(default_factory=lambda: defaultdict(dict))

    def candidates(self, facts: Asked) -> Iterable[Known]:
        """All that could score at all: one phone or e-mail in common, with nobody's name and another house,
        is what any two strangers may have, and most of what a busy office looks up."""
        shared: dict[UUID, list[str]] = {}
        places: dict[UUID, Place] = {}
        for key in own_keys(facts):
            for id, place in self.by_key.get(key, {}).items():
                shared.setdefault(id, []).append(key)
                places[id] = place
        words, house = _words(facts.names), _house(facts.address)
        for id, found in shared.items():
            place = places[id]
            is_strange = len(found) == 1 and found[0][0] in "pe" and words.isdisjoint(place.words)
            if not is_strange or (house and house == place.house):
                yield place.known(frozenset(found))

    def personal(self, facts: Asked) -> Asked:
        """Without the phones and e-mail addresses of a crowd, which speak neither for nor against."""
        phones = frozenset(each for each in facts.phones if len(self.by_key.get(f"p:{each}", ())) < CROWD)
        emails = frozenset(each for each in facts.emails if len(self.by_key.get(f"e:{each}", ())) < CROWD)
        return facts._replace(phones=phones, emails=emails)

    def place(self, facts: Asked, location_id: UUID) -> Place:
        return next(found for key in keys(facts) if (found := self.by_key.get(key, {}).get(location_id)))

    def add(self, place: Place, facts: Asked) -> list[str]:
        """Makes the place known under the dispatch's keys; returns those that are new and worth writing."""
        new: list[str] = []
        for key in keys(facts):
            known = self.by_key[key]
            if place.location_id not in known and (key[0] in "ca" or len(known) < CROWD):
                known[place.location_id] = place
                new.append(key)
        return new


def _words(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in name.split()}


def _house(address_key: str | None) -> list[str]:
    return address_key.split("|", 2)[:2] if address_key else []
