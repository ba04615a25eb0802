"""What a dispatch says of people and places, and the records that a new household is made of."""

from collections.abc import Iterable
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.events.base import Record
from shared.events.customer import Agreement, Equipment
from shared.events.dispatch import Address, Contract, DispatchContent, Person, Phone

from customer.address import address_key
from customer.contact import (
    e164,
    email_key,
    is_company,
    is_go_between,
    is_office_phone,
    kept_number,
    people,
)
from customer.facts import Asked, Period, contract_key

_OURS = uuid5(NAMESPACE_URL, "https://callboard.example/customers")
_UNKNOWN = {"", "UNKNOWN", "UNK", "NA", "N/A", "NONE", "OTHER"}


class Claim(Record):
    """The part of a dispatch that decides whose it is. A dispatch is matched again only when this changes."""

    number: str
    partner: str | None = None
    contract: Contract = Contract()
    address: Address = Address()
    people: tuple[Person, ...] = ()
    email: str | None = None
    equipment: tuple[Equipment, ...] = ()
    bill_to: str | None = None
    desks: tuple[str, ...] = ()
    """Numbers of the partner's and the contractor's desks that were given as somebody's."""


def claim_of(content: DispatchContent, *, partner: str | None, bill_to: str | None) -> Claim:
    # The parts were validated with the event; validating them again would cost more than the matching.
    return Claim.model_construct(
        number=content.number,
        partner=partner,
        contract=content.contract,
        address=content.service_address,
        people=content.people,
        email=content.email,
        equipment=_equipment(content),
        bill_to=bill_to,
        desks=_desks(content),
    )


def _desks(content: DispatchContent) -> tuple[str, ...]:
    given = {phone.number for person in content.people for phone in person.phones}
    lists = (content.vendor.phones, *(desk.phones for desk in content.departments))
    theirs = {e164(phone.number) for phones in lists for phone in phones}
    return tuple(sorted(number for number in given if e164(number) in theirs - {None}))


def asked(claim: Claim) -> Asked:
    """The claim in the keys that matching compares. Evidence is the customer's own: what belongs to other
    persons, to firms, or to several persons of one dispatch, leads to a place and proves nothing."""
    own = [person for person in claim.people if person.role == "customer"]
    speaks_itself = not any(is_go_between(person.name) for person in own)
    numbers = _numbers(claim.people)
    mine = _own_numbers(claim, own) if speaks_itself else frozenset[str]()
    email = email_key(claim.email)
    held = agreement_of(claim)
    return Asked(
        contract=contract_key(claim.partner, claim.contract.id),
        address=address_key(claim.address),
        phones=mine,
        emails=frozenset((email,)) if email and speaks_itself else frozenset(),
        names=frozenset(name for person in own for name in people(person.name)),
        others=(numbers | ({email} if email else set())) - mine - ({email} if speaks_itself else set()),
        persons=frozenset(name for person in claim.people for name in people(person.name)),
        period=Period(held.starts_on, held.ends_on) if held else None,
        speaks_itself=speaks_itself,
    )


def _own_numbers(claim: Claim, own: list[Person]) -> frozenset[str]:
    """The customer's numbers at home; not those that somebody else on the dispatch has too, who is no
    relative by name, and not those of desks."""
    strangers = [
        person
        for person in claim.people
        if person.role != "customer" and (is_go_between(person.name) or not _are_related(person, own))
    ]
    mine = [phone for person in own for phone in person.phones if not is_office_phone(phone.type)]
    found = {key for phone in mine if (key := e164(phone.number)) is not None}
    return frozenset(found - _numbers(strangers) - {e164(number) for number in claim.desks})


def _are_related(person: Person, own: list[Person]) -> bool:
    """Whether they share a surname, or one of them is not named."""
    theirs = {name.split()[-1] for name in people(person.name)}
    mine = {name.split()[-1] for each in own for name in people(each.name)}
    return not theirs or not mine or not theirs.isdisjoint(mine)


