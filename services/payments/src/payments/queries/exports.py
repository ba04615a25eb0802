"""What the bookkeeper gets, a dict a row. Amounts are decimals with the places of their currency."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.money import to_decimal
from sqlalchemy import Select, select

from payments.models import customer, entry, invoice, operation, payment
from payments.queries.balances import Reading
from payments.queries.company import zone_of
from payments.queries.invoices import whole
from payments.queries.sandbox_money import TEST_GATEWAY
from payments.settings import PaymentsSettings

INVOICES = (
    *("InvoiceNo", "Customer", "InvoiceDate", "DueDate", "Terms", "Memo"),
    *("Amount", "TaxAmount", "Total", "Balance", "Status", "Currency", "AppliesTo", "VoidedOn", "TestMoney"),
)
LINES = (
    *("InvoiceNo", "InvoiceDate", "Customer", "LineNo", "Kind", "Description"),
    *("Quantity", "UnitPrice", "Discount", "Amount", "Taxable", "Status", "Currency"),
)
PAYMENTS = (
    *("PaymentDate", "Customer", "PaymentMethod", "ReferenceNo", "Amount", "Currency", "Memo"),
    *("Type", "InvoiceNo", "PaymentId", "Gateway", "TestMoney"),
)
ALLOCATIONS = (
    *("Date", "Customer", "Type", "InvoiceNo", "CreditNoteNo", "PaymentId", "Amount", "Currency"),
    "TestMoney",
)
_TYPES = {"payment": "Payment", "refund": "Refund", "reversal": "Chargeback"}
_noted = invoice.alias("noted")


async def invoices(read: Reading, since: date, until: date) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each, names, numbers in await _issued(read, since, until):
        figures = {name: _money(each, each[name]) for name in ("subtotal", "tax", "total")}
        found.append(
            {
                "InvoiceNo": each["number"],
                "Customer": names.get(each["debtor_id"]),
                "InvoiceDate": each["issued_on"].isoformat(),
                "DueDate": each["due_on"].isoformat() if each["due_on"] else None,
                "Terms": f"Net {each['terms_days']}",
                "Memo": each["reason"] or each["note"],
                "Amount": figures["subtotal"],
                "TaxAmount": figures["tax"],
                "Total": figures["total"],
                "Balance": to_decimal(each["balance"], each["currency"]),
                "Status": each["state"],
                "Currency": each["currency"],
                "AppliesTo": numbers.get(each["credits_id"]),
                "VoidedOn": each["voided_on"].isoformat() if each["voided_on"] else None,
                "TestMoney": to_decimal(each["test_money"], each["currency"]) if each["test_money"] else None,
            }
        )
    return found


async def lines(read: Reading, since: date, until: date) -> list[dict[str, Any]]:
    """An invoice's rows add up to its Total."""
    found: list[dict[str, Any]] = []
    for each, names, _ in await _issued(read, since, until):
        common = {
            "InvoiceNo": each["number"],
            "InvoiceDate": each["issued_on"].isoformat(),
            "Customer": names.get(each["debtor_id"]),
            "Status": each["state"],
            "Currency": each["currency"],
        }
        rows = [(line["kind"], line["description"], line["amount"], line) for line in each["lines"]]
        if not rows:  # credit notes had no lines once
            rows.append(("other", each["reason"] or "Credit note", each["subtotal"], {}))
        if each["discount"]:
            rows.append(("discount", "Discount", -each["discount"], {}))
        if each["tax"]:
            rows.append(("tax", f"Tax ({each['tax_rate']} %)", each["tax"], {}))
        for place, (kind, text, amount, line) in enumerate(rows, 1):
            row = {**common, "LineNo": place, "Kind": kind, "Description": text}
            found.append({**row, "Amount": _money(each, amount), **_priced(each, line)})
    return found


