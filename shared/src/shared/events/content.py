"""When two mails say the same of a dispatch. Both the service that reads mails and the one that keeps
dispatches must answer alike, so the rule stands here."""

import json
import re
from hashlib import sha256
from typing import Any

from shared.events.dispatch import DispatchContent

_NOT_DIGIT = re.compile(r"[^0-9]+")
_NOT_WORD = re.compile(r"[\W_]+")


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
