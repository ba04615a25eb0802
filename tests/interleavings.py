"""Random stories of one debt at one gateway: payers, the office, the gateway's dashboard, crashes, lies and
time, in any order. What must be true in the end stands in `agreement`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import shared.db
from agreement import Agreement, Person
from bills import issued, known_customer, pay_by_cheque, ticket
from gateway import Clock
from gateways import ACCOUNTS, HEARD_WITH, account_at
from harness import client
from payments.flows.reconciliation import compare_due
from payments.flows.webhooks import apply_waiting
from payments.gateways import WITHOUT_PAGE
from shared.service import Running
from simulators.gateways import dashboard, rows
from simulators.gateways.all import GATEWAYS
from simulators.gateways.faults import LIES, Fault, Mode
from simulators.gateways.house import House
from simulators.gateways.rows import Refused
from simulators.gateways.webhooks import Target

CALLS: tuple[Mode, ...] = (
    "drop",
    "lose",
    "fail",
    "refuse",
    "garbage",
    "twice",
    "decline",
    "pending",
    "review",
    "avs_fail",
    "wrong_amount",
    "wrong_currency",
    "take_twice",
    "duplicate",
    "other_amount",
    "refuse_capture",
    "refuse_void",
    "refuse_refund",
    "webhook_none",
    "webhook_wrong_amount",
    "webhook_unsigned",
)
LOOKS: tuple[Mode, ...] = ("drop", "refuse", "garbage", *LIES)
CANNOT: dict[str, tuple[Mode, ...]] = {
    "stripe": ("take_twice", "duplicate", "webhook_none", "webhook_wrong_amount", "webhook_unsigned"),
    "paypal": ("take_twice",),
}
"""A session or an order takes one payment. Stripe repeats its news until they are taken."""
TOKENS = ("sandbox", "merchantware", "qbms", "quickbooks")
Step = Callable[[random.Random], Awaitable[None]]


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
    """One service and one gateway; each story has a customer and an invoice of its own."""

    def __init__(
        self, gateway: str, run: Running[Any], office: httpx.AsyncClient, folder: Path, clock: Clock
    ) -> None:
        self.gateway, self.run, self.office, self.clock = gateway, run, office, clock
        self.app = GATEWAYS[gateway](folder, client=client(run))
        self.house: House = self.app.state.house
        self.house.caller.holds = True
        if gateway in HEARD_WITH:
            hook = f"http://callboard.test/v1/gateway-webhooks/{gateway}"
            self.house.caller.target = Target(url=hook, secret=ACCOUNTS[gateway][HEARD_WITH[gateway]])
        self.line = Line(self.app)
        run.tools.http = httpx.AsyncClient(transport=self.line, timeout=5)
        self.browser = client(run)
        self.told: list[str] = []
        self.took = 0  # stories in which money moved
        pages = [] if gateway in WITHOUT_PAGE else [self.pay_page, self.pay_late, self.cancel]
        holds = [] if gateway == "paypal" else [self.hold, self.capture, self.void]
        told = [self.dispute] if gateway in ("sandbox", "paypal", "stripe") else []
        there = [self.back_there] if gateway != "merchantware" else []
        there += [self.void_there] if gateway in ("sandbox", "stripe") else []
        pay = [self.pay_page if pages else self.pay_office, self.hold if holds else self.pay_office]
        self.paying: list[Step] = [*pay, self.pay_office, self.pay_office]
        self.steps: list[Step] = [self.refund, self.wait, self.cheque, self.bookkeeping, self.look]
        self.steps += [self.crash, self.news, self.news, *self.paying, *pages, *holds, *told, *there]

    async def open(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(rows, "now", lambda: shared.db.clock())
        fields = account_at(self.gateway, "http://127.0.0.1")
        body = {"gateway": self.gateway, "name": self.gateway, "fields": fields}
        body |= {"default_cards": True, "default_portal": self.gateway not in WITHOUT_PAGE}
        (await self.office.post("/v1/gateway-accounts", json=body)).raise_for_status()

    async def tell(self, seed: int) -> None:
        """The whole story, and what must be true after it. `told` are its steps."""
        chance = random.Random(seed)
        self.told, self.pages = [], list[str]()
        for kept in (self.house.books.transactions, self.house.books.orders, self.house.caller.sent):
            kept.clear()  # every story looks through all of them
        self.customer = await known_customer(self.run)
        self.bill = await issued(self.office, self.customer)
        self.agreement = Agreement(self.run, self.house, self.customer, self.browser)
        for _ in range(chance.randint(2, 7)):
            if chance.random() < 0.6:
                self._order(chance)
            steps = self.steps if self.told else [*self.paying, *self.steps]
            together = [chance.choice(steps) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
            self.told.append(" | ".join(step.__name__ for step in together))
            await asyncio.gather(*(self._survive(step, chance) for step in together))
        self.line.dies = ""
        self.house.faults.waiting.clear()
        await self._all_news(chance)
        await self._pass()
        await self._compare_days()
        await self.agreement.books_or_alert()
        await self.agreement.nobody_is_told_a_falsehood()
        self.took += any(row.status != "declined" for row in await self.agreement.ledger())
        person = Person(self.office, self.agreement)
        for _ in range(3):
            await person.acts()
            await self._pass()
        await person.signs_off()
        await self.agreement.books_are_the_ledger()

    def _order(self, chance: random.Random) -> None:
        only = chance.choice(("call", "look"))
        mode = chance.choice(LOOKS if only == "look" else CALLS)
        if mode not in CANNOT.get(self.gateway, ()):
            self.told.append(f"fault {mode} {only}")
            self.house.faults.waiting.append(Fault(mode=mode, only=only, times=chance.choice((1, 1, 3))))

    async def _survive(self, step: Step, chance: random.Random) -> None:
        try:
            await step(chance)
        except (Crash, Refused):
            return

    async def _pass(self) -> None:
        """Until nothing is looked at any more."""
        for minutes in (2, 10, 20, 90, 400, *[1500] * 40):
            if not await self.agreement.due():
                break
            await self.clock.pass_by(self.run, minutes=minutes)
            await self._all_news(random.Random(0))

    async def _compare_days(self) -> None:
        """The gateway's lists, day by day, until each day of this story is over in every zone."""
        await self.clock.pass_by(self.run, days=4)
        await compare_due(self.run)
        await self._pass()

    async def _all_news(self, chance: random.Random) -> None:
        caller = self.house.caller
        while caller.held:
            await caller.deliver(chance.randrange(len(caller.held)))
        await apply_waiting(self.run)

    # What the office does

    async def _charge(self, chance: random.Random, kind: str) -> None:
        part: dict[str, Any] = {"invoice_id": self.bill["id"]}
        if chance.random() < 0.3:
            part["amount"] = chance.randint(1, 6000)
        body: dict[str, Any] = {"invoices": [part], "kind": kind}
        if self.gateway in TOKENS:
            bad = self.gateway == "sandbox" and chance.random() < 0.2
            body["token"] = "tok_declined" if bad else "tok_visa"
        answer = await self.office.post("/v1/payment-attempts", json=body)
        if answer.status_code == 201 and answer.json().get("redirect_url"):
            await self._go_on(chance, answer.json()["order_ref"])

    async def pay_office(self, chance: random.Random) -> None:
        await self._charge(chance, "sale")

    async def hold(self, chance: random.Random) -> None:
        await self._charge(chance, "authorize")

    async def _on_each(self, what: str, chance: random.Random, *, part: bool) -> None:
        for each in await self.agreement.attempts():
            body = {"amount": chance.randint(1, 9000)} if part and chance.random() < 0.6 else {}
            await self.office.post(f"/v1/payment-attempts/{each.id}/{what}", json=body)

    async def capture(self, chance: random.Random) -> None:
        await self._on_each("capture", chance, part=True)

    async def void(self, chance: random.Random) -> None:
        await self._on_each("void", chance, part=False)

    async def refund(self, chance: random.Random) -> None:
        await self._on_each("refund", chance, part=True)

    async def look(self, _chance: random.Random) -> None:
        for each in await self.agreement.attempts():
            await self.office.post(f"/v1/payment-attempts/{each.id}/look")

    async def cancel(self, _chance: random.Random) -> None:
        for each in await self.agreement.attempts():
            await self.office.post(f"/v1/payment-attempts/{each.id}/cancel")

    async def cheque(self, chance: random.Random) -> None:
        amount = chance.choice((2500, 12540))
        await pay_by_cheque(self.office, self.customer, amount, **{self.bill["id"]: amount})

    async def bookkeeping(self, chance: random.Random) -> None:
        """Credit used, part of the invoice written off, the invoice voided, a deposit."""
        path = f"/v1/invoices/{self.bill['id']}"
        match chance.choice(("credit", "note", "void", "deposit")):
            case "credit":
                await self.office.post(f"{path}/apply-credit", json={})
            case "note":
                await self.office.post(f"{path}/credit-notes", json={"reason": "goodwill", "amount": 2000})
            case "void":
                shown = (await self.office.get(path)).headers["etag"]
                await self.office.post(f"{path}/void", json={"reason": "wrong"}, headers={"If-Match": shown})
            case _:
                await pay_by_cheque(self.office, self.customer, 1000)

    # What the payer does

    async def pay_page(self, chance: random.Random) -> None:
        body = {"ticket": ticket(self.customer, self.bill["id"])}
        answer = await self.browser.post("/v1/checkouts", json=body)
        if answer.status_code != 201 or not answer.json()["redirect_url"]:
            return
        row = await self.agreement.attempt(UUID(answer.json()["id"]))
        await self._go_on(chance, row.order_ref)

    async def _go_on(self, chance: random.Random, order_ref: str) -> None:
        self.pages.append(order_ref)
        if chance.random() < 0.8:
            await self._pay(chance, order_ref)

    async def pay_late(self, chance: random.Random) -> None:
        """A page that was left open; for us it may be over long since."""
        if self.pages:
            await self._pay(chance, chance.choice(self.pages))

    async def _pay(self, chance: random.Random, order_ref: str) -> None:
        order = self.house.books.orders[order_ref]
        decision = chance.choice(("pay", "pay", "pay", "pay", "decline", "cancel"))
        _, url = self.house.decide(order, decision, "visa 4242")
        if url and chance.random() < 0.8:
            back = httpx.URL(url)
            await self.browser.get(back.path, params=back.params)

    # What happens at the gateway

    async def _paid_there(self, chance: random.Random) -> rows.Transaction | None:
        mine = [row for row in await self.agreement.ledger() if row.kind in ("sale", "capture")]
        mine = [row for row in mine if self.house.books.refundable(row) > 0]
        return chance.choice(mine) if mine else None

    async def dispute(self, chance: random.Random) -> None:
        """Opened, of a part or the whole; or one that is open is won or lost."""
        cases = [row for row in await self.agreement.ledger() if row.stage == "withdrawn"]
        if cases:
            self.house.tell(dashboard.close(self.house.books, cases[0].id, won=chance.random() < 0.5))
        elif (paid := await self._paid_there(chance)) is not None:
            left = self.house.books.refundable(paid)
            amount = chance.choice((left, chance.randint(1, left)))
            self.house.tell(dashboard.dispute(self.house.books, paid.id, amount))

    async def back_there(self, chance: random.Random) -> None:
        """A refund made in the dashboard, or a refund that comes back."""
        books = self.house.books
        given = [
            row for row in await self.agreement.ledger() if row.kind == "refund" and row.status != "failed"
        ]
        if given and self.gateway in ("sandbox", "stripe") and chance.random() < 0.4:
            self.house.tell(dashboard.come_back(books, chance.choice(given).id))
        elif (paid := await self._paid_there(chance)) is not None:
            left = books.refundable(paid)
            self.house.tell(books.refund(paid.id, chance.choice((left, chance.randint(1, left))), None))

    async def void_there(self, chance: random.Random) -> None:
        """A charge or a hold taken back in the dashboard; at Stripe only a hold can be."""
        kinds = ("authorization",) if self.gateway == "stripe" else ("sale", "authorization")
        mine = [row for row in await self.agreement.ledger() if row.kind in kinds]
        if mine:
            self.house.tell(self.house.books.void(chance.choice(mine).id, None))

    async def news(self, chance: random.Random) -> None:
        """One of the gateway's calls arrives, perhaps not for the last time, or is lost."""
        caller = self.house.caller
        if caller.held:
            at = chance.randrange(len(caller.held))
            if chance.random() < 0.2 and self.gateway != "stripe":
                caller.held.pop(at)
            else:
                await caller.deliver(at, again=chance.random() < 0.3)
        await apply_waiting(self.run)

    # What happens to us

    async def crash(self, chance: random.Random) -> None:
        """The next call to the gateway is the process's last."""
        self.line.dies = chance.choice(("before", "after"))
        await chance.choice([*self.paying, self.refund])(chance)

    async def wait(self, chance: random.Random) -> None:
        await self.clock.pass_by(self.run, minutes=chance.choice((1, 2, 10, 45, 130, 300, 1500)))