def _priced(each: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    if not line:
        return {}
    price = Decimal(str(line["unit_price"]))
    return {
        "Quantity": Decimal(line["quantity"]),
        "UnitPrice": _money(each, price),
        "Discount": _money(each, line["discount"]),
        "Taxable": "yes" if line["taxable"] else "no",
    }


def _money(each: Mapping[str, Any], amount: int | Decimal) -> Decimal:
    """Of an invoice; negative in a credit note, and nothing in one that was voided: it is no income."""
    sign = 0 if each["state"] == "void" else -1 if each["kind"] == "credit_note" else 1
    return to_decimal(sign * amount, each["currency"])


async def _issued(read: Reading, since: date, until: date) -> list[tuple[Any, Any, Any]]:
    """(invoice, customers' names, numbers of credited invoices)."""
    days = (invoice.c.issued_on >= since, invoice.c.issued_on <= until, invoice.c.number.is_not(None))
    rows = (await read.execute(select(invoice).where(*days).order_by(invoice.c.number))).all()
    query = select(_noted.c.id, _noted.c.number).join(invoice, invoice.c.credits_id == _noted.c.id)
    numbers: dict[UUID, str] = {row[0]: row[1] for row in await read.execute(query.where(*days))}
    query = select(customer.c.id, customer.c.name).join(invoice, invoice.c.debtor_id == customer.c.id)
    names: dict[UUID, str] = {row[0]: row[1] for row in await read.execute(query.where(*days))}
    return [(each, names, numbers) for each in await whole(read, rows)]


async def payments(
    read: Reading, settings: PaymentsSettings, since: date, until: date
) -> list[dict[str, Any]]:
    zone = await zone_of(read, settings)
    query = _entries(since, until, zone).where(entry.c.kind.in_(_TYPES))
    return [
        {
            "PaymentDate": row.at.astimezone(zone).date().isoformat(),
            "Customer": row.name,
            "PaymentMethod": row.brand or row.method,
            "ReferenceNo": row.reference,
            "Amount": to_decimal(row.amount, row.currency),
            "Currency": row.currency,
            "Memo": row.reason or row.note,
            "Type": "Void" if row.operated == "void" else _type(row.kind, row.amount),
            "InvoiceNo": row.number,
            "PaymentId": str(row.payment_id),
            "Gateway": row.gateway,
            "TestMoney": _tested(row.gateway),
        }
        for row in await read.execute(query)
    ]


def _type(kind: str, amount: int) -> str:
    """Money that had gone back and came again is named so."""
    if kind != "payment" and amount > 0:
        return f"{_TYPES[kind]} taken back"
    return _TYPES[kind]


async def allocations(
    read: Reading, settings: PaymentsSettings, since: date, until: date
) -> list[dict[str, Any]]:
    zone = await zone_of(read, settings)
    query = _entries(since, until, zone).where(entry.c.kind.not_in(_TYPES), entry.c.invoice_id.is_not(None))
    return [
        {
            "Date": row.at.astimezone(zone).date().isoformat(),
            "Customer": row.name,
            "Type": "Credit note" if row.kind == "credit_note" else "Credit used",
            "InvoiceNo": row.number,
            "CreditNoteNo": row.noted,
            "PaymentId": str(row.payment_id) if row.payment_id else None,
            "Amount": to_decimal(row.amount, row.currency),
            "Currency": row.currency,
            "TestMoney": _tested(row.gateway),
        }
        for row in await read.execute(query)
    ]


def _tested(gateway: str | None) -> str | None:
    return "yes" if gateway == TEST_GATEWAY else None


def _entries(since: date, until: date, zone: ZoneInfo) -> Select[*tuple[Any, ...]]:
    start = datetime.combine(since, time(), zone)
    end = datetime.combine(until + timedelta(1), time(), zone)
    return (
        select(
            *(entry.c.at, entry.c.kind, entry.c.amount, entry.c.currency, entry.c.reason),
            *(entry.c.payment_id, payment.c.method, payment.c.brand, payment.c.reference, payment.c.note),
            *(payment.c.gateway, customer.c.name, invoice.c.number, _noted.c.number.label("noted")),
            operation.c.kind.label("operated"),
        )
        .join_from(entry, payment, payment.c.id == entry.c.payment_id, isouter=True)
        .join(customer, customer.c.id == entry.c.debtor_id, isouter=True)
        .join(invoice, invoice.c.id == entry.c.invoice_id, isouter=True)
        .join(_noted, _noted.c.id == entry.c.credit_note_id, isouter=True)
        .join(operation, operation.c.id == entry.c.operation_id, isouter=True)
        .where(entry.c.at >= start, entry.c.at < end)
        .order_by(entry.c.at, entry.c.id)
    )
