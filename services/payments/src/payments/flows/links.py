"""Pay links: whoever holds one may pay that invoice, and can do nothing else."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db import Row, uuid7
from shared.problems import Problem, conflict
from shared.work import Work
from sqlalchemy import func, select, update

from payments import paylink
from payments.flows.accounts import chosen
from payments.flows.attempts import begin, hashed
from payments.models import attempt, attempt_invoice, gateway_account, invoice
from payments.paylink import PayLink
from payments.queries.balances import Reading
from payments.queries.invoices import find, one
from payments.settings import PaymentsSettings

MOST = 10
"""Payments that can be begun through one invoice's links within an hour: a stolen link tries no cards."""


def address(settings: PaymentsSettings, invoice_id: UUID, now: datetime) -> tuple[str, datetime]:
    """A new link to that invoice, and when it ends."""
    ends = now + timedelta(days=settings.pay_link_days)
    text = paylink.sign(settings.secret_key, PayLink(invoice_id, now, ends))
    return f"{settings.payments_url.rstrip('/')}/v1/pay?link={text}", ends


async def address_in_mail(
    reading: Reading, settings: PaymentsSettings, shown: dict[str, Any], now: datetime
) -> str:
    """Empty where nothing can be paid through it."""
    if not settings.pay_link_days or not shown["payable"]:
        return ""
    ready = select(gateway_account.c.id).where(gateway_account.c.default_portal, ~gateway_account.c.closed)
    if (await reading.execute(ready.limit(1))).first() is None:
        return ""
    return address(settings, shown["id"], now)[0]


async def made_by_hand(work: Work[Any], *, invoice_id: UUID, who: str) -> tuple[str, datetime]:
    """Raises 404, and 409 for what cannot be paid."""
    shown = await find(work.session, invoice_id)
    if not shown["payable"]:
        raise conflict("This invoice cannot be paid", shown["not_payable_because"])
    if not work.settings.pay_link_days:
        raise conflict("Pay links are turned off", "Set CALLBOARD_PAY_LINK_DAYS.")
    work.audit(who=who, action="pay_link.made", subject=invoice_id)
    return address(work.settings, invoice_id, work.now)


async def revoke(work: Work[Any], *, invoice_id: UUID, who: str) -> None:
    """All links to that invoice that were made until now are worth nothing from now on. Raises 404."""
    await one(work.session, invoice, invoice_id)
    gone = update(invoice).where(invoice.c.id == invoice_id).values(links_since=work.now)
    await work.session.execute(gone)
    work.audit(who=who, action="pay_link.revoked", subject=invoice_id)


async def opened(
    reading: Reading, settings: PaymentsSettings, text: str, now: datetime
) -> dict[str, Any] | None:
    """The invoice of that link as it stands; None for a link that is not ours, has ended or was revoked."""
    keys = (settings.secret_key, *settings.old_secret_keys)
    link = next((found for key in keys if (found := paylink.read(key, text, now=now))), None)
    if link is None:
        return None
    row = (await reading.execute(select(invoice).where(invoice.c.id == link.invoice_id))).one_or_none()
    # a link tells the second in which it was made, and one made after revoking in that second is good
    if row is None or (row.links_since is not None and link.made_at < row.links_since.replace(microsecond=0)):
        return None
    return await find(reading, link.invoice_id)


async def on_its_way(reading: Reading, invoice_id: UUID) -> Row | None:
    """The open payment of that invoice."""
    query = (
        select(attempt)
        .join_from(attempt, attempt_invoice, attempt_invoice.c.attempt_id == attempt.c.id)
        .where(attempt_invoice.c.invoice_id == invoice_id, attempt_invoice.c.open)
    )
    return (await reading.execute(query)).first()


async def pay(work: Work[Any], *, invoice_id: UUID) -> UUID:
    """Begins to pay all that may be collected. Raises what `begin` raises, and 429."""
    hour = work.now - timedelta(hours=1)
    query = (
        select(func.count())
        .select_from(attempt)
        .join(attempt_invoice, attempt_invoice.c.attempt_id == attempt.c.id)
        .where(attempt_invoice.c.invoice_id == invoice_id, attempt.c.channel == "link")
        .where(attempt.c.created_at > hour)
    )
    if (await work.session.execute(query)).scalar_one() >= MOST:
        problem = Problem(429, "This invoice was tried to be paid too often", "Wait an hour, or call us.")
        problem.headers["Retry-After"] = "3600"
        raise problem
    key = uuid7().hex
    id, _ = await begin(
        work,
        account=await chosen(work, id=None, portal=True),
        shares={invoice_id: None},
        kind="sale",
        channel="link",
        caller=f"pay-link {invoice_id}",
        key=key,
        request_hash=hashed("pay-link", invoice_id, key),
    )
    return id
