"""What all simulated gateways have: the ledger, the page for the payer, faults to order, webhooks."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qsl, urlencode

import httpx
from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, Template
from pydantic import ValidationError

from simulators import page
from simulators.gateways import dashboard
from simulators.gateways.books import Books
from simulators.gateways.faults import Fault, Faults, Mode, OnTheWay
from simulators.gateways.lies import LIES
from simulators.gateways.rows import Order, Refused, Transaction
from simulators.gateways.webhooks import Caller, Target

SHOWN = 200
PAGE = {name: value for name, value in page.HEADERS.items() if name != "Content-Security-Policy"} | {
    # no form-action: the answer to the form sends the browser back to the merchant
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
}
FAULT = {"requestBody": {"content": {"application/json": {"schema": Fault.model_json_schema()}}}}
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
Heard = Callable[["House", Transaction], None]
Back = Callable[[Order, Transaction | None], dict[str, str]]


class House:
    """One simulated gateway. `back` makes the query that a payer returns with (None: he canceled); `heard` is
    told of every transaction that the payer caused; `takes` is false where the payer only agrees.
    `news` is told of what happens in the gateway's dashboard. `public_url` is set where browsers reach it at
    another address than the services do; `base` is where it was last reached, with a slash at the end."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        back: Back,
        heard: Heard | None = None,
        news: Heard | None = None,
        takes: bool = True,
        prefix: str = "",
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self.name, self.back, self.heard, self.takes = name, back, heard, takes
        self.news, self.public_url, self.base = news, "", f"http://{name}.test/"
        self.faults = Faults()
        self.books = Books(folder / f"{name}.jsonl", self.faults, prefix=prefix)
        self.caller = Caller(self.faults, client)

    def app(self, router: APIRouter) -> FastAPI:
        app = FastAPI(title=f"Simulated {self.name}", version="1")
        app.state.house = self
        app.add_middleware(OnTheWay, faults=self.faults, lie=LIES[self.name])
        app.include_router(_own)
        app.include_router(dashboard.router)
        app.include_router(router)
        return app

    def tell(self, done: Transaction) -> None:
        if self.news is not None:
            self.news(self, done)

    def decide(self, order: Order, decision: str, card: str) -> tuple[Transaction | None, str]:
        """The payer's decision, and where it sends him. Raises Refused where the page was used already."""
        if decision == "cancel":
            return None, _with(order.cancel_url, self.back(order, None))
        order = order.model_copy(update={"card": card[:30] or "visa 4242"})
        if not self.takes and decision == "pay":
            if order.status != "open":
                raise Refused("page_closed", "This page was used already.")
            self.books.keep(order.model_copy(update={"status": "agreed"}))
            return None, _with(order.return_url, self.back(order, _agreed(order)))
        done = self.books.pay(order, declined=decision == "decline")
        if self.heard is not None:
            self.heard(self, done)
        return done, _with(order.return_url, self.back(order, done))


def template(name: str) -> Template:
    return _templates.get_template(name)


def house(request: Request) -> House:
    here: House = request.app.state.house
    outside = here.public_url or f"{request.url.scheme}://{request.url.netloc}"
    here.base = f"{outside}{request.scope.get('root_path', '')}/"  # `base_url` is the outermost one's
    return here


def root(request: Request) -> str:
    """Where browsers find this gateway, with a slash at the end."""
    return house(request).base


def _agreed(order: Order) -> Transaction:
    amount, currency = order.amount, order.currency
    return Transaction(
        id="", kind="sale", status="pending", amount=amount, currency=currency, our_id=order.our_id
    )


def _with(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url


_own = APIRouter()


@_own.get("/page/{id}", include_in_schema=False)
async def show_page(request: Request, id: str) -> HTMLResponse:
    return _page(request, _order(request, id))


@_own.post("/page/{id}", include_in_schema=False)
async def decide(request: Request, id: str) -> Response:
    order = _order(request, id)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
    try:
        done, url = house(request).decide(order, form.get("decision", ""), form.get("card", ""))
    except Refused as refusal:
        return _page(request, order, refusal.message)
    if done is not None and done.status == "declined" and house(request).name == "stripe":
        return _page(request, order, "Your card was declined. Try another one.")
    return RedirectResponse(url, 303)


def _order(request: Request, id: str) -> Order:
    order = house(request).books.orders.get(id)
    if order is None:
        raise HTTPException(404, "no such page")
    return order


def _page(request: Request, order: Order, problem: str = "") -> HTMLResponse:
    amount = f"{order.amount / 100:.2f}"
    words = {"gateway": house(request).name, "order": order, "amount": amount, "problem": problem}
    html = template("pay.html").render(words, root=root(request))
    return HTMLResponse(html, headers=PAGE)


@_own.get("/", include_in_schema=False)
async def show(request: Request) -> HTMLResponse:
    here = house(request)
    rows = list(reversed(here.books.transactions.values()))[:SHOWN]
    words = {"gateway": here.name, "rows": rows, "faults": here.faults.waiting, "modes": get_args(Mode)}
    return HTMLResponse(template("ledger.html").render(words), headers=page.HEADERS)


@_own.get("/style.css", include_in_schema=False)
async def style() -> Response:
    return FileResponse(page.STYLE, media_type="text/css")


@_own.get("/ledger")
async def ledger(request: Request, our_id: str | None = None) -> list[Transaction]:
    """Every transaction, oldest first."""
    return [row for row in house(request).books.transactions.values() if our_id in (None, row.our_id)]


@_own.post("/ledger/settle")
async def settle(request: Request) -> dict[str, int]:
    """The evening's batch: what is approved can from now on only be refunded."""
    books = house(request).books
    done = [row for row in books.transactions.values() if row.status == "approved" and not row.settled]
    for row in done:
        books.keep(row.model_copy(update={"settled": True}))
    return {"settled": len(done)}


@_own.get("/faults")
async def faults(request: Request) -> list[Fault]:
    return house(request).faults.waiting


@_own.post(
    "/faults",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": Fault.model_json_schema()}}}},
)
async def order_fault(request: Request) -> Response:
    """One more fault, after those that wait."""
    body, waiting = await request.body(), house(request).faults.waiting
    form = "application/x-www-form-urlencoded" in request.headers.get("content-type", "")
    if form and request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "only from the simulator's own page")
    try:
        asked = dict(parse_qsl(body.decode("utf-8", "replace"))) if form else {}
        if form and not asked.get("mode"):
            waiting.clear()
        else:
            waiting.append(Fault.model_validate(asked) if form else Fault.model_validate_json(body))
    except ValidationError:
        raise HTTPException(422, "no such fault") from None
    return RedirectResponse("./", 303) if form else Response(status_code=204)


@_own.delete("/faults", status_code=204)
async def recover(request: Request) -> None:
    house(request).faults.waiting.clear()


@_own.put("/webhook")
async def point(request: Request, target: Target) -> Target:
    """Where webhooks go from now on."""
    house(request).caller.target = target
    return target
