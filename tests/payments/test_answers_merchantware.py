"""What is read out of MERCHANTWARE's answers and reports, field by field."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from payments.gateways.base import Outcome, Result
from payments.gateways.found import Finding, Findings
from payments.gateways.merchantware_answers import batch, checks_of, credit, status, vault
from payments.gateways.merchantware_reports import detail, rows
from payments.gateways.transport import Answer

UNREADABLE = Result(outcome="unknown", kind="unreadable", retry="lookup")
NO_ANSWER = Result(outcome="unknown", kind="no_answer", retry="lookup")
AT = datetime(2025, 11, 18, 14, 7, 45, 233000, tzinfo=UTC)
Fields = Mapping[str, str | None]


def xml(fields: Fields) -> str:
    """None: without the field."""
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)


def soap(operation: str, inner: str) -> Answer:
    body = f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"
    return Answer(status=200, headers={}, body=f"<Envelope><Body>{body}</Body></Envelope>".encode())


@pytest.mark.parametrize(
    ("words", "outcome", "code", "message", "retry"),
    [
        ("APPROVED", "approved", None, "APPROVED", "no"),
        ("APPROVED;;", "approved", None, "APPROVED", "no"),
        (" APPROVED ", "approved", None, "APPROVED", "no"),
        ("APPROVED;1000;fine", "unknown", "1000", "fine", "lookup"),
        ("APPROVED,DUPLICATE", "unknown", None, None, "lookup"),
        ("APPROVED,DECLINED;1012;no", "unknown", "1012", "no", "lookup"),
        ("DECLINED;1012;decline;of;the;bank", "declined", "1012", "decline;of;the;bank", "no"),
        ("DECLINED; 1012 ; decline ", "declined", "1012", "decline", "no"),
        ("DECLINED", "declined", None, None, "no"),
        ("DECLINED;1109;late", "unknown", "1109", "late", "lookup"),
        ("DECLINED;109;late", "unknown", "109", "late", "lookup"),
        ("REFERRAL;1050;call", "declined", "1050", "call", "no"),
        ("REFERRAL , DECLINED;1050;call", "declined", "1050", "call", "no"),
        ("DUPLICATE", "duplicate", None, None, "lookup"),
        ("DECLINED,DUPLICATE;1110;twice", "duplicate", "1110", "twice", "lookup"),
        ("FAILED,DUPLICATE;1110;twice", "duplicate", "1110", "twice", "lookup"),
        ("DECLINED,NEW;1012;no", "unknown", "1012", "no", "lookup"),
        ("", "unknown", None, None, "lookup"),
        ("FAILED", "unknown", None, None, "lookup"),
        ("FAILED;;", "unknown", None, None, "lookup"),
        ("FAILED;x;no", "unknown", "x", "no", "lookup"),
        ("FAILED;99999;no", "unknown", "99999", "no", "lookup"),
        ("FAILED;9999;no", "unknown", "9999", "no", "lookup"),
        ("FAILED;١٠١٢;no", "unknown", "١٠١٢", "no", "lookup"),
        ("FAILED;12;no", "declined", "12", "no", "no"),
        ("FAILED;012;no", "declined", "012", "no", "no"),
        ("FAILED;110;no", "duplicate", "110", "no", "lookup"),
        *(
            (f"FAILED;{code};no", "unknown", str(code), "no", "lookup")
            for code in (999, 1000, 1003, 1011, 1099, 1100, 1103, 1104, 1107, 1109)
        ),
        *(
            (f"DECLINED;{code};late", "unknown", str(code), "late", "lookup")
            for code in (1011, 1099, 1100, 1103, 1104, 1107, 1109)
        ),
        *(
            (f"FAILED;{code};no", "error", str(code), "no", "after_fix")
            for code in (1002, 1004, 1007, 1014, 1019, 1026, 1102, 1106, 1108, 1111, 1113)
        ),
        *(
            (f"FAILED;{code};no", "declined", str(code), "no", "no")
            for code in (1012, 1013, 1023, 1024, 1050, 1112)
        ),
        ("FAILED;1110;no", "duplicate", "1110", "no", "lookup"),
    ],
)
def test_the_words_of_a_status(
    words: str, outcome: Outcome, code: str | None, message: str | None, retry: Any
) -> None:
    assert status(words, "1") == Result(outcome=outcome, code=code, message=message, retry=retry)


@pytest.mark.parametrize("code", ["1001", "1005", "001", "5"])
def test_a_status_that_is_the_accounts_fault(code: str) -> None:
    means = Result(outcome="error", kind="configuration", code=code, message="no", retry="after_fix")
    assert status(f"FAILED;{code};no", None) == means


def test_an_approval_without_a_reference_is_none() -> None:
    assert status("APPROVED", None) == Result(outcome="unknown", retry="lookup")
    assert status("APPROVED", "") == Result(outcome="unknown", retry="lookup")


SALE: dict[str, str | None] = {
    "Amount": "1,125.40",
    "ApprovalStatus": "APPROVED",
    "AuthorizationCode": "OK7731",
    "AvsResponse": "Y",
    "Cardholder": "JORDAN EXAMPLE",
    "CardNumber": "************4242",
    "CardType": "4",
    "CvResponse": "M",
    "ErrorMessage": "",
    "ExtraData": "",
    "Token": "610482337",
}


def sold(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {"gateway_ref": "610482337", "amount": 112540, "currency": "USD"}
    known |= {"last4": "4242", "brand": "visa", "avs": "match", "cvv": "match"}
    known["refs"] = {"cardholder": "JORDAN EXAMPLE"}
    return replace(Result(outcome=outcome, **known), **more)


APPROVED: dict[str, Any] = {"message": "APPROVED", "auth_code": "OK7731"}


@pytest.mark.parametrize(
    ("operation", "captured"),
    [
        ("SaleVault", True),
        ("Sale", True),
        ("RepeatSale", True),
        ("PostAuthorization", True),
        ("Capture", True),
        ("PreAuthorizationVault", False),
        ("Authorize", False),
        ("Refund", None),
        ("Void", None),
    ],
)
def test_what_an_operation_takes(operation: str, captured: bool | None) -> None:
    assert credit(soap(operation, xml(SALE)), operation) == sold("approved", captured=captured, **APPROVED)
    no = {"ApprovalStatus": "DECLINED;1012;decline"}
    declined = credit(soap(operation, xml(SALE | no)), operation)
    assert declined == sold("declined", code="1012", message="decline")


OF = {"duplicate_of": "610482330", "duplicate_of_auth_code": "OK=77", "cardholder": "JORDAN EXAMPLE"}


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        (
            {
                "ApprovalStatus": "DUPLICATE;1110;twice",
                "ExtraData": "Original ReferenceID=610482330;Original AuthCode=OK=77",
            },
            sold("duplicate", code="1110", message="twice", retry="lookup", refs=OF),
        ),
        (
            {"ApprovalStatus": "FAILED;1012;", "ErrorMessage": "Wrong."},
            sold(
                "declined",
                code="1012",
                message="Wrong.",
                refs={"cardholder": "JORDAN EXAMPLE", "error_message": "Wrong."},
            ),
        ),
        (
            {"Cardholder": None, "Amount": None, "CardNumber": None, "AvsResponse": None, "CvResponse": None},
            sold(
                "approved",
                captured=True,
                **APPROVED,
                refs={},
                amount=None,
                currency=None,
                last4=None,
                avs=None,
                cvv=None,
            ),
        ),
        ({"CardNumber": "4242 "}, sold("approved", captured=True, last4="4242", **APPROVED)),
        ({"CardNumber": "x424"}, sold("approved", captured=True, last4=None, **APPROVED)),
        ({"CardNumber": "4242x"}, sold("approved", captured=True, last4=None, **APPROVED)),
        ({"CardNumber": "*٤٢٤٢"}, sold("approved", captured=True, last4=None, **APPROVED)),
        ({"ApprovalStatus": None}, UNREADABLE),
        ({"ApprovalStatus": None, "ErrorMessage": "No."}, UNREADABLE),
        ({"ApprovalStatus": None, "Token": None}, UNREADABLE),
        (
            {"ApprovalStatus": None, "Token": None, "ErrorMessage": "Invalid amount."},
            Result(outcome="error", message="Invalid amount.", retry="after_fix"),
        ),
        (
            {"ApprovalStatus": None, "Token": None, "ErrorMessage": "INVALID Credentials!"},
            Result(outcome="error", kind="configuration", message="INVALID Credentials!", retry="after_fix"),
        ),
    ],
)
def test_a_sale(changes: dict[str, str | None], means: Result) -> None:
    assert credit(soap("SaleVault", xml(SALE | changes)), "SaleVault") == means


@pytest.mark.parametrize(
    ("type_", "brand"),
    [
        ("1", "amex"),
        ("2", "discover"),
        ("3", "mastercard"),
        ("4", "visa"),
        ("5", "debit"),
        ("10", "jcb"),
        ("American Express", "amex"),
        ("AmericanExpress", "amex"),
        ("Master Card", "mastercard"),
        ("AMEX", "amex"),
        ("Discover", "discover"),
        ("MasterCard", "mastercard"),
        ("VISA", "visa"),
        ("Debit", "debit"),
        ("JCB", "jcb"),
        ("6", None),
        (None, None),
    ],
)
def test_the_brand_of_a_card(type_: str | None, brand: str | None) -> None:
    assert credit(soap("Sale", xml(SALE | {"CardType": type_})), "Sale").brand == brand


@pytest.mark.parametrize(
    ("codes", "avs"),
    [
        ("XYDMxydm", "match"),
        ("ABab", "address_only"),
        ("WZPwzp", "zip_only"),
        ("Nn", "no_match"),
        ("GRSU0", "unavailable"),
    ],
)
def test_the_check_of_an_address(codes: str, avs: str) -> None:
    assert {checks_of(code, None)["avs"] for code in codes} == {avs}


@pytest.mark.parametrize(("codes", "cvv"), [("Mm", "match"), ("NDIndi", "no_match"), ("PSU", "unavailable")])
def test_the_check_of_a_code(codes: str, cvv: str) -> None:
    assert {checks_of(None, code)["cvv"] for code in codes} == {cvv}
    assert checks_of(None, None) == {"avs": None, "cvv": None}


KEPT = {"CardNumber": "4242", "CardType": "4", "ExpirationDate": "1229", "VaultToken": "VT1"}
ON_CARD: dict[str, Any] = {"last4": "4242", "brand": "visa"}


@pytest.mark.parametrize(
    ("fields", "means"),
    [
        (KEPT, Result(outcome="approved", refs={"vault_token": "VT1", "expiration": "1229"}, **ON_CARD)),
        ({"VaultToken": "VT1"}, Result(outcome="approved", refs={"vault_token": "VT1"})),
        ({"ExpirationDate": "1229"}, Result(outcome="approved", refs={"expiration": "1229"})),
        ({"ExpirationDate": ""}, Result(outcome="approved")),
        ({"CardNumber": "4242"}, UNREADABLE),
        (KEPT | {"ErrorCode": "7"}, Result(outcome="error", code="7")),
        (KEPT | {"ErrorMessage": "No."}, Result(outcome="error", message="No.")),
        (
            {"ErrorCode": "7", "ErrorMessage": "Invalid Credentials."},
            Result(
                outcome="error",
                kind="configuration",
                code="7",
                message="Invalid Credentials.",
                retry="after_fix",
            ),
        ),
    ],
)
def test_the_vault(fields: dict[str, str], means: Result) -> None:
    assert vault(soap("VaultFind", xml(fields)), "VaultFind") == means


@pytest.mark.parametrize(
    ("fields", "means"),
    [
        (
            {"Token": "B1", "AuthorizationCode": "OK1", "BatchAmount": "125.40"},
            Result(outcome="approved", auth_code="OK1", gateway_ref="B1", amount=12540, currency="USD"),
        ),
        (
            {"Token": "B1", "ErrorMessage": "Partly."},
            Result(outcome="approved", gateway_ref="B1"),
        ),
        ({"ErrorMessage": "No batch."}, Result(outcome="error", message="No batch.", retry="after_fix")),
        ({"BatchAmount": "1.00"}, UNREADABLE),
    ],
)
def test_a_batch(fields: dict[str, str], means: Result) -> None:
    assert batch(soap("SettleBatch", xml(fields))) == means


def test_an_answer_that_is_none() -> None:
    assert credit(NO_ANSWER, "Sale") == vault(NO_ANSWER, "Sale") == batch(NO_ANSWER) == NO_ANSWER
    assert rows(NO_ANSWER, "List") == detail(NO_ANSWER, "Detail") == NO_ANSWER
    other = soap("Other", xml(SALE))
    assert credit(other, "Sale") == vault(other, "Sale") == batch(other) == UNREADABLE
    assert rows(other, "List") == detail(other, "Detail") == UNREADABLE


ROW: dict[str, str | None] = {
    "Amount": "125.40",
    "ApprovalStatus": "APPROVED",
    "AuthorizationCode": "OK7731",
    "CardNumber": "************4242",
    "CardType": "4",
    "ErrorMessage": "",
    "MerchantTransactionId": "a-1",
    "Token": "610482337",
    "TransactionDate": "2025-11-18 14:07:45.233",
    "TransactionType": "1",
}


def listed(*each: Fields, beside: str = "") -> Answer:
    told = "".join(f"<TransactionReference4>{xml(row)}</TransactionReference4>" for row in each)
    return soap("List", told + beside)


def in_list(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {"gateway_ref": "610482337", "amount": 12540, "currency": "USD", **ON_CARD}
    return replace(Result(outcome=outcome, **known), **more)


def found(result: Result, **more: Any) -> Finding:
    return replace(Finding(result=result, our_id="a-1", at=AT), **more)


@pytest.mark.parametrize(
    ("type_", "kind", "captured"),
    [
        ("1", "sale", True),
        ("4", "sale", True),
        ("8", "sale", True),
        ("5", "hold", False),
        ("9", "capture", True),
        ("2", "refund", None),
        ("3", "void", None),
    ],
)
def test_a_row(type_: str, kind: Any, captured: bool | None) -> None:
    told = ROW | {"TransactionType": type_}
    means = found(in_list("approved", auth_code="OK7731", captured=captured), kind=kind)
    assert rows(listed(told), "List") == Findings(rows=(means,))
    no = found(in_list("declined", code="1012", message="decline"), kind=kind)
    assert rows(listed(told | {"ApprovalStatus": "DECLINED;1012;decline"}), "List") == Findings(rows=(no,))


SOLD = found(in_list("approved", auth_code="OK7731", captured=True))


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (listed(), Findings()),
        (listed(ROW, ROW), Findings(rows=(SOLD, SOLD))),
        (listed(ROW, ROW | {"TransactionType": "7"}), Findings(rows=(SOLD,), complete=False)),
        (listed(ROW | {"ApprovalStatus": None}, ROW), Findings(rows=(SOLD,), complete=False)),
        (listed(ROW | {"TransactionType": None}), Findings(complete=False)),
        (listed(ROW, beside="<More>yes</More>"), Findings(rows=(SOLD,), complete=False)),
        (listed(ROW, beside="<ErrorMessage />"), Findings(rows=(SOLD,))),
        (listed(ROW | {"ErrorMessage": "Seen."}), Findings(rows=(SOLD,))),
        (
            listed(ROW, {"ErrorMessage": "Later."}),
            Result(outcome="unknown", kind="refused", message="Later.", retry="lookup"),
        ),
        (
            listed(ROW, beside="<ErrorMessage>Invalid Credentials.</ErrorMessage>"),
            Result(outcome="unknown", kind="configuration", message="Invalid Credentials.", retry="lookup"),
        ),
    ],
)
def test_a_list(answer: Answer, means: Findings | Result) -> None:
    assert rows(answer, "List") == means


def test_a_list_whose_element_has_attributes() -> None:
    inner = f"<TransactionReference4>{xml(ROW)}</TransactionReference4>"
    result = f'<ListResult xmlns:i="urn:x" nil="false">{inner}</ListResult>'
    body = f"<Envelope><Body><ListResponse>{result}</ListResponse></Body></Envelope>"
    assert rows(Answer(status=200, headers={}, body=body.encode()), "List") == Findings(rows=(SOLD,))


DETAIL: dict[str, str | None] = {
    "ApprovalCode": "OK7731",
    "ApprovalStatus": "APPROVED",
    "AuthorizationAmount": "200.00",
    "AvsResponse": "Z",
    "CardNumber": "4242",
    "CardType": "4",
    "CvvResponse": "N",
    "IsTransactionCaptured": "false",
    "IsTransactionSettled": "false",
    "IsTransactionVoided": "false",
    "MerchantTransactionId": "a-1",
    "OriginalToken": "610482300",
    "SupportedActions": "<RefundMaxAmount>100.00</RefundMaxAmount><RefundToken>RT1</RefundToken>"
    "<VoidToken>VT1</VoidToken>",
    "Token": "610482337",
    "TotalAmount": "125.40",
    "TransactionDate": "2025-11-18 14:07:45.233",
    "TransactionType": "1",
}
POSSIBLE: dict[str, Any] = {"of": "610482300", "settled": False, "can_void": True, "can_refund": True}
POSSIBLE["refund_max"] = 10000
IMPOSSIBLE: dict[str, Any] = POSSIBLE | {"can_void": False, "can_refund": False, "refund_max": None}


def in_detail(outcome: Outcome, **more: Any) -> Result:
    known: dict[str, Any] = {"avs": "zip_only", "cvv": "no_match"}
    if outcome == "approved":
        known |= {"auth_code": "OK7731", "captured": True}
    return in_list(outcome, **known | more)


WHOLE = found(in_detail("approved"), **POSSIBLE)
HELD = found(in_detail("approved", amount=20000, captured=False), kind="hold", **POSSIBLE)
VOID = Finding(result=Result(outcome="approved"), kind="void", of="610482337")
TAKEN = Finding(
    result=Result(outcome="approved", gateway_ref="RT1", amount=12540, currency="USD", captured=True),
    kind="capture",
    of="610482337",
)
HOLD = {"TransactionType": "5"}
CAPTURED = {"IsTransactionCaptured": "true"}
VOIDED = {"IsTransactionVoided": "true"}


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, (WHOLE,)),
        ({"IsTransactionSettled": "true"}, (found(in_detail("approved"), **POSSIBLE | {"settled": True}),)),
        ({"SupportedActions": None}, (found(in_detail("approved"), **IMPOSSIBLE),)),
        (
            {"SupportedActions": "<VoidToken>1</VoidToken>"},
            (found(in_detail("approved"), **IMPOSSIBLE | {"can_void": True}),),
        ),
        (
            {"SupportedActions": "<RefundToken>1</RefundToken>"},
            (found(in_detail("approved"), **IMPOSSIBLE | {"can_refund": True}),),
        ),
        (CAPTURED, (WHOLE,)),
        (VOIDED, (WHOLE, VOID)),
        (HOLD, (HELD,)),
        (HOLD | CAPTURED, (HELD, TAKEN)),
        (HOLD | VOIDED, (HELD, VOID)),
        (HOLD | CAPTURED | VOIDED, (HELD, TAKEN, VOID)),
        (
            HOLD | {"AuthorizationAmount": None},
            (found(in_detail("approved", captured=False), kind="hold", **POSSIBLE),),
        ),
        (
            {"TotalAmount": None},
            (found(in_detail("approved", amount=None, currency=None), **POSSIBLE),),
        ),
        (
            {"ApprovalStatus": "DECLINED;1012;decline", **VOIDED},
            (found(in_detail("declined", code="1012", message="decline"), **POSSIBLE),),
        ),
        (
            {"TransactionType": "2"},
            (found(in_detail("approved", captured=None), kind="refund", **POSSIBLE),),
        ),
        (
            {"TransactionType": "9"},
            (found(in_detail("approved"), kind="capture", **POSSIBLE),),
        ),
    ],
)
def test_the_details(changes: dict[str, str | None], means: tuple[Finding, ...]) -> None:
    assert detail(soap("Detail", xml(DETAIL | changes)), "Detail") == Findings(rows=means)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({"TransactionType": "7"}, UNREADABLE),
        ({"TransactionType": "7", "ErrorMessage": "No."}, UNREADABLE),
        ({"ApprovalStatus": None}, UNREADABLE),
        (
            {"ApprovalStatus": None, "ErrorMessage": "No."},
            Result(outcome="unknown", kind="refused", message="No.", retry="lookup"),
        ),
        (
            {"ApprovalStatus": None, "ErrorMessage": "Invalid Credentials."},
            Result(outcome="unknown", kind="configuration", message="Invalid Credentials.", retry="lookup"),
        ),
    ],
)
def test_details_that_say_nothing(changes: dict[str, str | None], means: Result) -> None:
    assert detail(soap("Detail", xml(DETAIL | changes)), "Detail") == means


def test_details_of_nothing() -> None:
    assert detail(soap("Detail", ""), "Detail") == Findings()
    empty = b'<Envelope><Body><DetailResponse><DetailResult nil="true" /></DetailResponse></Body></Envelope>'
    assert detail(Answer(status=200, headers={}, body=empty), "Detail") == Findings()
