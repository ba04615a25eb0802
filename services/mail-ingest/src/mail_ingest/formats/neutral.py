"""A dispatch in words that no product owns, as `callboard parse` prints it."""

from typing import Any

from shared.events.dispatch import DispatchContent


def dispatch(content: DispatchContent) -> dict[str, Any]:
    """Ready for JSON: amounts are decimal texts; `phones` are the customer's side's, each pair once."""
    customer, contact, address = (
        content.person("customer"),
        content.person("contact"),
        content.service_address,
    )
    return {
        "partner_dispatch_id": content.number,
        "contract_id": content.contract.id,
        "vendor_id": content.vendor.id,
        "plan_code": content.contract.plan_code,
        "dispatched_at": content.dispatched_at,
        "priority": content.priority,
        "dispatch_type": content.dispatch_type,
        "trade": content.trade,
        "customer_name": customer and customer.name,
        "contact_name": contact and contact.name,
        "phones": _phones(content),
        "email": content.email,
        "text_consent": content.text_consent,
        "service_address": address.model_dump(),
        "items": [
            {
                "line_id": line.line_id,
                "description": line.description,
                "symptoms": list(line.symptoms),
                "attributes": line.attributes,
            }
            for line in content.lines
        ],
        "fee": {
            "amount": _decimal(content.fee.amount),
            "paid": _decimal(content.fee.paid),
            "open": _decimal(content.fee.open),
        },
        "do_not_collect": content.do_not_collect,
        "authorization_required": content.authorization_required,
        "notes": _notes(content),
    }


def _phones(content: DispatchContent) -> list[dict[str, str | None]]:
    once: dict[tuple[str | None, str], str] = {}
    for person in content.people:
        for phone in person.phones:
            once.setdefault(
                (phone.type, "".join(filter(str.isdigit, phone.number)) or phone.number), phone.number
            )
    return [{"type": kind, "number": number} for (kind, _), number in once.items()]


def _decimal(cents: int | None) -> str | None:
    if cents is None:
        return None
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _notes(content: DispatchContent) -> list[str]:
    texts: list[str] = []
    header = None
    for note in content.notes:
        if note.header and note.header != header:
            texts.append(note.header)
        header = note.header
        texts.append(note.text)
    return texts
