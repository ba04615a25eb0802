"""What MERCHANTWARE is sent: the elements of its WSDLs, in their order."""

import re
import unicodedata

from pydantic import SecretStr

from payments.gateways.accounts import MerchantwareAccount
from payments.gateways.base import Order
from payments.gateways.money import to_text
from payments.gateways.xml import Element

TRANSPORT = "http://transport.merchantware.net/v4/"
REPORTING = (
    "/Merchantware/ws/TransactionHistory/v4/Reporting.asmx",
    "http://schemas.merchantwarehouse.com/merchantware/40/Reports/",
)
CREDIT = {
    "4.0": (
        "/Merchantware/ws/RetailTransaction/v4/Credit.asmx",
        "http://schemas.merchantwarehouse.com/merchantware/40/Credit/",
    ),
    "4.5": (
        "/Merchantware/ws/RetailTransaction/v45/Credit.asmx",
        "http://schemas.merchantwarehouse.com/merchantware/v45/",
    ),
}
NO_ZIP = "12345"  # the page refuses an empty one and foreign ones; the payer corrects it
Request = tuple[str, list[Element]]


def credentials(account: MerchantwareAccount) -> list[Element]:
    return [
        ("merchantName", account.name),
        ("merchantSiteId", account.site_id),
        ("merchantKey", account.key.get_secret_value()),
    ]


def _new(account: MerchantwareAccount, payment: list[Element], request: list[Element]) -> list[Element]:
    """4.5 wraps: who, with what, and what for."""
    who = [(name[0].upper() + name[1:], value) for name, value in credentials(account)]
    data: list[Element] = [("PaymentData", payment)] if payment else []
    return [("Credentials", who), *data, ("Request", request)]


def charge(account: MerchantwareAccount, order: Order, token: SecretStr) -> Request:
    """The processor's check for duplicates stays on, and nothing less than the whole amount is taken."""
    amount, vault = to_text(order.amount), token.get_secret_value()
    if account.version == "4.0":
        name = "PreAuthorizationVault" if order.authorize_only else "SaleVault"
        check: list[Element] = [] if order.authorize_only else [("forceDuplicate", "false")]
        return name, [
            *credentials(account),
            ("invoiceNumber", reference(order.short_ref)),
            ("amount", amount),
            ("vaultToken", vault),
            *check,
            ("registerNumber", ""),
            ("merchantTransactionId", order.our_id),
        ]
    ours: list[Element] = [
        ("Amount", amount),
        ("InvoiceNumber", reference(order.short_ref)),
        ("MerchantTransactionId", order.our_id),
    ]
    sale: list[Element] = [("EnablePartialAuthorization", "false"), ("ForceDuplicate", "false")]
    card: list[Element] = [("Source", "VAULT"), ("VaultToken", vault)]
    if order.authorize_only:
        return "Authorize", _new(account, card, ours)
    return "Sale", _new(account, card, [*ours, *sale])


def capture(account: MerchantwareAccount, token: str, amount: int, request_id: str) -> Request:
    if account.version == "4.0":
        return "PostAuthorization", [
            *credentials(account),
            ("invoiceNumber", ""),
            ("token", token),
            ("amount", to_text(amount)),
            ("registerNumber", ""),
            ("merchantTransactionId", request_id),
        ]
    asked: list[Element] = [
        ("Token", token),
        ("Amount", to_text(amount)),
        ("MerchantTransactionId", request_id),
    ]
    return "Capture", _new(account, [], asked)


def void(account: MerchantwareAccount, token: str, request_id: str, *, held: bool) -> Request:
    """4.0 has an operation of its own for what is only held; 4.5 has one for both."""
    if account.version == "4.0":
        ours: list[Element] = [
            ("token", token),
            ("registerNumber", ""),
            ("merchantTransactionId", request_id),
        ]
        return "VoidPreAuthorization" if held else "Void", [*credentials(account), *ours]
    return "Void", _new(account, [], [("Token", token), ("MerchantTransactionId", request_id)])


def refund(account: MerchantwareAccount, token: str, amount: int, request_id: str, short_ref: str) -> Request:
    """Always with an amount: an empty one gives everything back."""
    if account.version == "4.0":
        return "Refund", [
            *credentials(account),
            ("invoiceNumber", reference(short_ref)),
            ("token", token),
            ("overrideAmount", to_text(amount)),
            ("registerNumber", ""),
            ("merchantTransactionId", request_id),
        ]
    asked: list[Element] = [
        ("Amount", to_text(amount)),
        ("InvoiceNumber", reference(short_ref)),
        ("MerchantTransactionId", request_id),
    ]
    return "Refund", _new(account, [("Source", "PREVIOUSTRANSACTION"), ("Token", token)], asked)


def save_card(account: MerchantwareAccount, token: str) -> Request:
    if account.version == "4.0":
        ours: list[Element] = [("merchantDefinedToken", ""), ("referenceNumber", token)]
        return "VaultBoardCreditByReference", [*credentials(account), *ours]
    card: list[Element] = [("Source", "PREVIOUSTRANSACTION"), ("Token", token)]
    return "BoardCard", _new(account, card, [("MerchantDefinedToken", "")])


def forget_card(account: MerchantwareAccount, token: SecretStr) -> Request:
    if account.version == "4.0":
        return "VaultDeleteToken", [*credentials(account), ("vaultToken", token.get_secret_value())]
    return "UnboardCard", _new(account, [], [("VaultToken", token.get_secret_value())])


def hosted(account: MerchantwareAccount, order: Order, return_url: str) -> list[Element]:
    known = [("AddressLine1", plain(order.street)), ("Cardholder", plain(order.name))]
    payer = {name: value for name, value in known if value}
    zip_code = order.zip_code if re.fullmatch(r"\d{5}(-\d{4})?", order.zip_code, re.ASCII) else NO_ZIP
    street: list[Element] = [("AddressLine1", payer["AddressLine1"])] if "AddressLine1" in payer else []
    name: list[Element] = [("Cardholder", payer["Cardholder"])] if "Cardholder" in payer else []
    request: list[Element] = [
        ("TransactionType", "SALE"),
        ("Amount", to_text(order.amount)),
        ("ClerkId", "portal"),
        ("OrderNumber", reference(order.short_ref)),
        ("Dba", plain(order.merchant) or account.name),
        ("SoftwareName", "Callboard"),
        ("SoftwareVersion", "1.0"),
        *street,
        ("Zip", zip_code),
        *name,
        ("RedirectLocation", return_url),
        ("TransactionId", order.our_id),
        ("ForceDuplicate", "false"),
        ("TaxAmount", "0.00"),
        ("EntryMode", "Keyed"),
        ("EnablePartialAuthorization", "false"),
    ]
    return [*credentials(account), ("request", request)]


def reference(text: str) -> str:
    """Eight letters and digits, which is all that an invoice number may have."""
    return re.sub(r"[^A-Za-z0-9]", "", text)[:8]


def plain(text: str) -> str:
    """Without accents, which the page refuses."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip()[:50]
