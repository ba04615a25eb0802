"""Random interleavings of click, lost answer, webhook, janitor, crash and refund; what must then be true."""

import asyncio
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from bills import issued, known_customer, ticket
from gateway import Clock
from gateways import ACCOUNTS, HEARD_WITH, account_at
from harness import client
from payments.flows.webhooks import apply_waiting
from payments.models import attempt, attempt_invoice, entry, operation
from shared.service import Running
from simulators.gateways.all import GATEWAYS
from simulators.gateways.faults import Fault, Mode
from simulators.gateways.house import House
from simulators.gateways.rows import Refused
from simulators.gateways.webhooks import Target
from sqlalchemy import func, select

FAULTS: tuple[Mode, ...] = (
    "drop",
    "lose",
    "fail",
    "refuse",
    "garbage",
    "decline",
    "webhook_none",
    "webhook_replay",
)


class Crash(BaseException):
    """The process dies; nothing of ours may catch it."""


class Line(httpx.AsyncBaseTransport):
    """The way to the gateway, on which the process may die before or after a call."""

    def __init__(self, app: Any) -> None:
        self.inner, self.dies = httpx.ASGITransport(app), ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Crash
        answer = await self.inner.handle_async_request(request)
        if dies == "after":
            raise Crash
        return answer


class Story:
    """One service and one gateway; each interleaving has an invoice of its own."""

    def __init__(
        self, gateway: str, run: Running[Any], office: httpx.AsyncClient, folder: Path, clock: Clock
    ) -> None:
        self.gateway, self.run, self.office, self.clock = gateway, run, office, clock
        self.app = GATEWAYS[gateway](folder, client=client(run))
        self.house: House = self.app.state.house
        if gateway in HEARD_WITH:
            hook = f"http://callboard.test/v1/gateway-webhooks/{gateway}"
            self.house.caller.target = Target(url=hook, secret=ACCOUNTS[gateway][HEARD_WITH[gateway]])
        self.line = Line(self.app)
        run.tools.http = httpx.AsyncClient(transport=self.line, timeout=5)
        self.browser = client(run)

    async def open(self) -> None:
        fields = account_at(self.gateway, "http://127.0.0.1")
        body = {"gateway": self.gateway, "name": self.gateway, "fields": fields}
        body |= {"default_cards": True, "default_portal": True}
        (await self.office.post("/v1/gateway-accounts", json=body)).raise_for_status()
        self.person = await known_customer(self.run)

    async def tell(self, seed: int) -> None:
        chance = random.Random(seed)
        self.clock.ahead *= 0
        self.bill = await issued(self.office, self.person)
        steps = (self.click, self.click, self.page, self.refund, self.crash, self.wait, self.webhooks)
        for _ in range(chance.randint(2, 6)):
            if chance.random() < 0.5:
                self.house.faults.waiting.append(Fault(mode=chance.choice(FAULTS)))
            together = [chance.choice(steps)(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
            await asyncio.gather(*(self.survive(step) for step in together))
        await self.settle()

    async def click(self, chance: random.Random) -> None:
        token = chance.choice(("tok_visa", "tok_visa", "tok_declined"))
        body: dict[str, Any] = {"invoices": [{"invoice_id": self.bill["id"]}], "token": token}
        if chance.random() < 0.3:
            body["invoices"][0]["amount"] = chance.randint(1, 6000)
        await self.office.post("/v1/payment-attempts", json=body)

    async def page(self, chance: random.Random) -> None:
        body = {"ticket": ticket(self.person, self.bill["id"])}
        answer = await self.office.post("/v1/checkouts", json=body)
        if answer.status_code != 201 or not answer.json()["redirect_url"]:
            return
        mine = UUID(answer.json()["id"]).hex
        order = next(each for each in reversed(self.house.books.orders.values()) if each.our_id == mine)
        decision = chance.choice(("pay", "pay", "decline", "cancel"))
        try:
            _, url = self.house.decide(order, decision, "visa 4242")
        except Refused:
            return
        if chance.random() < 0.6:
            back = httpx.URL(url)
            await self.browser.get(back.path, params=back.params)

    async def refund(self, chance: random.Random) -> None:
        for each in await self._attempts():
            body = {} if chance.random() < 0.3 else {"amount": chance.randint(1, 9000)}
            await self.office.post(f"/v1/payment-attempts/{each.id}/refund", json=body)

    async def crash(self, chance: random.Random) -> None:
        """The next call to the gateway is the process's last."""
        self.line.dies = chance.choice(("before", "after"))
        await chance.choice((self.click, self.page, self.refund))(chance)

    async def survive(self, step: Any) -> None:
        try:
            await step
        except Crash:
            return

    async def wait(self, chance: random.Random) -> None:
        await self.clock.pass_by(self.run, minutes=chance.choice((1, 2, 10, 45, 300)))

    async def webhooks(self, _chance: random.Random) -> None:
        await apply_waiting(self.run)

    async def settle(self) -> None:
        self.line.dies = ""
        self.house.faults.waiting.clear()
        await self.house.caller.settled()
        await apply_waiting(self.run)
        for minutes in (2, 10, 20, 90, 400, *[1500] * 4):
            if not await self._unsettled():
                break
            await self.clock.pass_by(self.run, minutes=minutes)
            await self.house.caller.settled()

    async def _unsettled(self) -> bool:
        async with self.run.database.read() as read:
            for table in (attempt, operation):
                query = select(table.c.id).where(table.c.next_check_at.is_not(None)).limit(1)
                if (await read.execute(query)).first() is not None:
                    return True
        return False

    async def check(self) -> None:
        """The gateway's ledger is ours, a sale at most is approved an attempt, refunds are no more than that,
        and the books hold exactly what moved."""
        for each in await self._attempts():
            theirs = self.house.books.of(each.id.hex)
            taken = [row for row in theirs if row.kind == "sale" and row.status == "approved"]
            assert len(taken) <= 1, theirs
            children = [row for sale in taken for row in self.house.books.children(sale.id)]
            given = [row for row in children if row.status != "declined"]
            assert sum(row.amount for row in given) <= sum(row.amount for row in taken), theirs
            async with self.run.database.read() as read:
                query = select(operation).where(operation.c.attempt_id == each.id)
                ours = (await read.execute(query)).all()
                booked = (
                    await read.execute(
                        select(func.coalesce(func.sum(entry.c.amount), 0)).where(
                            entry.c.operation_id.in_([row.id for row in ours]), entry.c.kind != "applied"
                        )
                    )
                ).scalar_one()
            assert each.state in ("succeeded", "declined", "failed", "canceled", "expired"), each
            sold = sum(row.amount for row in ours if row.kind == "sale" and row.state == "succeeded")
            back = sum(row.amount for row in ours if row.kind == "refund" and row.state == "succeeded")
            assert not [row for row in ours if row.state in ("submitting", "unknown", "pending")], ours
            assert sold == sum(row.amount for row in taken), (each, theirs)
            assert back == sum(row.amount for row in given), (ours, children)
            assert booked == sold - back, (ours, booked)

    async def _attempts(self) -> list[Any]:
        about = attempt_invoice.c.invoice_id == UUID(self.bill["id"])
        mine = select(attempt_invoice.c.attempt_id).where(about)
        async with self.run.database.read() as read:
            return list((await read.execute(select(attempt).where(attempt.c.id.in_(mine)))).all())
