"""Whether our books and a gateway's ledger are one about a customer, and a person who makes them so with the
API alone."""

from collections import Counter
from typing import Any
from uuid import UUID

import httpx
from payments.models import alert, attempt, entry, invoice, operation, payment, webhook
from shared.db import Row
from shared.service import Running
from simulators.gateways.dashboard import left
from simulators.gateways.house import House
from simulators.gateways.rows import Transaction
from sqlalchemy import func, select

Sums = dict[str, int]
ON_ITS_WAY = ("submitting", "unknown", "pending", "needs_review")


class Agreement:
    def __init__(self, run: Running[Any], house: House, customer: UUID, payer: httpx.AsyncClient) -> None:
        self.run, self.house, self.customer, self.payer = run, house, customer, payer

    async def rows(self, query: Any) -> list[Row]:
        async with self.run.database.read() as read:
            return list((await read.execute(query)).all())

    async def attempts(self) -> list[Row]:
        return await self.rows(select(attempt).where(attempt.c.debtor_id == self.customer))

    async def attempt(self, id: UUID) -> Row:
        return (await self.rows(select(attempt).where(attempt.c.id == id)))[0]

    async def operations(self) -> list[Row]:
        mine = select(attempt.c.id).where(attempt.c.debtor_id == self.customer)
        return await self.rows(select(operation).where(operation.c.attempt_id.in_(mine)))

    async def due(self) -> bool:
        for table in (attempt, operation):
            if await self.rows(select(table.c.id).where(table.c.next_check_at.is_not(None)).limit(1)):
                return True
        return bool(await self.rows(select(webhook.c.id).where(webhook.c.due_at.is_not(None)).limit(1)))

    async def of(self, each: Row) -> list[Transaction]:
        """What the ledger has of an attempt, with all that was done to it."""
        steps = {row.request_id for row in await self.operations() if row.attempt_id == each.id}
        done = [
            row
            for row in self.house.books.transactions.values()
            if row.charge is None
            and (row.our_id == each.id.hex or row.our_id in steps or (row.order or "") == each.order_ref)
        ]
        for row in done:
            done += self.house.books.children(row.id)
        return done

    async def ledger(self) -> list[Transaction]:
        return [row for each in await self.attempts() for row in await self.of(each)]

    async def held(self) -> Sums:
        """By currency, what the gateway has taken from this customer and not given back."""
        sums: Counter[str] = Counter()
        for row in await self.ledger():
            if row.charge is None:
                sums[row.currency] += left(self.house.books, row)
        return {currency: amount for currency, amount in sums.items() if amount}

    async def booked(self) -> Sums:
        through_gateways = (payment.c.debtor_id == self.customer, payment.c.gateway.is_not(None))
        mine = entry.c.payment_id.in_(select(payment.c.id).where(*through_gateways))
        query = select(entry.c.currency, func.sum(entry.c.amount)).where(mine).group_by(entry.c.currency)
        return {currency: int(amount) for currency, amount in await self.rows(query) if amount}

    async def alerts(self) -> list[Row]:
        """Open ones that are about this customer, or about nobody."""
        mine = {each.id for each in await self.attempts()}
        found = await self.rows(select(alert).where(alert.c.settled_at.is_(None)))
        return [each for each in found if each.attempt_id is None or each.attempt_id in mine]

    async def books_or_alert(self) -> None:
        """Books and ledger agree, or an open alert names an amount in which they differ, and its currency."""
        held, booked = await self.held(), await self.booked()
        if held == booked:
            return
        texts = [each.text for each in await self.alerts()]
        for currency in held.keys() | booked.keys():
            apart = abs(held.get(currency, 0) - booked.get(currency, 0))
            amounts = {apart, *(row.amount for row in await self.ledger() if row.currency == currency)}
            named = [f"{amount // 100}.{amount % 100:02}" for amount in amounts if amount]
            found = any(currency in text and any(each in text for each in named) for text in texts)
            assert not apart or found, f"ledger {held}, books {booked}, and no alert names it: {texts}"

    async def nobody_is_told_a_falsehood(self) -> None:
        """No payer reads that he was not charged while the ledger has a charge of his attempt. No invoice has
        more than it needs."""
        for each in await self.attempts():
            taken = sum(left(self.house.books, row) for row in await self.of(each) if row.charge is None)
            says = (await self.payer.get(f"/v1/checkouts/{each.id}")).json()["says"]
            free = "You have not been charged" in says
            assert not (free and taken), f"{each.state}, and the ledger has {taken}"
        settled = select(entry.c.invoice_id, func.sum(entry.c.amount).label("amount"))
        settled = settled.where(entry.c.debtor_id == self.customer).group_by(entry.c.invoice_id)
        mine = select(invoice.c.id, invoice.c.total).where(invoice.c.debtor_id == self.customer)
        totals = {row.id: row.total for row in await self.rows(mine)}
        for row in await self.rows(settled):
            assert row.amount >= 0, f"{row.amount} on {row.invoice_id or 'credit'}"
            assert row.invoice_id is None or row.amount <= totals[row.invoice_id], "an invoice is overpaid"

    async def books_are_the_ledger(self) -> None:
        held, booked = await self.held(), await self.booked()
        assert held == booked, f"ledger {held}, books {booked}, whatever a person does"
        open_ = (*ON_ITS_WAY, "requires_action", "authorized", "void_pending")
        stuck = [each.state for each in await self.attempts() if each.state in open_]
        steps = [(each.kind, each.state) for each in await self.operations() if each.state in ON_ITS_WAY]
        assert not stuck, stuck
        assert not steps, steps
        assert not await self.alerts(), [each.text for each in await self.alerts()]


