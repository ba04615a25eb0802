"""What a partner says of a dispatch, and when two mails say the same: the service that reads mails and the
one that keeps dispatches must answer alike, so the rule stands here."""

import json
import re
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from shared.events.base import Record

Role = Literal["customer", "contact", "contract_contact"]
NoteKind = Literal["coverage", "product", "message", "dispatch"]

_NOT_DIGIT = re.compile(r"[^0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")


class Phone(Record):
    """A number as the partner gave it. `type` is the partner's word: CELL, HOME, WORK, OFF."""

    type: str | None = None
    number: str


class Person(Record):
    """Somebody on a dispatch. One `name` may hold two people, a suffix or a company: it is kept as given."""

    role: Role
    name: str | None = None
    phones: tuple[Phone, ...] = ()


class Address(Record):
    """A US address in the partner's pieces: street = number, direction and name; unit = type and number."""

    street: str | None = None
    unit: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    zip4: str | None = None


class Vendor(Record):
    """The contractor as the partner knows it."""

    id: str | None = None
    name: str | None = None
    phones: tuple[Phone, ...] = ()
    address: Address | None = None


class Department(Record):
    """A desk of the partner to call back."""

    name: str | None = None
    phones: tuple[Phone, ...] = ()


class Contract(Record):
    """The customer's plan. Dates are `YYYY-MM-DD` as given."""

    id: str | None = None
    plan_code: str | None = None
    effective_date: str | None = None
    expiration_date: str | None = None
    listing_effective_date: str | None = None
    listing_expiration_date: str | None = None


class WorkOrderLine(Record):
    """One item to look at. `attributes` are the partner's name and value pairs: Brand, Model Number."""

    line_id: str | None = None
    description: str | None = None
    symptoms: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)


class Fee(Record):
    """The service fee in minor units of `currency`. None means not given, which is not 0."""

    amount: int | None = None
    paid: int | None = None
    open: int | None = None
    currency: str = "USD"


class Note(Record):
    kind: NoteKind
    header: str | None = None
    text: str


class DispatchContent(Record):
    """All that a partner said of a dispatch, in document order. A blank value counts as not given.

    `dispatched_at` is `YYYY-MM-DDThh:mm:ss` on the location's clock: partners send no zone.
    `do_not_collect` beats an open fee. `email` and `text_consent` come from the consent notes.
    """

    number: str
    vendor: Vendor = Vendor()
    departments: tuple[Department, ...] = ()
    activity_type: str | None = None
    authorization_required: bool = False
    contract: Contract = Contract()
    service_address: Address = Address()
    people: tuple[Person, ...] = ()
    email: str | None = None
    text_consent: str | None = None
    dispatched_at: str | None = None
    priority: str | None = None
    dispatch_type: str | None = None
    trade: str | None = None
    fee: Fee = Fee()
    do_not_collect: bool = False
    lines: tuple[WorkOrderLine, ...] = ()
    notes: tuple[Note, ...] = ()

    def person(self, role: Role) -> Person | None:
        """The first person in that role."""
        return next((person for person in self.people if person.role == role), None)


def content_key(content: DispatchContent) -> bytes:
    """SHA-256 of what is said of the job: equal for the same content however it was laid out.

    Blanks, the order and punctuation of phone numbers, and the case of an e-mail address are not content;
    nor are the partner's desks and how it addresses us. A note is its letters and digits.
    """
    digest = sha256(json.dumps(_canonical(content), ensure_ascii=False, separators=(",", ":")).encode())
    return digest.digest()


def same_content(one: DispatchContent, other: DispatchContent) -> bool:
    return content_key(one) == content_key(other)


def _canonical(content: DispatchContent) -> list[Any]:
    contract, address, fee = content.contract, content.service_address, content.fee
    return [
        content.number,
        content.vendor.id,
        content.authorization_required,
        [_text(value) for value in (contract.id, contract.plan_code)],
        [_text(value) for value in (contract.effective_date, contract.expiration_date)],
        [_text(value) for value in (contract.listing_effective_date, contract.listing_expiration_date)],
        [_text(value) for value in (address.street, address.unit, address.city)],
        [_text(value) for value in (address.state, address.zip, address.zip4)],
        [[person.role, _text(person.name)] for person in content.people],
        sorted(
            {
                (phone.type or "", _digits(phone.number))
                for person in content.people
                for phone in person.phones
            }
        ),
        content.email and content.email.casefold(),
        content.text_consent and _digits(content.text_consent),
        [
            _text(value)
            for value in (content.dispatched_at, content.priority, content.dispatch_type, content.trade)
        ],
        [fee.amount, fee.paid, fee.open, fee.currency],
        content.do_not_collect,
        [
            [
                _text(line.line_id),
                _text(line.description),
                [_text(symptom) for symptom in line.symptoms],
                sorted((name, _text(value)) for name, value in line.attributes.items()),
            ]
            for line in content.lines
        ],
        [[note.kind, _letters(note.header), _letters(note.text)] for note in content.notes],
    ]


def _text(value: str | None) -> str | None:
    return value and " ".join(value.split())


def _digits(number: str) -> str:
    return _NOT_DIGIT.sub("", number) or number


def _letters(note: str | None) -> str | None:
    return note and _NOT_WORD.sub("", note).casefold()
