"""Amounts of money: integers in minor units inside, decimal text for people, files and gateways."""

from decimal import Decimal

_PLACES = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "JPY",
            "KMF",
            "KRW",
            "MGA",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
"""ISO 4217, where it is not two. MGA counts as without decimals, as the gateways count it."""


def places(currency: str) -> int:
    """How many decimal places the currency's minor unit has."""
    return _PLACES.get(currency, 2)


def to_decimal(amount: int | Decimal, currency: str) -> Decimal:
    """12540 USD is 125.40, 12540 JPY is 12540, 12540 KWD is 12.540. A price may be finer than the minor unit:
    12.5 USD is 0.125."""
    return Decimal(amount).scaleb(-places(currency))


def to_text(amount: int | Decimal, currency: str) -> str:
    """The same as text, without grouping."""
    return format(to_decimal(amount, currency), "f")


def for_people(amount: int | Decimal, currency: str) -> str:
    """Such as $1,234.50, EUR 1,234.50, or −$0.05."""
    text = format(abs(to_decimal(amount, currency)), ",f")
    return f"{'−' * (amount < 0)}{'$' if currency == 'USD' else currency + ' '}{text}"
