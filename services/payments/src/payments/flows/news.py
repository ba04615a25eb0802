"""What this service says of its invoices and payments."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.db import Row
from shared.events.money import (
    Invoice,
    InvoiceChanged,
    InvoiceIssued,
    InvoiceLine,
    PaidPart,
    PaymentRefunded,
    PaymentSettled,
)
from shared.work import Work
from sqlalchemy import select, update

from payments.invoice import half_up
from payments.models import invoice
from payments.queries.invoices import whole
from payments.queries.sandbox_money import TEST_GATEWAY


async def touch(work: Work[Any], ids: Collection[UUID]) -> None:
    """Something that these invoices show has changed: their version grows and it is said."""
    if not ids:
        return
    grown = update(invoice).where(invoice.c.id.in_(ids)).values(version=invoice.c.version + 1)
    await work.session.execute(grown.values(updated_at=work.now))
    rows = (await work.session.execute(select(invoice).where(invoice.c.id.in_(ids)))).all()
    for each in await whole(work.session, rows):
        if each["kind"] == "invoice" and each["number"]:
            work.emit(
                InvoiceChanged(invoice_id=each["id"], version=each["version"], invoice=_record(each)),
                each["id"],
            )


def tell_issued(work: Work[Any], each: dict[str, Any]) -> None:
    work.emit(
        InvoiceIssued(invoice_id=each["id"], version=each["version"], invoice=_record(each)), each["id"]
    )


def _record(each: dict[str, Any]) -> Invoice:
    names = set(Invoice.model_fields) - {"lines"}
    lines = tuple(_line(line) for line in each["lines"])
    return Invoice.model_validate({**{name: each[name] for name in names}, "lines": lines})


def _line(line: dict[str, Any]) -> InvoiceLine:
    """The price in whole minor units, and exactly where it has a tenth."""
    exact = Decimal(str(line["unit_price"]))
    rounded = half_up(exact)
    return InvoiceLine(
        kind=line["kind"],
        description=line["description"],
        quantity=line["quantity"],
        unit_price=rounded,
        exact_price=None if exact == rounded else str(exact),
        amount=line["amount"],
        collectable=line["collectable"],
    )


def _only(invoices: tuple[PaidPart, ...], amount: int) -> UUID | None:
    """The invoice that the whole of it is for."""
    return invoices[0].invoice_id if len(invoices) == 1 and invoices[0].amount == amount else None


def tell_payment(work: Work[Any], row: dict[str, Any], invoices: tuple[PaidPart, ...]) -> None:
    event = PaymentSettled(
        payment_id=row["id"],
        invoice_id=_only(invoices, row["amount"]),
        invoices=invoices,
        customer_id=row["debtor_id"],
        amount=row["amount"],
        currency=row["currency"],
        method=row["method"],
        gateway=row.get("gateway"),
        brand=row.get("brand"),
        last4=row.get("last4"),
        reference=row.get("reference"),
        at=row["at"],
        test_money=row.get("gateway") == TEST_GATEWAY,
    )
    work.emit(event, row["id"])


def tell_refund(
    work: Work[Any], *, id: UUID, payment: Row, amount: int, invoices: tuple[PaidPart, ...]
) -> None:
    event = PaymentRefunded(
        refund_id=id,
        payment_id=payment.id,
        invoice_id=_only(invoices, amount),
        invoices=invoices,
        customer_id=payment.debtor_id,
        amount=amount,
        currency=payment.currency,
        at=work.now,
        test_money=payment.gateway == TEST_GATEWAY,
    )
    work.emit(event, payment.id)