class Person:
    """Sees what the API shows and the gateway's own list; does what the API can do."""

    def __init__(self, office: httpx.AsyncClient, agreement: Agreement) -> None:
        self.office, self.agreement = office, agreement

    async def acts(self) -> None:
        """On each payment that is open; then it may take its time until the gateway has answered."""
        for each in await self.agreement.attempts():
            await self.office.post(f"/v1/payment-attempts/{each.id}/look")
            await self._decides(each.id)

    async def signs_off(self) -> None:
        """What was found out about differences and alerts."""
        found = await self.office.get("/v1/payment-differences", params={"settled": "false"})
        for each in found.json()["items"]:
            tag = {"If-Match": f'"{each["version"]}"'}
            path = f"/v1/payment-differences/{each['id']}/settle"
            await self.office.post(path, json={"note": "looked up"}, headers=tag)
        for each in await self.agreement.alerts():
            tag = {"If-Match": f'"{each.version}"'}
            await self.office.post(f"/v1/payment-alerts/{each.id}/settle", json={"note": "seen"}, headers=tag)

    async def _decides(self, id: UUID) -> None:
        shown = await self.office.get(f"/v1/payment-attempts/{id}")
        now, path = shown.json(), f"/v1/payment-attempts/{id}"
        if now["state"] == "requires_action":
            await self.office.post(f"{path}/cancel")
        elif now["state"] == "authorized":
            await self.office.post(f"{path}/void", json={})
        elif now["state"] in ("needs_review", "unknown"):
            charges = [row for row in await self._theirs(id) if row.charge is None]
            taken = [row for row in charges if left(self.agreement.house.books, row)]
            held = any((row.kind, row.status) == ("authorization", "approved") for row in charges)
            await self._decides_by(path, taken, nothing="voided" if held else "failed")
        for each in now["operations"]:
            if each["kind"] in ("capture", "void", "refund") and each["state"] == "needs_review":
                done = [row for row in await self._theirs(id) if row.kind == each["kind"]]
                await self._decides_by(f"{path}/operations/{each['id']}", done, path)

    async def _theirs(self, id: UUID) -> list[Transaction]:
        return await self.agreement.of(await self.agreement.attempt(id))

    async def _decides_by(
        self, path: str, found: list[Transaction], attempt_path: str = "", *, nothing: str = "failed"
    ) -> None:
        """By what stands in the gateway's list: reference, amount and currency, or that it is not there."""
        body: dict[str, Any] = {"outcome": nothing, "note": "not in the gateway's list"}
        if found:
            row = found[0]
            body = {"outcome": "succeeded", "note": "in its list", "gateway_ref": row.id}
            body |= {"amount": row.amount, "currency": row.currency}
        tag = (await self.office.get(attempt_path or path)).headers["etag"]
        await self.office.post(f"{path}/decision", json=body, headers={"If-Match": tag})
