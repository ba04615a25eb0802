"""Amounts: integers in minor units inside, decimal text on the wire."""

import re
from decimal import Decimal

from shared.money import places
from shared.money import to_text as written

NUMBER = re.compile(r"-?(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,4})?", re.ASCII)


def to_text(amount: int, currency: str = "USD") -> str:
    """12540 USD is "125.40"; 12540 JPY is "12540"."""
    return written(amount, currency)


def from_text(text: object, currency: str = "USD") -> int | None:
    """The amount of a gateway's text; None where it is none, or finer than the currency is."""
    if not isinstance(text, str) or not NUMBER.fullmatch(text.strip()):
        return None
    value = Decimal(text.strip().replace(",", ""))
    scaled = value.scaleb(places(currency))
    return int(scaled) if scaled == scaled.to_integral_value() else None


def with_currency(amount: int, currency: str) -> str:
    """As people read it: 12540 USD is "125.40 USD"."""
    return f"{to_text(amount, currency)} {currency}"