def _numbers(people: Iterable[Person]) -> frozenset[str]:
    return frozenset(
        key for person in people for phone in person.phones if (key := e164(phone.number)) is not None
    )


def household_id(claim: Claim, facts: Asked) -> UUID:
    """The id of the customer that this claim would make: the same for every claim of one household.

    So two replicas that meet a new household at the same time try to insert the same row, and the unique key
    lets one of them win. With neither contract nor address there is no household, only this dispatch.
    """
    if facts.contract and facts.address:
        return uuid5(_OURS, f"{facts.contract}\n{facts.address}")
    if facts.address and facts.names:
        return uuid5(_OURS, f"{facts.address}\n{min(facts.names)}")
    return uuid5(_OURS, f"{facts.contract or claim.partner}\n{claim.number}")


def part_id(owner: UUID, what: str) -> UUID:
    """The id of a record that belongs to `owner` and is made of a dispatch: the same for the same thing."""
    return uuid5(owner, what)


def partner_customer_id(name: str) -> UUID:
    """The id of the bill-to customer who was first called `name`; it keeps the id when it is renamed."""
    return uuid5(_OURS, f"bill-to\n{' '.join(name.casefold().split())}")


def holder(claim: Claim) -> tuple[Person, list[Person]]:
    """The customer, who is the contract's holder where one is named, and the other persons to be reached."""
    named = [person for person in claim.people if person.name]
    roles = {"customer": 0, "contract_contact": 1, "contact": 2}
    main = min(named, key=lambda person: roles[person.role], default=None)
    if main is None:
        phones = tuple(phone for person in claim.people for phone in person.phones)
        return Person(role="customer", name=f"Dispatch {claim.number}", phones=phones), []
    same, others = [main], list[Person]()
    for person in claim.people:
        if person is main:
            continue
        if not person.name or is_same(person.name, main.name):
            same.append(person)
        elif person.phones or people(person.name):
            others.append(person)
    return Person(role=main.role, name=main.name, phones=merged(*(person.phones for person in same))), others


def is_same(name: str | None, other: str | None) -> bool:
    """Whether two name fields name the same persons, or one of them all persons of the other."""
    one, two = set(people(name)), set(people(other))
    return bool(one) and bool(two) and (one <= two or two <= one)


def merged(*lists: tuple[Phone, ...]) -> tuple[Phone, ...]:
    """Each number once, in E.164 where it is valid, with the first type that was said of it."""
    found: dict[str, Phone] = {}
    for phone in (phone for phones in lists for phone in phones):
        number = kept_number(phone.number)
        if number:
            found.setdefault(number, Phone.model_construct(type=phone.type, number=number))
    return tuple(found.values())


def kind_of(name: str) -> str:
    return "company" if is_company(name) else "person"


def agreement_of(claim: Claim) -> Agreement | None:
    """The partner's contract as an agreement; dates that are none are left out."""
    contract = claim.contract
    if not contract.id:
        return None
    return Agreement(
        name=contract.plan_code or contract.id,
        partner=claim.partner,
        contract_id=contract.id,
        plan_code=contract.plan_code,
        starts_on=_date(contract.effective_date),
        ends_on=_date(contract.expiration_date),
    )


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _equipment(content: DispatchContent) -> tuple[Equipment, ...]:
    """Only what can be recognised again: a brand with a model or a serial number."""
    found: list[Equipment] = []
    for line in content.lines:
        if not line.attributes:
            continue
        said = {name.casefold(): value.strip() for name, value in line.attributes.items()}
        brand, model, serial = (said.get(name, "") for name in ("brand", "model number", "serial number"))
        if brand.upper() in _UNKNOWN or (model.upper() in _UNKNOWN and serial.upper() in _UNKNOWN):
            continue
        found.append(
            Equipment(
                description=line.description or brand,
                brand=brand,
                model=model or None,
                serial=serial or None,
                place=said.get("location") or None,
            )
        )
    return tuple(found)
