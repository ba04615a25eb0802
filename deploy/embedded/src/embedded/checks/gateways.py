"""What gateways and people still have to settle."""

from datetime import datetime

from payments.gateways.money import with_currency
from payments.ledger import OPEN
from payments.models import attempt, difference, operation, webhook
from shared.db import Row
from sqlalchemy import or_, select

from embedded.checks.base import Check, check, rows_of
from embedded.checks.money import MoneyBooks

UNSETTLED = ("submitting", "unknown", "pending", "needs_review")


async def attempts_settle(books: MoneyBooks) -> Check:
    """Past their schedule or a person's to decide; nobody's money is lost, but somebody must look."""
    found: list[tuple[str, datetime | None]] = []
    open_ = attempt.c.state.in_((*sorted(OPEN), "void_pending"))
    steps = operation.c.state.in_(UNSETTLED) & operation.c.kind.not_in(("sale", "authorize"))
    for table, which in ((attempt, open_), (operation, steps)):
        late = or_(table.c.next_check_at.is_(None), table.c.next_check_at < books.young)
        query = select(table.c.id, table.c.kind, table.c.state, table.c.next_check_at).where(which, late)
        for row in await rows_of(books.payments, query):
            due = row.next_check_at
            why = f"was to be looked at {due:%Y-%m-%d %H:%M:%S} UTC" if due else "waits for a person"
            found.append((f"{table.name} {row.id} ({row.kind}) is {row.state}, {why}", books.now))
    return check(books, "every payment attempt is settled or looked after", found)


async def webhooks_are_read(books: MoneyBooks) -> Check:
    columns = (webhook.c.id, webhook.c.kind, webhook.c.received_at, webhook.c.due_at)
    rows = await rows_of(books.payments, select(*columns).where(webhook.c.state == "received"))
    failed = await rows_of(books.payments, select(*columns).where(webhook.c.state == "failed"))
    found: list[tuple[str, datetime | None]] = [
        (f"webhook {row.id} ({row.kind}) is not read", max(row.received_at, row.due_at or row.received_at))
        for row in rows
    ]
    found += [(f"webhook {row.id} ({row.kind}) could not be applied", None) for row in failed]
    return check(books, "every webhook was read", found)


async def gateways_agree(books: MoneyBooks) -> Check:
    """A difference that a person has explained is none."""
    rows = await rows_of(books.payments, select(difference).where(difference.c.settled_at.is_(None)))
    found: list[tuple[str, datetime | None]] = [
        (f"{row.day} {row.reference}: {row.kind},{_sums(row)}", None) for row in rows
    ]
    return check(books, "the gateways' lists agree with the books", found)


def _sums(row: Row) -> str:
    both = (("ours", row.ours), ("theirs", row.theirs))
    sums = (
        f" {whose} {with_currency(each, row.currency or 'USD')}" for whose, each in both if each is not None
    )
    return "".join(sums)
