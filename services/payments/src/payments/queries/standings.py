"""What an invoice is called (payments.invoice.standing), as a question to the database."""

from typing import Literal

from sqlalchemy import ColumnElement, case, func, select

from payments.invoice import Standing
from payments.models import entry, invoice

_MINE = entry.c.invoice_id == invoice.c.id
_SETTLED = func.coalesce(select(func.sum(entry.c.amount)).where(_MINE).scalar_subquery(), 0)
_NOTED = case((entry.c.kind == "credit_note", entry.c.amount), else_=0)
_CREDITED = func.coalesce(select(func.sum(_NOTED)).where(_MINE).scalar_subquery(), 0)
_ALL_CREDITED = (invoice.c.total <= _CREDITED) & (_CREDITED > 0)
_ISSUED = (invoice.c.state == "issued") & (invoice.c.kind == "invoice")


def in_state(state: Standing | Literal["open"]) -> list[ColumnElement[bool]]:
    if state in ("draft", "void"):
        return [invoice.c.state == state]
    if state == "credited":
        return [(invoice.c.kind == "credit_note") | (_ISSUED & _ALL_CREDITED)]
    if state == "paid":
        return [_ISSUED, ~_ALL_CREDITED, invoice.c.total <= _SETTLED]
    open_ones = [_ISSUED, invoice.c.total > _SETTLED]
    if state == "open":
        return open_ones
    return [*open_ones, _SETTLED > 0 if state == "partly_paid" else _SETTLED <= 0]
