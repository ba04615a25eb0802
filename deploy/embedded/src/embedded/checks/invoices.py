"""Invoices: their numbers, what was settled of them, and what customers are shown."""

from collections import Counter
from datetime import datetime

from payments.invoice import number
from payments.models import counter, entry, invoice
from portal_api.models.records import invoice_record
from sqlalchemy import func, select

from embedded.checks.base import Check, check, rows_of
from embedded.checks.money import MoneyBooks


async def numbers_have_no_gaps(books: MoneyBooks) -> Check:
    """In each series as many numbers as were given up to the last, each once. Prefixes may have changed."""
    last = {row.name: row.last for row in await rows_of(books.payments, select(counter))}
    given: dict[str, list[str]] = {"invoice": [], "credit_note": []}
    numbered = select(invoice.c.kind, invoice.c.number).where(invoice.c.number.is_not(None))
    for row in await rows_of(books.payments, numbered):
        given[row.kind].append(row.number)
    found: list[tuple[str, datetime | None]] = []
    for kind, numbers in given.items():
        tails: dict[int, Counter[str]] = {}
        top = last.get(kind, 0)
        if len(numbers) > top:
            found.append((f"{len(numbers)} numbers of {kind}s, but {top} were given", None))
        for serial in range(max(1, top - len(numbers) + 1), top + 1):
            text = number("", serial)
            if len(text) not in tails:
                tails[len(text)] = Counter(each[-len(text) :] for each in numbers)
            times = tails[len(text)][text]
            if times != 1:
                found.append((f"{kind} number {text} exists {times} times", None))
    drafts = select(invoice.c.id).where(invoice.c.state == "issued", invoice.c.number.is_(None))
    found += [
        (f"invoice {row.id} is issued without a number", None)
        for row in await rows_of(books.payments, drafts)
    ]
    return check(books, "invoice numbers have no gaps and no repeats", found)


async def balances_are_told(books: MoneyBooks) -> Check:
    """The balance from the books is what the last event about the invoice said: portal-api keeps that."""
    sums = select(entry.c.invoice_id, func.sum(entry.c.amount).label("settled"))
    sums = sums.where(entry.c.invoice_id.is_not(None)).group_by(entry.c.invoice_id)
    settled = {row.invoice_id: int(row.settled) for row in await rows_of(books.payments, sums)}
    columns = (invoice.c.id, invoice.c.number, invoice.c.state, invoice.c.version, invoice.c.total)
    issued = select(*columns, invoice.c.updated_at)
    issued = issued.where(invoice.c.kind == "invoice", invoice.c.number.is_not(None))
    record = invoice_record.c
    kept = select(record.id, record.version, record.balance, record.total)
    told = {row.id: row for row in await rows_of(books.portal, kept)}
    found: list[tuple[str, datetime | None]] = []
    for row in await rows_of(books.payments, issued):
        paid, shown = settled.get(row.id, 0), told.pop(row.id, None)
        balance = row.total - paid if row.state == "issued" else 0
        if not 0 <= paid <= row.total or (row.state == "void" and paid):
            found.append((f"invoice {row.number} of {row.total} is {row.state}, {paid} settled", None))
        if shown is None or shown.version < row.version:
            found.append((f"invoice {row.number}: portal-api has not heard the newest", row.updated_at))
        elif (shown.version, shown.balance, shown.total) != (row.version, balance, row.total):
            found.append((f"invoice {row.number}: {balance} is owed, {shown.balance} was said", None))
    found += [(f"invoice {id} is shown to customers, but is missing", None) for id in told]
    return check(books, "every invoice's balance is what was said of it", found)
