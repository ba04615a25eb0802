"""What MERCHANTWARE's answers say. Codes on the wire are 1000 and the documented number."""

import re
from dataclasses import replace
from typing import TypedDict

from payments.gateways.base import Avs, Cvv, Outcome, Result
from payments.gateways.money import from_text
from payments.gateways.nested import text
from payments.gateways.soap import WRONG_CREDENTIALS, outcome
from payments.gateways.transport import UNREADABLE, Answer

FLAGS = frozenset(("APPROVED", "DECLINED", "DUPLICATE", "REFERRAL", "FAILED"))
LOST = frozenset((1011, 1099, 1100, 1103, 1104, 1107, 1109))  # somebody's timeout: money may have moved
FAILED: dict[int, Outcome] = {
    **dict.fromkeys((1001, 1002, 1004, 1005, 1007, 1014, 1019, 1026, 1102, 1106, 1108, 1111, 1113), "error"),
    **dict.fromkeys((1012, 1013, 1023, 1024, 1050, 1112), "declined"),
    1110: "duplicate",
}
CAPTURED = {
    **dict.fromkeys(("PreAuthorizationVault", "Authorize"), False),
    **dict.fromkeys(("SaleVault", "Sale", "RepeatSale", "PostAuthorization", "Capture"), True),
}
CONFIGURATION = (1001, 1005)
AVS: dict[str, Avs] = {
    **dict.fromkeys(("X", "Y", "D", "M"), "match"),
    **dict.fromkeys(("A", "B"), "address_only"),
    **dict.fromkeys(("W", "Z", "P"), "zip_only"),
    "N": "no_match",
}
CVV: dict[str, Cvv] = {"M": "match", "N": "no_match", "D": "no_match", "I": "no_match"}
BRANDS = {
    "1": "amex",
    "2": "discover",
    "3": "mastercard",
    "4": "visa",
    "5": "debit",
    "10": "jcb",
    "american express": "amex",
    "americanexpress": "amex",
    "master card": "mastercard",
    **{name: name for name in ("amex", "discover", "mastercard", "visa", "debit", "jcb")},
}


def status(words: str, token: str | None) -> Result:
    """The grammar `FLAG[,FLAG…][;CODE;message]`. Approved is only the one word alone, with a reference; the
    text after the code may say anything."""
    flag, code, message = (*words.split(";", 2), "", "")[:3]
    flags = {each.strip() for each in flag.split(",")}
    number = int(code) if re.fullmatch(r"\d{1,4}", code.strip(), re.ASCII) else None
    number = number + 1000 if number is not None and number < 1000 else number
    said = Result(
        outcome="unknown", code=code.strip() or None, message=message.strip() or None, retry="lookup"
    )
    if flags == {"APPROVED"} and not code:
        return replace(said, outcome="approved", message="APPROVED", retry="no") if token else said
    if not flags <= FLAGS or "APPROVED" in flags or number in LOST:
        return said
    if "DUPLICATE" in flags:
        return replace(said, outcome="duplicate")
    if "FAILED" not in flags:
        return replace(said, outcome="declined", retry="no")
    failed = FAILED.get(number or 0, "unknown")
    kind = "configuration" if number in CONFIGURATION else None
    retry = "no" if failed == "declined" else "after_fix" if failed == "error" else "lookup"
    return replace(said, outcome=failed, kind=kind, retry=retry)


def credit(answer: Answer | Result, operation: str) -> Result:
    """Sale, authorisation, capture, void or refund, of the versions 4.0 and 4.5."""
    found = outcome(answer, operation)
    if isinstance(found, Result):
        return found
    words, token, wrong = (text(found, name) for name in ("ApprovalStatus", "Token", "ErrorMessage"))
    if words is None:
        if wrong is None or token is not None:
            return UNREADABLE
        return refused(wrong)
    said = status(words, token)
    original = _pairs(text(found, "ExtraData") or "")
    refs = {
        name: value
        for name, value in (
            ("duplicate_of", original.get("Original ReferenceID")),
            ("duplicate_of_auth_code", original.get("Original AuthCode")),
            ("cardholder", text(found, "Cardholder")),
            ("error_message", wrong),
        )
        if value
    }
    approved = said.outcome == "approved"
    return replace(
        said,
        message=said.message or wrong,
        auth_code=text(found, "AuthorizationCode") if approved else None,
        gateway_ref=token,
        captured=CAPTURED.get(operation) if approved else None,
        refs=refs,
        **card_of(found),
        **amount_of(found, "Amount"),
        **checks_of(text(found, "AvsResponse"), text(found, "CvResponse")),
    )


def _pairs(words: str) -> dict[str, str]:
    return {name: value for part in words.split(";") for name, _, value in (part.partition("="),)}


def refused(message: str) -> Result:
    kind = "configuration" if WRONG_CREDENTIALS in message.lower() else None
    return Result(outcome="error", kind=kind, message=message, retry="after_fix")


def vault(answer: Answer | Result, operation: str) -> Result:
    found = outcome(answer, operation)
    if isinstance(found, Result):
        return found
    code, wrong, token = (text(found, name) for name in ("ErrorCode", "ErrorMessage", "VaultToken"))
    if code or wrong:
        said = refused(wrong or "")
        return replace(said, code=code, message=wrong, retry="no" if said.kind is None else said.retry)
    if token is None and "ExpirationDate" not in found:
        return UNREADABLE
    expires = text(found, "ExpirationDate")
    refs = ({"vault_token": token} if token else {}) | ({"expiration": expires} if expires else {})
    return Result(outcome="approved", refs=refs, **card_of(found))


def batch(answer: Answer | Result) -> Result:
    found = outcome(answer, "SettleBatch")
    if isinstance(found, Result):
        return found
    token, wrong = text(found, "Token"), text(found, "ErrorMessage")
    if token is None:
        return refused(wrong) if wrong else UNREADABLE
    code = text(found, "AuthorizationCode")
    return Result(outcome="approved", auth_code=code, gateway_ref=token, **amount_of(found, "BatchAmount"))


class Card(TypedDict):
    last4: str | None
    brand: str | None


class Amount(TypedDict):
    amount: int | None
    currency: str | None


class Checks(TypedDict):
    avs: Avs | None
    cvv: Cvv | None


def card_of(found: object) -> Card:
    digits = re.search(r"\d{4}$", text(found, "CardNumber") or "", re.ASCII)
    brand = BRANDS.get((text(found, "CardType") or "").lower())
    return {"last4": digits[0] if digits else None, "brand": brand}


def amount_of(found: object, name: str) -> Amount:
    """US dollars, the only currency there is; thousands may have commas."""
    amount = from_text(text(found, name))
    return {"amount": amount, "currency": None if amount is None else "USD"}


def checks_of(avs: str | None, cvv: str | None) -> Checks:
    return {
        "avs": AVS.get(avs.upper(), "unavailable") if avs else None,
        "cvv": CVV.get(cvv.upper(), "unavailable") if cvv else None,
    }
