"""All that stands on a printed invoice."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.db import Row
from shared.events.portal import CompanyChanged
from shared.money import for_people as money
from sqlalchemy import select

from payments.document import Booked, Facts
from payments.models import company, customer, dispatch, entry, invoice, location, payment
from payments.queries.balances import Reading
from payments.queries.invoices import find
from payments.queries.sandbox_money import TEST_GATEWAY
from payments.settings import PaymentsSettings

_BOOKED = {
    "refund": "Refund",
    "reversal": "Payment taken back",
    "credit_note": "Credit note",
    "applied": "Credit",
}


async def company_of(reading: Reading) -> CompanyChanged | None:
    """What portal-api told last; None: the environment's values hold."""
    content = (await reading.execute(select(company.c.content))).scalar_one_or_none()
    return CompanyChanged.model_validate(content) if content is not None else None


async def facts_of(reading: Reading, settings: PaymentsSettings, id: UUID) -> Facts:
    """Raises the 404 problem."""
    each, about = await find(reading, id), await company_of(reading)
    work = (await reading.execute(select(dispatch).where(dispatch.c.id == each["dispatch_id"]))).first()
    place_id = each["location_id"] or (work.location_id if work else None)
    place = (await reading.execute(select(location.c.address).where(location.c.id == place_id))).scalar()
    service_address = _lines(place or {})
    debtor = select(customer.c.name).where(customer.c.id == each["debtor_id"])
    payer = (await reading.execute(debtor)).scalar() or "Customer"
    credited = select(invoice.c.number).where(invoice.c.id == each["credits_id"])
    zone = ZoneInfo(about.zone if about else settings.default_zone)
    own = each["debtor_id"] == each["customer_id"]
    return Facts(
        invoice=each,
        company=about.name if about else settings.company_name,
        company_lines=_letter_head(about) if about else (),
        bill_to=(payer, *(service_address if own else ())),
        service_address=service_address,
        dispatch_number=work.number if work else None,
        refers_to=(await reading.execute(credited)).scalar(),
        booked=await _booked(reading, id, zone),
        notice=_notice(each),
        logo=b64decode(about.logo) if about and about.logo else b"",
    )


def _notice(each: Mapping[str, Any]) -> str:
    """What the person whom it is for need not pay of what is open, and why."""
    if each["balance"] <= 0 or each["bill_to_partner"]:
        return ""
    if each["withheld"]:
        lines = ", ".join(line["description"] for line in each["lines"] if not line["collectable"])
        said = f"Please do not pay this line: {lines}. The warranty company says: {each['withheld_because']}."
        rest = money(each["collectable"], each["currency"])
        return f"{said} Please pay {rest}." if each["payable"] else f"{said} There is nothing else to pay."
    return "" if each["payable"] else f"Please do not pay this invoice. {each['not_payable_because']}"


async def _booked(reading: Reading, id: UUID, zone: ZoneInfo) -> list[Booked]:
    """Oldest first, a row for each entry."""
    query = (
        select(
            *(entry.c.at, entry.c.kind, entry.c.amount, invoice.c.number),
            *(payment.c.gateway, payment.c.method, payment.c.brand, payment.c.last4, payment.c.dispatch_id),
        )
        .join_from(entry, payment, payment.c.id == entry.c.payment_id, isouter=True)
        .join(invoice, invoice.c.id == entry.c.credit_note_id, isouter=True)
        .where(entry.c.invoice_id == id)
        .order_by(entry.c.at, entry.c.id)
    )
    rows = (await reading.execute(query)).all()
    return [Booked(row.at.astimezone(zone).date(), _what(row), row.amount) for row in rows]


def _what(row: Row) -> str:
    if row.kind == "credit_note" and row.number:
        return f"Credit note {row.number}"
    if row.kind == "applied" and row.amount < 0:
        return "Kept as credit"
    if row.kind == "applied" and row.dispatch_id is not None:
        return "Deposit"
    if row.kind != "payment":
        return _BOOKED[row.kind]
    how = f"{row.brand or 'card'} ending {row.last4}" if row.last4 else row.method
    return f"Test payment, no money moved ({how})" if row.gateway == TEST_GATEWAY else f"Payment ({how})"


def _letter_head(about: CompanyChanged) -> tuple[str, ...]:
    address = about.address.model_dump() if about.address else {}
    return (*_lines(address), *(line for line in (about.phone, about.email) if line))


def _lines(address: Mapping[str, Any]) -> tuple[str, ...]:
    """A US address as on an envelope; without what is not known."""
    part = {name: address.get(name) or "" for name in ("street", "unit", "city", "state", "zip", "zip4")}
    code = f"{part['zip']}-{part['zip4']}" if part["zip4"] else part["zip"]
    area = ", ".join(each for each in (part["city"], f"{part['state']} {code}".strip()) if each)
    return tuple(each for each in (part["street"], part["unit"], area) if each)
