"""The arithmetic and the wording of invoices. Amounts are integers in minor units.

Rounding: a quantity is a decimal number; quantity times unit price is rounded half up to the minor unit, line
by line. Tax is worked out once an invoice, on the sum of its taxable lines less their share of the invoice's
discount, and rounded half up.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

LineKind = Literal["service_fee", "part", "labour", "other"]
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
    """`discount` is taken off this line."""

    quantity: Decimal
    unit_price: int
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
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def total(lines: Sequence[Line], *, discount: int = 0, tax_rate: Decimal = Decimal(0)) -> Totals:
    """`discount` is taken off the whole invoice, `tax_rate` is percent. Raises Impossible for a discount that
    is more than what it is taken off."""
    amounts = tuple(_amount(line) for line in lines)
    whole = sum(amounts)
    if discount > whole:
        raise Impossible("The discount is more than the lines come to")
    taxable = sum(amount for line, amount in zip(lines, amounts, strict=True) if line.taxable)
    shared = half_up(Decimal(discount) * taxable / whole) if whole else 0
    tax = half_up((taxable - shared) * tax_rate / 100)
    return Totals(amounts, whole - discount, tax, whole - discount + tax)


def _amount(line: Line) -> int:
    gross = half_up(line.quantity * line.unit_price)
    if line.discount > gross:
        raise Impossible("A line's discount is more than the line comes to")
    return gross - line.discount


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
    *, standing: Standing, bill_to_partner: bool, do_not_collect: str | None, balance: int
) -> str | None:
    """Why nobody may be charged for this invoice, in plain words; None where it can be paid."""
    if standing == "draft":
        return "This invoice is not issued yet."
    if standing in ("void", "credited"):
        return "This invoice was taken back."
    if bill_to_partner:
        return "The warranty company pays this invoice."
    if do_not_collect is not None:
        return f"The warranty company says: {do_not_collect}"
    return "This invoice is paid." if balance <= 0 else None
