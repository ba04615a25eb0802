"""Neighbourhoods for matching: households that share houses, landlords, realtors, names and phones, and the
dispatches that they send over four years, each with the household whose it truly is. The same seed makes the
same ones."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from shared.events.dispatch import (
    Address,
    Contract,
    Department,
    DispatchContent,
    DispatchCreated,
    Person,
    Phone,
    WorkOrderLine,
    dispatch_id,
)

FIRST = [
    "ANN",
    "BOB",
    "CARL",
    "DORA",
    "EVE",
    "FRED",
    "GINA",
    "HANK",
    "IRIS",
    "JOHN",
    "KATE",
    "LARS",
    "MARY",
    "NED",
    "OLGA",
    "PAUL",
    "RITA",
    "SAM",
    "TINA",
    "VERA",
]
LAST = [
    "SMITH",
    "JONES",
    "LEE",
    "NG",
    "GARCIA",
    "MILLER",
    "DAVIS",
    "LOPEZ",
    "WILSON",
    "MOORE",
    "TAYLOR",
    "CLARK",
    "YOUNG",
    "KING",
    "SCOTT",
    "HILL",
]
STREETS = ["OAK", "ELM", "MAIN", "PARK", "LAKE", "CEDAR", "MAPLE", "RIVER", "HICKORY", "SUNSET"]
FIRMS = ("ACME PROPERTY MANAGEMENT LLC", "BLUE DOOR REALTY", "CITY RENTALS INC", "HEARTH HOMES LP")
DESK = "8005550100"  # the partner's own, typed where a phone is required
START = date(2023, 1, 1)


class Sent(NamedTuple):
    event: DispatchCreated
    household: int


@dataclass
class Household:
    """`go_between` is a contact who is on the dispatches of many; `owner` stands in the customer's place."""

    id: int
    address: Address
    names: list[str]
    phones: list[str]
    email: str | None
    kind: str
    since: int = 0
    until: int = 1460
    go_between: tuple[str, str] | None = None
    owner: tuple[str, str] | None = None
    contract: str = ""
    signed: int = 0
    seen: list[int] = field(default_factory=list[int])


