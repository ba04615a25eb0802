"""A simulated gateway's ledger: what it was asked, and what it did, in a file of JSON lines that outlives
it."""

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from simulators.gateways.faults import AFTER, DECIDE, Faults, Mode
from simulators.gateways.rows import Kind, Order, Refused, Status, Transaction

OTHER = ("CAD", "USD")
STATUS: dict[str, Status] = {"pending": "pending", "review": "review", "duplicate": "duplicate"}


class Books:
    """Everything happens between two awaits, so nothing is ever half done. `number` makes references that
    look like the gateway's."""

    def __init__(self, path: Path, faults: Faults, *, prefix: str = "") -> None:
        self.transactions: dict[str, Transaction] = {}
        self.orders: dict[str, Order] = {}
        self.cards: dict[str, str] = {}
        self.faults = faults
        self._prefix, self._path = prefix, path
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            kind, _, data = line.partition(" ")
            model, rows = (Order, self.orders) if kind == "order" else (Transaction, self.transactions)
            row = model.model_validate_json(data)
            rows[row.id] = row  # pyright: ignore[reportArgumentType]

    def number(self) -> str:
        return f"{self._prefix}{secrets.randbelow(9 * 10**8) + 10**8}"

    def keep(self, row: Order | Transaction) -> None:
        """The newest line of an id counts."""
        rows = self.orders if isinstance(row, Order) else self.transactions
        rows[row.id] = row  # pyright: ignore[reportArgumentType]
        with self._path.open("a") as file:
            file.write(f"{type(row).__name__.lower()} {row.model_dump_json(exclude_none=True)}\n")

    def open_order(self, **fields: object) -> Order:
        """The same request id yields the same order."""
        known = next((row for row in self.orders.values() if _same(row.request_id, fields)), None)
        if known is None:
            fields = {"id": self.number(), "secret": secrets.token_urlsafe(16), **fields}
            self.keep(known := Order.model_validate(fields))
        return known

    def sent(self, request_id: str | None) -> Transaction | None:
        rows = self.transactions.values()
        return next((row for row in rows if request_id and row.request_id == request_id), None)

    def of(self, our_id: str) -> list[Transaction]:
        return [row for row in self.transactions.values() if row.our_id == our_id]

    def children(self, charge: str) -> Iterator[Transaction]:
        return (row for row in self.transactions.values() if row.charge == charge)

    def charge(
        self,
        *,
        our_id: str,
        amount: int,
        currency: str,
        card: str = "visa 4242",
        request_id: str | None = None,
        order: str | None = None,
        authorize_only: bool = False,
        declined: bool = False,
        duplicate: bool = False,
    ) -> Transaction:
        """Takes money, unless a fault says otherwise or the payer chose to be declined. The same request id
        yields the first answer."""
        if known := self.sent(request_id):
            return known
        fault = self.faults.take(*DECIDE)
        mode = "duplicate" if duplicate else fault.mode if fault else ""
        brand, _, last4 = card.partition(" ")
        no = declined or mode == "decline" or brand == "declined"
        done = Transaction(
            id=self.number(),
            kind="authorization" if authorize_only else "sale",
            status="declined" if no else STATUS.get(mode, "approved"),
            amount=amount // 10 if mode == "wrong_amount" else amount,
            currency=OTHER[currency == "CAD"] if mode == "wrong_currency" else currency,
            our_id=our_id,
            request_id=request_id,
            order=order,
            auth_code=None if no else f"OK{secrets.randbelow(9000) + 1000}",
            code="1012" if no else None,
            message="decline" if no else None,
            last4=last4 or "4242",
            brand="visa" if no and brand == "declined" else brand,
            avs=None if no else "no_match" if mode == "avs_fail" else "match",
            cvv=None if no else "no_match" if mode == "cvv_fail" else "match",
            duplicate_of=self._newest() if mode == "duplicate" else None,
        )
        self.keep(done)
        if mode == "take_twice":
            self.keep(done.model_copy(update={"id": self.number()}))
        return done

    def _newest(self) -> str | None:
        taken = (row for row in reversed(self.transactions.values()) if row.status == "approved")
        return next((row.id for row in taken if row.kind == "sale"), None)

    def pay(self, order: Order, *, declined: bool = False) -> Transaction:
        """The payer's decision on the page."""
        if order.status in ("paid", "canceled"):
            raise Refused("page_closed", "This page was used already.")
        done = self.charge(
            our_id=order.our_id,
            amount=order.amount,
            currency=order.currency,
            card=order.card,
            order=order.id,
            authorize_only=order.authorize_only,
            declined=declined,
        )
        self.keep(order.model_copy(update={"status": "open" if done.status == "declined" else "paid"}))
        return done

    def capture(self, ref: str, amount: int, request_id: str | None) -> Transaction:
        held = self.find(ref)
        if known := self.sent(request_id):
            return known
        if held.kind != "authorization" or held.status != "approved" or amount > held.amount:
            raise Refused("capture_refused", "Only an open authorisation can be captured, up to its amount.")
        if any(row.kind == "capture" for row in self.children(ref)):
            raise Refused("captured_already", "The authorisation was captured already.")
        return self.after(held, "capture", amount, request_id, self._fault("capture"))

    def end(self, ref: str, *, approved: bool) -> Transaction:
        """What was pending is so no more."""
        if (held := self.find(ref)).status != "pending":
            raise Refused("not_pending", "The transaction is not pending.")
        self.keep(held := held.model_copy(update={"status": "approved" if approved else "declined"}))
        return held

    def void(self, ref: str, request_id: str | None) -> Transaction:
        held = self.find(ref)
        if known := self.sent(request_id):
            return known
        if held.status not in ("approved", "pending", "review") or held.settled or any(self.children(ref)):
            raise Refused("void_refused", "The transaction can no longer be voided.")
        self._fault("void")
        self.keep(held.model_copy(update={"status": "voided"}))
        return self.after(held, "void", held.amount, request_id)

    def refund(self, ref: str, amount: int, request_id: str | None) -> Transaction:
        held = self.find(ref)
        if known := self.sent(request_id):
            return known
        if held.kind == "authorization" or held.status not in ("approved", "review"):
            raise Refused("refund_refused", "There is nothing to give back.")
        if amount <= 0 or amount > self.refundable(held):
            raise Refused("refund_amount_exceeded", "More than what is left of the payment.")
        return self.after(held, "refund", amount, request_id, self._fault("refund"))

    def _fault(self, kind: str) -> str:
        """The one that was ordered for a capture, void or refund."""
        refusals: dict[str, Mode] = {
            "capture": "refuse_capture",
            "void": "refuse_void",
            "refund": "refuse_refund",
        }
        if self.faults.take(refusals[kind]):
            raise Refused(f"{kind}_refused", f"The {kind} was refused.")
        fault = self.faults.take(*AFTER)
        return fault.mode if fault else ""

    def refundable(self, held: Transaction) -> int:
        if held.kind == "authorization" or held.status not in ("approved", "review"):
            return 0
        return held.amount - gone(self.children(held.id))

    def find(self, ref: str) -> Transaction:
        if (held := self.transactions.get(ref)) is None:
            raise Refused("not_found", "No such transaction.")
        return held

    def after(
        self, held: Transaction, kind: Kind, amount: int, request_id: str | None, mode: str = ""
    ) -> Transaction:
        done = Transaction(
            id=self.number(),
            kind=kind,
            status="review" if mode == "review" else "approved",
            amount=max(amount // 10, 1) if mode == "other_amount" else amount,
            currency=held.currency,
            our_id=request_id or held.our_id,
            request_id=request_id,
            charge=held.id,
            order=held.order,
            auth_code=held.auth_code,
            last4=held.last4,
            brand=held.brand,
        )
        self.keep(done)
        return done


def gone(rows: Iterable[Transaction]) -> int:
    """What refunds and disputes among these have taken back."""
    back = {"refund": lambda row: row.amount if row.status in ("approved", "review") else 0}
    back["dispute"] = lambda row: row.withdrawn or 0
    return sum(back[row.kind](row) for row in rows if row.kind in back)


def _same(request_id: str | None, fields: dict[str, object]) -> bool:
    return request_id is not None and request_id == fields.get("request_id")
