"""The arithmetic and the wording of invoices. Amounts are integers in minor units.

Rounding: a quantity is a decimal number, a unit price is in minor units and may have tenths of them (12.5
cents a foot). Quantity times unit price is rounded once, half up to the minor unit, line by line; a negative
line is rounded like the same positive one, so that both together are nothing. Tax is worked out once an
invoice, on the sum of its taxable lines less their share of the invoice's discount, rounded half up, and
never less than nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

LineKind = Literal["service_fee", "part", "labour", "other"]
FEE: LineKind = "service_fee"
"""The trade service fee: the only line that a partner's "do not collect" is about."""
Standing = Literal["draft", "issued", "partly_paid", "paid", "void", "credited"]

_FORBIDS = re.compile(r"(?:do\s+not|don'?t)\s+collect", re.IGNORECASE)
AGES: tuple[tuple[str, int | None, int | None], ...] = (
    ("current", None, 0),
    ("1-30", 1, 30),
    ("31-60", 31, 60),
    ("61-90", 61, 90),
    ("over 90", 91, None),
)
"""The columns of what is owed: days after it was due, from and to."""


@dataclass(frozen=True)
class Line:
    """`discount` is taken off this line. `unit_price` is in minor units, to a tenth of one; negative for what
    is taken off, such as a rebate."""

    quantity: Decimal
    unit_price: Decimal | int
    discount: int = 0
    taxable: bool = True


@dataclass(frozen=True)
class Totals:
    """`amounts` are the lines', after their discounts and before tax. `subtotal` is their sum less the
    invoice's discount, so that subtotal + tax = total."""

    amounts: tuple[int, ...]
    subtotal: int
    tax: int
    total: int


class Impossible(ValueError):
    """The figures do not fit; the message says which, for the person who typed them."""


def half_up(value: Decimal) -> int:
    """Halves go away from zero."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def total(lines: Sequence[Line], *, discount: int = 0, tax_rate: Decimal = Decimal(0)) -> Totals:
    """`discount` is taken off the whole invoice, `tax_rate` is percent. Raises Impossible for a discount that
    is more than what it is taken off."""
    amounts = tuple(_amount(line) for line in lines)
    whole = sum(amounts)
    if whole < 0:
        raise Impossible(
            "The lines come to less than nothing: give money back with a credit note or a refund"
        )
    if discount > whole:
        raise Impossible("The discount is more than the lines come to")
    taxable = sum(amount for line, amount in zip(lines, amounts, strict=True) if line.taxable)
    shared = half_up(Decimal(discount) * taxable / whole) if whole else 0
    tax = max(half_up((taxable - shared) * tax_rate / 100), 0)
    return Totals(amounts, whole - discount, tax, whole - discount + tax)


def _amount(line: Line) -> int:
    gross = half_up(line.quantity * line.unit_price)
    if line.discount > max(gross, 0):
        raise Impossible("A line's discount is more than the line comes to")
    return gross - line.discount


def split_price(price: Decimal) -> tuple[int, int]:
    """Whole minor units and tenths, both with the price's sign, as they are kept."""
    whole = int(price)
    return whole, int((price - whole) * 10)


def price(whole: int, tenths: int) -> Decimal:
    return Decimal(whole) + Decimal(tenths) / 10


def fee_part(lines: Iterable[tuple[LineKind, bool, int]], *, discount: int, tax: int, total: int) -> int:
    """What the trade service fee adds to the invoice's total: its lines, less their share of the invoice's
    discount, with their share of the tax. `lines` are (kind, taxable, amount)."""
    rows = list(lines)
    whole = sum(amount for _, _, amount in rows)
    taxable = sum(amount for _, taxed, amount in rows if taxed)
    fee = sum(amount for kind, _, amount in rows if kind == FEE)
    taxed_fee = sum(amount for kind, taxed, amount in rows if kind == FEE and taxed)
    off = half_up(Decimal(discount) * fee / whole) if whole else 0
    on = half_up(Decimal(tax) * taxed_fee / taxable) if taxable else 0
    return min(max(fee - off + on, 0), total)


def credited_tax(amount: int, *, total: int, tax: int, credited: int, tax_credited: int) -> int:
    """The tax in a credit note of `amount` on an invoice of which `credited` (tax in it: `tax_credited`) was
    credited before: its share, half up, and the rest with the last one, so that the notes add up to the
    invoice."""
    if amount + credited == total:
        return tax - tax_credited
    return min(half_up(Decimal(amount) * tax / total), tax - tax_credited)


def standing(state: str, *, total: int, settled: int, credited: int = 0) -> Standing:
    """What an invoice is called. `settled` is all that counts towards it, credit notes included."""
    if state == "draft":
        return "draft"
    if state == "void":
        return "void"
    if credited >= total and credited:
        return "credited"
    if settled >= total:
        return "paid"
    return "partly_paid" if settled > 0 else "issued"


def due(issued_on: date, terms_days: int) -> date:
    return issued_on + timedelta(days=terms_days)


def number(prefix: str, serial: int) -> str:
    """Such as INV-00042."""
    return f"{prefix}{serial:05d}"


def forbidding_words(notes: Iterable[str]) -> str | None:
    """The partner's sentence that forbids to collect, as it stands in one of the notes."""
    for note in notes:
        found = _FORBIDS.search(note)
        if found:
            start = max(note.rfind(mark, 0, found.start()) for mark in ".\n;") + 1
            ends = [at for mark in ".\n;" if (at := note.find(mark, found.end())) >= 0]
            return " ".join(note[start : min(ends, default=len(note))].split())[:300]
    return None


def not_payable(
    *,
    standing: Standing,
    bill_to_partner: bool,
    balance: int,
    withheld: int = 0,
    forbidden_by: str | None = None,
) -> str | None:
    """Why nobody may be charged for this invoice, in plain words; None where it can be paid, or a part of it.
    `withheld` is the trade service fee in it that must not be collected, `forbidden_by` are the partner's
    words."""
    if standing == "draft":
        return "This invoice is not issued yet."
    if standing in ("void", "credited"):
        return "This invoice was taken back."
    if balance <= 0:
        return "This invoice is paid."
    if bill_to_partner:
        return "The warranty company pays this invoice."
    if withheld >= balance:
        return f"All that is open is the service fee. The warranty company says: {forbidden_by}"
    return None
