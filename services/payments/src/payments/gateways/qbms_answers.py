"""What qbmsXML answers and the Hosted PayPage say. The HTTP status is 200 for everything."""

import re
from dataclasses import replace
from typing import cast

from payments.gateways.base import Avs, Cvv, Outcome, Result
from payments.gateways.money import from_text
from payments.gateways.nested import child, children, text
from payments.gateways.transport import UNREADABLE, Answer
from payments.gateways.xml import read

LOST = replace(UNREADABLE, retry="same_key")
TICKET = re.compile(r"(?:SDK-)?TGT-[^\s<>\"']+")
CODES: dict[int, Outcome] = {  # all others are unknown, also 10200 and 10500, where the host did not answer
    0: "approved",
    **dict.fromkeys((10100, 10101), "approved"),  # with a warning
    **dict.fromkeys((10301, 10400, 10401, 10402, 10404, 10409, 10415, 10420), "declined"),
    **dict.fromkeys((10201, 10202, 10403, 10300, *range(10302, 10310), 10312, 10313, 10408, 10413), "error"),
    **dict.fromkeys((10405, 10406, 10407), "error"),
}
WARNED = (10100, 10101)
CONFIGURATION = (2000, 2010, 2020, 10201, 10202, 10403)
BUSY = (2040, 10308)
LOOK = (10405, 10406, 10407)
# What QuickBooks needs to enter the payment (ReceivePayment), under our names.
KEPT = {
    "merchant_account_number": "MerchantAccountNumber",
    "recon_batch_id": "ReconBatchID",
    "payment_grouping_code": "PaymentGroupingCode",
    "payment_status": "PaymentStatus",
    "txn_authorization_time": "TxnAuthorizationTime",
    "txn_authorization_stamp": "TxnAuthorizationStamp",
    "client_trans_id": "ClientTransID",
    "vault_token": "WalletEntryID",
    "duplicate": "IsDuplicate",
}
CAPTURED = {"Charge": True, "Capture": True, "Auth": False}
CHARGES = (*CAPTURED, "VoidOrRefund")


def result(answer: Answer | Result, operation: str) -> Result:
    """The answer to `operation`: first whether we were let in, then what came of it."""
    if isinstance(answer, Result):
        return answer
    document = child(read(answer.body, many=("CreditCardType",)), "QBMSXML")
    signed_on = next(iter(_nodes(child(document, "SignonMsgsRs"))), None)
    code = _code(signed_on)
    if code is None:
        return LOST
    if code != 0:
        return _not_let_in(code, _safe(text(signed_on, "@statusMessage")))
    found = child(document, "QBMSXMLMsgsRs", f"{operation}Rs")
    if (code := _code(found)) is None:
        return LOST
    return _judged(code, found, operation)


def _not_let_in(code: int, message: str | None) -> Result:
    kind = "configuration" if code in CONFIGURATION else "busy" if code in BUSY else None
    retry = "same_key" if code in BUSY else "after_fix"
    return Result(outcome="error", kind=kind, code=str(code), message=message, retry=retry)


def _judged(code: int, found: object, operation: str) -> Result:
    outcome, ref = CODES.get(code, "unknown"), text(found, "CreditCardTransID")
    said = Result(outcome=outcome, code=str(code), message=_safe(text(found, "@statusMessage")))
    if outcome == "approved" and ref is None and operation.endswith(CHARGES):
        return replace(said, outcome="unknown", retry="same_key")
    if outcome == "unknown":
        return replace(said, retry="same_key")
    if outcome == "declined":
        return said
    if outcome == "error":
        kind = "configuration" if code in CONFIGURATION else "busy" if code in BUSY else None
        retry = "same_key" if code in BUSY else "lookup" if code in LOOK else "after_fix"
        return replace(said, kind=kind, retry=retry)
    refs = {name: value for name, theirs in KEPT.items() if (value := text(found, theirs))}
    if types := children(found, "CreditCardType"):
        refs["card_types"] = ", ".join(str(each) for each in types)
    if kind := text(found, "VoidOrRefundTxnType"):
        refs["refund_kind"] = kind.lower()
    return replace(
        said,
        auth_code=text(found, "AuthorizationCode"),
        gateway_ref=ref,
        warning=(said.message or "The gateway warns of fraud.") if code in WARNED else None,
        avs=avs(text(found, "AVSStreet"), text(found, "AVSZip")),
        cvv=cvv(text(found, "CardSecurityCodeMatch")),
        captured=next((taken for end, taken in CAPTURED.items() if operation.endswith(end)), None),
        refs=refs,
    )


