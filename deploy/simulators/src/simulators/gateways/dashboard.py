"""What happens at a gateway without being asked for: refunds and voids that a person makes in its dashboard,
refunds that come back, disputes that are opened, won and lost. Each is told by the gateway's news."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from simulators.gateways.books import Books, gone
from simulators.gateways.rows import Refused, Transaction

FEE = 1500
router = APIRouter()


def come_back(books: Books, ref: str) -> Transaction:
    """A refund that was given has failed after all."""
    given = books.find(ref)
    if given.kind != "refund" or given.status not in ("approved", "review"):
        raise Refused("not_given", "There is no refund that could come back.")
    books.keep(given := given.model_copy(update={"status": "failed"}))
    return given


def dispute(books: Books, ref: str, amount: int, *, withdrawn: bool = True) -> Transaction:
    """The payer's bank asks for this much, and mostly takes it at once; the gateway takes a fee."""
    if not 0 < amount <= books.refundable(held := books.find(ref)):
        raise Refused("dispute_refused", "More than what is left of the payment.")
    case = books.after(held, "dispute", amount, None)
    stage = "withdrawn" if withdrawn else "opened"
    said = {"stage": stage, "withdrawn": amount if withdrawn else 0, "fee": FEE if withdrawn else 0}
    books.keep(case := case.model_copy(update=said))
    return case


def close(books: Books, ref: str, *, won: bool) -> Transaction:
    case = books.find(ref)
    if case.kind != "dispute" or case.stage not in ("opened", "withdrawn"):
        raise Refused("no_case", "There is no open dispute.")
    end = {"stage": "won", "withdrawn": 0, "fee": 0} if won else {"stage": "lost", "withdrawn": case.amount}
    books.keep(case := case.model_copy(update=end))
    return case


def left(books: Books, charge: Transaction) -> int:
    """What the merchant still has of a charge."""
    if charge.status not in ("approved", "review"):
        return 0
    children = list(books.children(charge.id))
    if charge.kind == "authorization":
        taken = sum(left(books, row) for row in children if row.kind == "capture")
        return taken - gone(children)
    return charge.amount - gone(children)


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(gt=0, lt=10**12)]


@router.post("/dashboard/{id}/{what}")
async def do(request: Request, id: str, what: str, order: Order | None = None) -> Response:
    """`refund` and `dispute` (of an amount), `void`, `come-back` (a refund), `won` and `lost` (a dispute)."""
    house = request.app.state.house
    books: Books = house.books
    amount = order.amount if order else books.find(id).amount
    match what:
        case "refund":
            done = books.refund(id, amount, None)
        case "void":
            done = books.void(id, None)
        case "come-back":
            done = come_back(books, id)
        case "dispute":
            done = dispute(books, id, amount)
        case "won" | "lost":
            done = close(books, id, won=what == "won")
        case _:
            return Response(status_code=404)
    house.tell(done)
    return Response(done.model_dump_json(exclude_none=True), media_type="application/json")