class Neighbourhood:
    def __init__(self, seed: int, households: int) -> None:
        self.chance, self.serial = random.Random(seed), 0
        self.released: list[str] = []
        self.homes: list[Household] = []
        makers = {self._house: 70, self._sold: 7, self._flats: 3, self._landlord: 1, self._family: 3}
        while len(self.homes) < households:
            self.chance.choices(list(makers), list(makers.values()))[0]()

    def dispatches(self, count: int) -> Iterator[Sent]:
        """In the order of their days. Four of ten are followed by another one of the same household within
        sixty days."""
        days: list[tuple[int, int]] = []
        while len(days) < count:
            home = self.chance.choice(self.homes)
            day = self.chance.randint(home.since, home.until - 1)
            days.append((day, home.id))
            while self.chance.random() < 0.4:
                day = min(day + self.chance.randint(1, 60), home.until - 1)
                days.append((day, home.id))
        for number, (day, id) in enumerate(sorted(days[:count])):
            yield Sent(self._dispatch(60_000_000 + number, self.homes[id], day), id)

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def _phone(self) -> str:
        """A new one, or one that somebody has given up."""
        if self.released and self.chance.random() < 0.2:
            return self.released.pop(0)
        return f"6{self._next() + 2_000_000 * 7:08d}"[:1] + f"51{self._next() + 2_000_000:07d}"

    def _name(self, last: str | None = None) -> str:
        return f"{self.chance.choice(FIRST)} {last or self.chance.choice(LAST)}"

    def _street(self, number: int | None = None) -> Address:
        house = str(number or self.chance.randint(1, 400))
        street = f"{house} {self.chance.choice(('N ', 'S ', ''))}{self.chance.choice(STREETS)} ST"
        return Address(street=street, city="ANYTOWN", state="TX", zip=str(75001 + self.chance.randint(0, 40)))

    def _free_street(self) -> Address:
        taken = {home.address for home in self.homes}
        while (found := self._street()) in taken:
            pass
        return found

    def _home(self, address: Address, kind: str, **more: Any) -> Household:
        last = more.pop("last", None) or self.chance.choice(LAST)
        names = [self._name(last)] + ([self._name(last)] if self.chance.random() < 0.4 else [])
        id = len(self.homes)
        email = f"house{id}@example.com" if self.chance.random() < 0.6 else None
        phones = more.pop("phones", None) or [self._phone() for _ in range(self.chance.choice((1, 1, 2)))]
        home = Household(id, address, names, phones, more.pop("email", email), kind, **more)
        home.contract, home.signed = str(100_000_000 + self._next()), home.since - self.chance.randint(0, 300)
        self.homes.append(home)
        return home

    def _firm(self) -> tuple[str, str]:
        """One of forty agents, each with one phone."""
        agent = self.chance.randint(0, 39)
        return self.chance.choice(
            (FIRMS[agent % 4], "REALTOR", f"AGENT {LAST[agent % 16]}")
        ), f"65177701{agent:02d}"

    def _house(self) -> None:
        contact = self._firm() if self.chance.random() < 0.2 else None
        self._home(self._free_street(), "house", go_between=contact)

    def _sold(self) -> None:
        """The buyer has the seller's realtor, sometimes the seller's contract, and the seller's phone goes
        to somebody else."""
        sold, realtor = self.chance.randint(300, 1100), self._firm()
        mail = f"{realtor[1]}@realty.example.com" if self.chance.random() < 0.3 else None
        seller = self._home(self._free_street(), "sold house", until=sold, go_between=realtor, email=mail)
        buyer = self._home(seller.address, "sold house", since=sold, go_between=realtor, email=mail)
        if self.chance.random() < 0.4:
            buyer.contract, buyer.signed = seller.contract, seller.signed
        self.released += seller.phones

    def _flats(self) -> None:
        """A building whose partner gives the units, or leaves them out; its landlord is the contact."""
        address, with_units = self._free_street(), self.chance.random() < 0.5
        landlord = (self.chance.choice(("LANDLORD", self._name(), FIRMS[0])), self._phone())
        kind = "flats with units" if with_units else "flats without units"
        for flat in range(1, self.chance.randint(3, 8)):
            unit = f"APT {flat}" if with_units else None
            mail = "office@landlord.example.com" if self.chance.random() < 0.2 else None
            last = "SMITH" if self.chance.random() < 0.3 else None
            self._home(
                address.model_copy(update={"unit": unit}), kind, go_between=landlord, email=mail, last=last
            )

    def _landlord(self) -> None:
        """One owner, a person or a firm, holds a contract for each flat and is the customer on all."""
        is_firm, address = self.chance.random() < 0.5, self._free_street()
        owner = (self.chance.choice(FIRMS) if is_firm else self._name(), self._phone())
        with_units = self.chance.random() < 0.5
        for flat in range(1, self.chance.randint(3, 6)):
            place = address.model_copy(update={"unit": f"APT {flat}" if with_units else None})
            if self.chance.random() < 0.2:
                place = self._free_street()
            self._home(place, "landlord is the customer", owner=owner)

    def _family(self) -> None:
        """Parents and a child next door or in the same house without a unit, with one phone for all."""
        parents = self._home(self._free_street(), "family")
        last = parents.names[0].split()[-1]
        near = self.chance.random() < 0.5
        place = parents.address if near else self._free_street()
        shared = [self._phone(), parents.phones[0]] if self.chance.random() < 0.5 else None
        self._home(place, "family", last=last, phones=shared)

    def _dispatch(self, number: int, home: Household, day: int) -> DispatchCreated:
        while day - home.signed > 365:
            home.contract, home.signed = str(100_000_000 + self._next()), home.signed + 365
            if self.chance.random() < 0.03:
                home.phones = [self._phone()]
        content = DispatchContent(
            number=str(number),
            contract=self._contract(home),
            departments=(Department(name="Authorizations", phones=(Phone(type="OFF", number=DESK),)),),
            service_address=self._misspelled(home.address),
            people=tuple(self._people(home)),
            email=home.email,
            lines=(WorkOrderLine(line_id="1", description="Refrigerator"),),
        )
        about: dict[str, Any] = {
            "dispatch_id": dispatch_id("ahs", str(number)),
            "version": 1,
            "partner": "ahs",
        }
        at = datetime(2023, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        return DispatchCreated(**about, content=content, received_at=at)

    def _contract(self, home: Household) -> Contract:
        starts = START + timedelta(days=home.signed)
        ends = starts + timedelta(days=365)
        id = self._slip(home.contract) if self.chance.random() < 0.002 else home.contract
        return Contract(id=id, plan_code="PLANX", effective_date=f"{starts}", expiration_date=f"{ends}")

    def _people(self, home: Household) -> Iterator[Person]:
        names, phones = home.names, home.phones
        if home.owner:
            yield Person(
                role="customer", name=home.owner[0], phones=(Phone(type="CELL", number=home.owner[1]),)
            )
            yield self._person("contact", home.names[0], home.phones[:1])
            return
        name = " & ".join(names) if self.chance.random() < 0.7 else self.chance.choice(names)
        name = self._slip(name) if self.chance.random() < 0.02 else name
        name = "TENANT" if self.chance.random() < 0.005 else name
        mine = [self._slip(phone) if self.chance.random() < 0.005 else phone for phone in phones]
        mine = [DESK] if self.chance.random() < 0.01 else mine
        yield self._person("customer", name, mine)
        if home.go_between and self.chance.random() < 0.8:
            yield self._person("contact", home.go_between[0], [home.go_between[1]])

    def _person(self, role: Any, name: str, phones: list[str]) -> Person:
        return Person(role=role, name=name, phones=tuple(Phone(type="CELL", number=each) for each in phones))

    def _misspelled(self, address: Address) -> Address:
        if address.street and self.chance.random() < 0.005:
            house, _, street = address.street.partition(" ")
            return address.model_copy(update={"street": f"{house} {self._slip(street)}"})
        return address.model_copy(update={"unit": None}) if self.chance.random() < 0.002 else address

    def _slip(self, text: str) -> str:
        """Two neighbouring signs change places."""
        at = self.chance.randrange(1, len(text) - 2)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
