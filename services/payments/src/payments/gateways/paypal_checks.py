"""PayPal's words for the checks of address and security code, which it makes of cards alone."""

from payments.gateways.base import Avs, Cvv

# Letters are the networks', digits Maestro's.
AVS: dict[str, Avs] = {
    **dict.fromkeys(("D", "F", "M", "X", "Y", "0"), "match"),
    **dict.fromkeys(("A", "B", "2"), "address_only"),
    **dict.fromkeys(("P", "W", "Z"), "zip_only"),
    **dict.fromkeys(("C", "N", "1"), "no_match"),
}
CVV: dict[str, Cvv] = {"M": "match", "0": "match", "N": "no_match", "1": "no_match"}


def avs(code: str | None) -> Avs | None:
    return AVS.get(code.upper(), "unavailable") if code else None


def cvv(code: str | None) -> Cvv | None:
    return CVV.get(code.upper(), "unavailable") if code else None