def avs(street: str | None, zip_code: str | None) -> Avs | None:
    """Pass, Fail or NotAvailable for each; None where both are missing."""
    if street is None and zip_code is None:
        return None
    known: dict[tuple[bool, bool], Avs] = {(True, True): "match", (True, False): "address_only"}
    known[(False, True)] = "zip_only"
    failed = "Fail" in (street, zip_code)
    return known.get((street == "Pass", zip_code == "Pass"), "no_match" if failed else "unavailable")


def cvv(match: str | None) -> Cvv | None:
    known: dict[str, Cvv] = {"Pass": "match", "Fail": "no_match"}
    return known.get(match, "unavailable") if match else None


def lines(answer: Answer | Result) -> dict[str, str] | Result:
    """The PayPage's lines of `name=value`; a value may hold more of the signs."""
    if isinstance(answer, Result):
        return answer
    text_ = answer.body.decode("utf-8", "replace")
    found = {
        name.strip(): value.strip() for name, _, value in (each.partition("=") for each in text_.split("\n"))
    }
    return found if answer.status == 200 and "StatusCode" in found else LOST


def page_refused(found: dict[str, str]) -> Result | None:
    """What a status of the PayPage means that says of no payment that it was made."""
    code = found["StatusCode"]
    number = int(code) if re.fullmatch(r"\d{1,6}", code, re.ASCII) else -1
    if CODES.get(number) == "approved":
        return None
    message = _safe(found.get("StatusMessage"))
    if 2000 <= number < 3000:
        return _not_let_in(number, message)
    return replace(_judged(number, {}, ""), code=code, message=message)


def paid_page(found: dict[str, str]) -> Result:
    """The confirmation of a PayPage. Its fields beside the status were never seen; a payment without a
    reference is unknown."""
    if refused := page_refused(found):
        return refused
    ref, said = found.get("CreditCardTransID") or found.get("TxnId"), found["StatusCode"]
    message = _safe(found.get("StatusMessage"))
    if not ref:
        return Result(outcome="unknown", code=said, message=message, retry="lookup")
    amount = from_text(found.get("Amount"))
    code = found.get("AuthorizationCode")
    return Result(
        outcome="approved",
        code=said,
        message=message,
        warning=(message or "The gateway warns of fraud.") if said != "0" else None,
        auth_code=code,
        gateway_ref=ref,
        amount=amount,
        currency="USD" if amount is not None else None,
        avs=avs(found.get("AVSStreet"), found.get("AVSZip")),
        cvv=cvv(found.get("CardSecurityCodeMatch")),
        captured=found.get("TxnType") != "Auth",
    )


def _nodes(block: object) -> list[object]:
    """The elements of a block, whatever their names."""
    if not isinstance(block, dict):
        return []
    return [value for name, value in cast("dict[str, object]", block).items() if not name.startswith("@")]


def _code(node: object) -> int | None:
    code = text(node, "@statusCode") or ""
    return int(code) if re.fullmatch(r"\d{1,6}", code, re.ASCII) else None


def _safe(message: str | None) -> str | None:
    """A wrong ticket is echoed in the message; it is a secret all the same."""
    return TICKET.sub("(ticket)", message) if message else None
