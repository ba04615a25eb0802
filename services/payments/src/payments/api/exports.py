"""/v1/exports: what the bookkeeper imports. docs/exports.md describes the columns."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from shared.bodies import Day

from payments.api.depends import At, Office, Reading
from payments.api.guard import LISTED
from payments.export import to_csv
from payments.queries import exports

router = APIRouter(prefix="/v1/exports", tags=["reports"], dependencies=LISTED)
First = Annotated[Day, Query(description="First day.")]
Last = Annotated[Day, Query(description="Last day.")]
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


@router.get("/invoices", response_class=Response, responses=_CSV)
async def export_invoices(_who: Office, read: Reading, since: First, until: Last) -> Response:
    """Invoices and credit notes issued on those days. A void one is there with its number and without
    amounts."""
    return _file("invoices", exports.INVOICES, await exports.invoices(read, since, until))


@router.get("/invoice-lines", response_class=Response, responses=_CSV)
async def export_lines(_who: Office, read: Reading, since: First, until: Last) -> Response:
    """Their lines, one a row; an invoice's discount and tax are rows of their own."""
    return _file("invoice-lines", exports.LINES, await exports.lines(read, since, until))


@router.get("/payments", response_class=Response, responses=_CSV)
async def export_payments(_who: Office, at: At, read: Reading, since: First, until: Last) -> Response:
    """Money that came in or went back on those days, as they begin and end in the company's zone: a row for
    each invoice that it concerns. What went back is negative."""
    return _file("payments", exports.PAYMENTS, await exports.payments(read, at.settings, since, until))


@router.get("/allocations", response_class=Response, responses=_CSV)
async def export_allocations(_who: Office, at: At, read: Reading, since: First, until: Last) -> Response:
    """What settled invoices without money moving on those days: credit notes, and credit that was used."""
    found = await exports.allocations(read, at.settings, since, until)
    return _file("allocations", exports.ALLOCATIONS, found)


def _file(name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(to_csv(columns, rows), media_type="text/csv; charset=utf-8", headers=headers)
