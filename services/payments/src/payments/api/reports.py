"""/v1/exports: for the bookkeeper"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from payments.api.depends import Office, Reading
from payments.api.guard import GUARDED
from payments.export import decimal, to_csv
from payments.models import customer, invoice, payment
from payments.queries.invoices import whole

router = APIRouter(prefix="/v1", tags=["reports"], dependencies=GUARDED)
First = Annotated[date, Query(description="First day.")]
Last = Annotated[date, Query(description="Last day.")]
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
INVOICES = (
    *("InvoiceNo", "Customer", "InvoiceDate", "DueDate", "Terms", "Memo"),
    *("Amount", "TaxAmount", "Total", "Balance", "Status", "Currency"),
)
PAYMENTS = ("PaymentDate", "Customer", "PaymentMethod", "ReferenceNo", "Amount", "Currency", "Memo")


@router.get("/exports/invoices", response_class=Response, responses=_CSV)
async def export_invoices(_who: Office, read: Reading, since: First, until: Last) -> Response:
    """Issued invoices and credit notes of those days as CSV."""
    query = select(invoice).where(
        invoice.c.issued_on >= since, invoice.c.issued_on <= until, invoice.c.state != "draft"
    )
    rows = (await read.execute(query.order_by(invoice.c.number))).all()
    names = {row.id: row.name for row in await read.execute(select(customer.c.id, customer.c.name))}
    lines = [
        {
            "InvoiceNo": each["number"],
            "Customer": names.get(each["debtor_id"]),
            "InvoiceDate": each["issued_on"].isoformat(),
            "DueDate": each["due_on"].isoformat() if each["due_on"] else None,
            "Terms": f"Net {each['terms_days']}",
            "Memo": each["reason"] or each["note"],
            "Amount": decimal(_sign(each) * each["subtotal"]),
            "TaxAmount": decimal(_sign(each) * each["tax"]),
            "Total": decimal(_sign(each) * each["total"]),
            "Balance": decimal(each["balance"]),
            "Status": each["state"],
            "Currency": each["currency"],
        }
        for each in await whole(read, rows)
    ]
    return _file("invoices", to_csv(INVOICES, lines))


@router.get("/exports/payments", response_class=Response, responses=_CSV)
async def export_payments(_who: Office, read: Reading, since: First, until: Last) -> Response:
    """Money that came in on those days (UTC) as CSV."""
    start, end = datetime.combine(since, time(), UTC), datetime.combine(until, time(), UTC) + timedelta(1)
    query = (
        select(payment, customer.c.name)
        .join_from(payment, customer, payment.c.debtor_id == customer.c.id, isouter=True)
        .where(payment.c.at >= start, payment.c.at < end)
        .order_by(payment.c.at, payment.c.id)
    )
    lines = [
        {
            "PaymentDate": row.at.date().isoformat(),
            "Customer": row.name,
            "PaymentMethod": row.brand or row.method,
            "ReferenceNo": row.reference,
            "Amount": decimal(row.amount),
            "Currency": row.currency,
            "Memo": row.note,
        }
        for row in await read.execute(query)
    ]
    return _file("payments", to_csv(PAYMENTS, lines))


def _sign(each: dict[str, object]) -> int:
    return -1 if each["kind"] == "credit_note" else 1


def _file(name: str, text: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
