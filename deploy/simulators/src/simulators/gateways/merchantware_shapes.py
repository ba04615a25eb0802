"""The answers of the simulated MERCHANTWARE, element by element in the order of its WSDLs."""

from typing import Any

from simulators.gateways.books import Books
from simulators.gateways.rows import Transaction

TYPES = {"sale": 1, "refund": 2, "void": 3, "authorization": 5, "capture": 9}
CARDS = {"amex": 1, "discover": 2, "mastercard": 3, "visa": 4}
AVS = {"match": "Y", "no_match": "N"}
CVV = {"match": "M", "no_match": "N"}


def status(row: Transaction) -> str:
    if row.status == "declined":
        return f"DECLINED;{row.code};{row.message}"
    if row.status == "pending":  # it knows no such thing: its processor does not answer
        return "FAILED;1109;timeout waiting for host response"
    return "DECLINED,DUPLICATE;1110;duplicate transaction" if row.status == "duplicate" else "APPROVED"


def _dollars(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"


def credit(row: Transaction, fields: dict[str, Any]) -> dict[str, Any]:
    void = row.kind == "void"
    return {
        "Amount": None if void else _dollars(row.amount),
        "ApprovalStatus": status(row),
        "AuthorizationCode": "VOID" if void else row.auth_code,
        "AvsResponse": AVS.get(row.avs or ""),
        "Cardholder": "JORDAN EXAMPLE",
        "CardNumber": f"************{row.last4}",
        "CardType": CARDS.get(row.brand or "", 0),
        "CvResponse": CVV.get(row.cvv or ""),
        "EntryMode": 1,
        "ErrorMessage": None,
        "ExtraData": f"Original ReferenceID={row.duplicate_of}" if row.duplicate_of else None,
        "InvoiceNumber": fields.get("invoiceNumber"),
        "Token": row.id,
        "TransactionDate": f"{row.at:%m/%d/%Y %I:%M:%S %p}",
        "TransactionType": TYPES[row.kind],
    }


CREDIT = (
    "Amount",
    "ApprovalStatus",
    "AuthorizationCode",
    "AvsResponse",
    "Cardholder",
    "CardNumber",
    "CardType",
    "CvResponse",
    "EntryMode",
    "ErrorMessage",
    "ExtraData",
    "InvoiceNumber",
    "Token",
    "TransactionDate",
    "TransactionType",
)
CREDIT_45 = (
    "ApprovalStatus",
    "Token",
    "AuthorizationCode",
    "TransactionDate",
    "Amount",
    "RemainingCardBalance",
    "CardNumber",
    "Cardholder",
    "CardType",
    "FsaCard",
    "ReaderEntryMode",
    "AvsResponse",
    "CvResponse",
    "ErrorMessage",
    "ExtraData",
)
VAULT_45 = ("VaultToken", "ErrorCode", "ErrorMessage")
NUMBERS = ("CardType", "EntryMode", "TransactionType")


def refused(message: str) -> dict[str, Any]:
    return {name: 0 if name in NUMBERS else message if name == "ErrorMessage" else None for name in CREDIT}


def of_45(content: dict[str, Any]) -> dict[str, Any]:
    """The same answer as 4.5 says it."""
    if "VaultToken" in content:
        return {name: content[name] for name in VAULT_45}
    more = {"ReaderEntryMode": content.get("EntryMode"), "FsaCard": "UNKNOWN", "RemainingCardBalance": "0.00"}
    return {name: (content | more).get(name) for name in CREDIT_45}


def boarded(token: str) -> dict[str, Any]:
    return {"ErrorCode": None, "ErrorMessage": None, "VaultToken": token}


def listed(rows: list[Transaction]) -> dict[str, Any]:
    told = [
        {
            "Amount": _dollars(row.amount),
            "ApprovalStatus": status(row),
            "AuthorizationCode": row.auth_code,
            "Cardholder": "JORDAN EXAMPLE",
            "CardNumber": f"************{row.last4}",
            "CardType": CARDS.get(row.brand or "", 0),
            "ErrorMessage": None,
            "InvoiceNumber": None,
            "MerchantTransactionId": row.our_id,
            "Token": row.id,
            "TransactionDate": f"{row.at:%Y-%m-%d %H:%M:%S}.000",
            "TransactionType": TYPES[row.kind],
            "BatchNumber": 1,
        }
        for row in rows
    ]
    return {"TransactionReference4": told}


def detail(books: Books, row: Transaction) -> dict[str, Any]:
    left, voided = books.refundable(row), row.status == "voided"
    captured = next((each for each in books.children(row.id) if each.kind == "capture"), None)
    taken = row.kind != "authorization" or captured is not None
    can_void = row.status == "approved" and not row.settled and not any(books.children(row.id))
    refund = {"RefundMaxAmount": _dollars(left), "RefundToken": row.id} if left else {}
    return {
        "ApprovalCode": row.auth_code,
        "ApprovalStatus": status(row),
        "AvsResponse": AVS.get(row.avs or ""),
        "AuthorizationAmount": _dollars(row.amount),
        "CardNumber": f"************{row.last4}",
        "CardType": CARDS.get(row.brand or "", 0),
        "CvvResponse": CVV.get(row.cvv or ""),
        "ErrorMessage": None,
        "IsTransactionCaptured": str(taken).lower(),
        "IsTransactionVoided": str(voided).lower(),
        "IsTransactionSettled": str(row.settled).lower(),
        "MerchantTransactionId": row.our_id,
        "OriginalToken": row.charge,
        "SupportedActions": refund | ({"VoidToken": row.id} if can_void else {}),
        "Token": row.id,
        "TotalAmount": _dollars(captured.amount if captured else row.amount),
        "TransactionDate": f"{row.at:%Y-%m-%d %H:%M:%S}.000",
        "TransactionType": TYPES[row.kind],
    }


def flat(node: dict[str, Any]) -> dict[str, Any]:
    """4.5's groups as 4.0 has them: names that begin small."""
    fields: dict[str, Any] = {}
    for name, value in node.items():
        if name in ("Credentials", "PaymentData", "Request"):
            fields |= flat(value or {})
        elif not name.startswith("@"):
            fields[name[0].lower() + name[1:]] = value
    return fields
