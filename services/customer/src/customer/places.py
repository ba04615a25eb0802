"""The known locations that come into question for a batch of dispatches, by the keys that lead to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from customer.matching import Asked, Known, keys

CROWD = 5
"""A phone or e-mail address that leads to so many locations (an agent's, a made-up one) identifies nobody: it
leads to no further ones. This also bounds what one dispatch can cost."""


@dataclass(slots=True)
class Place:
    """A location, as far as matching needs it. `names` grows while a batch is worked through."""

    location_id: UUID
    customer_id: UUID
    address_key: str | None
    zone: str
    names: list[str]


@dataclass(slots=True)
class Places:
    by_key: dict[str, dict[UUID, Place]] = field(default_factory=lambda: defaultdict(dict))

    def candidates(self, facts: Asked) -> Iterable[Known]:
        shared: dict[UUID, set[str]] = {}
        places: dict[UUID, Place] = {}
        for key in keys(facts):
            for location_id, place in self.by_key.get(key, {}).items():
                shared.setdefault(location_id, set()).add(key)
                places[location_id] = place
        for location_id, place in places.items():
            yield Known(
                location_id,
                place.customer_id,
                frozenset(shared[location_id]),
                place.address_key,
                tuple(place.names),
            )

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
