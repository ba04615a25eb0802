"""A dispatch as one line of the board: the columns that are shown, filtered and searched."""

import re
from typing import Any

from shared.events.dispatch import Address, DispatchContent

_WORD = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"\+?\(?\d[\d\s().-]{5,}\d")
_MOST_WORDS, _LONGEST_WORD = 60, 40


def columns(content: DispatchContent) -> dict[str, Any]:
    """The flat columns of a content. Without customer, address or items it is incomplete."""
    address, names = content.service_address, [person.name for person in content.people if person.name]
    customer = content.person("customer")
    phones = dict.fromkeys(digits(phone.number) for person in content.people for phone in person.phones)
    street = " ".join(filter(None, (address.street, address.unit))) or None
    has_customer = customer is not None and bool(customer.name or customer.phones)
    return {
        "customer_name": customer.name if customer and customer.name else names[0] if names else None,
        "phones": " ".join(filter(None, phones)),
        "street": street,
        "city": address.city,
        "state": address.state,
        "zip": address.zip,
        "trade": content.trade,
        "priority": content.priority,
        "type": content.dispatch_type,
        "fee_amount": content.fee.amount,
        "fee_open": content.fee.open,
        "currency": content.fee.currency,
        "do_not_collect": content.do_not_collect,
        "incomplete": not (has_customer and _has_place(address) and content.lines),
        "search": _search(content, names, list(phones), street),
    }


def digits(phone: str) -> str:
    """The digits alone, without the country code of a North American number."""
    found = "".join(letter for letter in phone if letter.isdecimal())
    return found[1:] if len(found) == 11 and found.startswith("1") else found


def words(text: str) -> list[str]:
    """The words of a search, each of which must begin a word of the dispatch; a phone number, however it is
    written, is one word."""
    joined = _PHONE.sub(lambda found: f" {digits(found[0])} ", text)
    return [word[:_LONGEST_WORD] for word in _WORD.findall(joined.lower())][:8]


def _search(content: DispatchContent, names: list[str], phones: list[str], street: str | None) -> str:
    """Each word once, parted by blanks. Phones stand whole and by their last seven digits."""
    text = " ".join(
        filter(None, (content.number, content.contract.id, *names, street, content.service_address.city))
    )
    found = dict.fromkeys(word[:_LONGEST_WORD] for word in _WORD.findall(text.lower()))
    found |= dict.fromkeys(filter(None, phones)) | dict.fromkeys(
        phone[-7:] for phone in phones if len(phone) > 7
    )
    return " ".join(list(found)[:_MOST_WORDS])


def _has_place(address: Address) -> bool:
    return bool(address.street and (address.zip or address.city))
