"""Invoices: drafted, edited, thrown away."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.etag import check_version
from shared.problems import Problem, conflict, not_found
from shared.work import Work
from sqlalchemy import delete, insert, select, update

from payments.flows.dispatches import dispatch_of
from payments.invoice import FEE, Impossible, Line, price, split_price, total
from payments.models import customer, dispatch, invoice, invoice_line
from payments.queries.invoices import find

Values = Mapping[str, Any]


async def draft(work: Work[Any], *, values: Values, who: str) -> dict[str, Any]:
    """Makes a draft. Raises 422 for a customer who is not known or figures that do not fit, 409 where the
    partner said: do not collect."""
    settings = work.settings
    row: dict[str, Any] = {
        "id": uuid7(),
        "version": 1,
        "kind": "invoice",
        "state": "draft",
        "currency": settings.currency,
        "location_id": None,
        "dispatch_id": None,
        "note": None,
        "made_by": who,
        "created_at": work.now,
        "updated_at": work.now,
    }
    given = {name: value for name, value in values.items() if value is not None}
    defaults = {"terms_days": settings.terms_days, "tax_rate": settings.tax_rate, "discount": 0, "deposit": 0}
    row |= {**defaults, **{name: value for name, value in given.items() if name != "lines"}}
    row["debtor_id"] = await _debtor(work, row)
    lines = given.get("lines", ())
    await may_bill(work, row, lines)
    row |= await _write_lines(work, row, lines, new=True)
    work.audit(who=who, action="invoice.drafted", subject=row["id"], after={"total": row["total"]})
    return await find(work.session, row["id"])


async def draft_from_dispatch(
    work: Work[Any],
    *,
    dispatch_id: UUID,
    bill_to_partner: bool,
    lines: Sequence[Values],
    who: str,
    **more: Any,
) -> dict[str, Any]:
    """The service fee that is still open, then parts and labour. Where the partner said "do not collect", or
    the partner pays, there is no fee. Raises 404, and 409 while nobody knows whose dispatch it is."""
    query = select(dispatch).where(dispatch.c.id == dispatch_id)
    known = (await work.session.execute(query)).one_or_none()
    if known is None or not known.version:
        raise not_found("dispatch")
    if known.customer_id is None:
        raise conflict("Nobody knows yet whose dispatch this is", "Decide that first, then make the invoice.")
    fee: list[Values] = []
    if (
        known.fee_open
        and not known.do_not_collect
        and not bill_to_partner
        and not await _has_fee(work, dispatch_id)
    ):
        fee = [{"kind": FEE, "description": "Service fee", "unit_price": known.fee_open, "taxable": False}]
    where = {"customer_id": known.customer_id, "location_id": known.location_id, "dispatch_id": dispatch_id}
    values = {**more, **where, "bill_to_partner": bill_to_partner, "lines": [*fee, *lines]}
    return await draft(work, values={**values, "currency": known.currency or None}, who=who)


async def edit(work: Work[Any], *, id: UUID, based_on: int, values: Values, who: str) -> dict[str, Any]:
    """Changes a draft; `values` are those that the request names. Raises 409 for an issued one."""
    row = await draft_locked(work, id, based_on)
    changed = {**row._mapping, **{name: value for name, value in values.items() if name != "lines"}}
    changed["debtor_id"] = await _debtor(work, changed)
    query = select(invoice_line).where(invoice_line.c.invoice_id == id).order_by(invoice_line.c.position)
    old = [
        {**line, "unit_price": price(line["unit_price"], line["unit_tenths"])}
        for line in (await work.session.execute(query)).mappings()
    ]
    lines = values.get("lines", old)
    await may_bill(work, changed, lines)
    changed |= {"version": row.version + 1, "updated_at": work.now}
    await _write_lines(work, changed, lines, new=False)
    work.audit(who=who, action="invoice.edited", subject=id, after={"total": changed["total"]})
    return await find(work.session, id)


async def discard(work: Work[Any], *, id: UUID, based_on: int, who: str) -> None:
    await draft_locked(work, id, based_on)
    await work.session.execute(delete(invoice_line).where(invoice_line.c.invoice_id == id))
    await work.session.execute(delete(invoice).where(invoice.c.id == id))
    work.audit(who=who, action="invoice.discarded", subject=id)


async def _debtor(work: Work[Any], row: Values) -> UUID:
    """Who owes the invoice. Raises 422 for nobody known."""
    if not row["bill_to_partner"]:
        return await _known(work, row["customer_id"], "customer")
    query = select(dispatch.c.bill_to_id).where(dispatch.c.id == row["dispatch_id"])
    payer = (await work.session.execute(query)).scalar_one_or_none()
    if payer is None:
        raise Problem(422, "This dispatch has no partner who pays", "Bill the customer, or set who pays.")
    return await _known(work, payer, "partner")


async def _known(work: Work[Any], id: UUID, called: str) -> UUID:
    if (await work.session.execute(select(customer.c.id).where(customer.c.id == id))).first() is None:
        raise Problem(422, f"There is no such {called}")
    return id


async def may_bill(work: Work[Any], row: Values, lines: Sequence[Values]) -> None:
    """Raises 422 for a dispatch of another customer, 409 for a trade service fee that the partner forbids to
    collect from the customer, or that is on another invoice already."""
    if row["dispatch_id"] is None:
        return
    known = await dispatch_of(work, row["dispatch_id"], customer_id=row["customer_id"])
    if any(line.get("kind") == FEE for line in lines):
        if known.do_not_collect and not row["bill_to_partner"]:
            words = known.do_not_collect_because or "do not collect"
            raise conflict("The service fee must not be collected", f"The warranty company says: {words}")
        if await _has_fee(work, known.id, besides=row["id"]):
            raise conflict("The service fee of this dispatch is on another invoice", "Void that one first.")


async def _has_fee(work: Work[Any], dispatch_id: UUID, besides: UUID | None = None) -> bool:
    query = (
        select(invoice.c.id)
        .join_from(invoice, invoice_line, invoice_line.c.invoice_id == invoice.c.id)
        .where(invoice.c.dispatch_id == dispatch_id, invoice.c.state != "void", invoice_line.c.kind == FEE)
    )
    return any(id != besides for id in (await work.session.execute(query)).scalars())


async def _write_lines(work: Work[Any], row: Values, lines: Sequence[Values], *, new: bool) -> Values:
    """Writes the invoice's row, with its totals, and its lines. Raises 422 for figures that do not fit."""
    parts = [
        Line(
            Decimal(str(line.get("quantity", 1))),
            Decimal(str(line["unit_price"])),
            line.get("discount", 0),
            line.get("taxable", True),
        )
        for line in lines
    ]
    try:
        sums = total(parts, discount=row["discount"], tax_rate=Decimal(row["tax_rate"]))
    except Impossible as error:
        raise Problem(422, str(error), "Change the figures.") from None
    figures = {"subtotal": sums.subtotal, "tax": sums.tax, "total": sums.total}
    if row["deposit"] > sums.total:
        raise Problem(422, "The deposit is more than the invoice")
    values = {**row, **figures}
    if new:
        await work.session.execute(insert(invoice), [values])
    else:
        await work.session.execute(update(invoice).where(invoice.c.id == row["id"]).values(values))
        await work.session.execute(delete(invoice_line).where(invoice_line.c.invoice_id == row["id"]))
    rows = [
        {
            "invoice_id": row["id"],
            "position": position,
            "kind": line.get("kind", "other"),
            "description": line["description"],
            "quantity": format(part.quantity.normalize(), "f"),
            **_price(part.unit_price),
            "discount": part.discount,
            "taxable": part.taxable,
            "amount": amount,
        }
        for position, (line, part, amount) in enumerate(zip(lines, parts, sums.amounts, strict=True), 1)
    ]
    if rows:
        await work.session.execute(insert(invoice_line), rows)
    return figures


def _price(exact: Decimal | int) -> dict[str, int]:
    whole, tenths = split_price(Decimal(exact))
    return {"unit_price": whole, "unit_tenths": tenths}


async def draft_locked(work: Work[Any], id: UUID, based_on: int) -> Row:
    row = await locked(work, id, based_on)
    if row.state != "draft":
        raise conflict("This invoice is issued already", "Make a credit note, or void it.")
    return row


async def locked(work: Work[Any], id: UUID, based_on: int) -> Row:
    query = select(invoice).where(invoice.c.id == id).with_for_update()
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise not_found("invoice")
    check_version(based_on, found.version)
    return found
