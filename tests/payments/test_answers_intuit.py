"""What is read out of the answers of Intuit's two gateways (QuickBooks Merchant Services, QuickBooks
Payments), field by field."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from payments.gateways import quickbooks_answers as quickbooks
from payments.gateways.base import Outcome, Result
from payments.gateways.found import Finding, Findings
from payments.gateways.qbms_answers import avs, cvv, lines, page_refused, paid_page, result
from payments.gateways.transport import Answer

LOST = Result(outcome="unknown", kind="unreadable", retry="same_key")
NO_ANSWER = Result(outcome="unknown", kind="no_answer", retry="lookup")
WARNS = "The gateway warns of fraud."
AT = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)

# QuickBooks Merchant Services


def document(signon: str, inner: str) -> Answer:
    text = f"<QBMSXML><SignonMsgsRs>{signon}</SignonMsgsRs><QBMSXMLMsgsRs>{inner}</QBMSXMLMsgsRs></QBMSXML>"
    return Answer(status=200, headers={}, body=text.encode())


def signed_on(code: str = "0", message: str = "Status OK") -> str:
    return f'<SignonDesktopRs statusCode="{code}" statusMessage="{message}"><Time>1</Time></SignonDesktopRs>'


def done(
    operation: str = "CustomerCreditCardCharge", code: str = "0", inner: str = "", message: str = "OK"
) -> Answer:
    attributes = f'statusCode="{code}" statusMessage="{message}"' if message else f'statusCode="{code}"'
    return document(signed_on(), f"<{operation}Rs {attributes}>{inner}</{operation}Rs>")


REF = "<CreditCardTransID>YY1</CreditCardTransID>"


@pytest.mark.parametrize(
    ("code", "outcome", "kind", "retry"),
    [
        *((code, "declined", None, "no") for code in (10301, 10400, 10401, 10402, 10404, 10409)),
        *((code, "declined", None, "no") for code in (10415, 10420)),
        *((code, "unknown", None, "same_key") for code in (1, 10102, 10200, 10310, 10311, 10500, 10501)),
        *((code, "error", "configuration", "after_fix") for code in (10201, 10202, 10403)),
        *((code, "error", None, "after_fix") for code in (10300, *range(10302, 10308), 10309, 10312, 10313)),
        *((code, "error", None, "after_fix") for code in (10408, 10413)),
        *((code, "error", None, "lookup") for code in (10405, 10406, 10407)),
        (10308, "error", "busy", "same_key"),
    ],
)
def test_a_code_that_is_no_approval(code: int, outcome: Outcome, kind: Any, retry: Any) -> None:
    means = Result(outcome=outcome, kind=kind, code=str(code), message="No.", retry=retry)
    answer = done(code=str(code), inner=REF, message="No.")
    assert result(answer, "CustomerCreditCardCharge") == means
    told = {"StatusCode": str(code), "StatusMessage": "No."}
    assert paid_page(told) == page_refused(told) == means


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        (2000, "configuration", "after_fix"),
        (2010, "configuration", "after_fix"),
        (2020, "configuration", "after_fix"),
        (2040, "busy", "same_key"),
        (2030, None, "after_fix"),
        (2999, None, "after_fix"),
    ],
)
def test_a_ticket_that_is_refused(code: int, kind: Any, retry: Any) -> None:
    means = Result(outcome="error", kind=kind, code=str(code), message="No (ticket)!", retry=retry)
    message = "No SDK-TGT-8x_y!"
    answer = document(signed_on(str(code), message.replace("!", "&lt;")), "")
    shown = replace(means, message="No (ticket)<")
    assert result(answer, "CustomerCreditCardCharge") == shown
    told = {"StatusCode": str(code), "StatusMessage": "No TGT-8x_y&gt; 'TGT-9'."}
    assert page_refused(told) == replace(means, message="No (ticket) '(ticket)'.")


def test_a_number_beside_those_of_tickets() -> None:
    for code in ("1999", "3000", "x", "", "1234567", "٠"):
        means = Result(outcome="unknown", code=code, retry="same_key")
        assert page_refused({"StatusCode": code}) == means
    assert page_refused({"StatusCode": "123456"}) == Result(
        outcome="unknown", code="123456", retry="same_key"
    )
    assert page_refused({"StatusCode": "0"}) is None
    assert page_refused({"StatusCode": "10100"}) is None
    assert page_refused({"StatusCode": "10101"}) is None


@pytest.mark.parametrize(
    "answer",
    [
        document("", '<CustomerCreditCardChargeRs statusCode="0" />'),
        document('<SignonDesktopRs statusCode="x" />', '<CustomerCreditCardChargeRs statusCode="0" />'),
        document(signed_on(), ""),
        document(signed_on(), '<OtherRs statusCode="0" />'),
        document(signed_on(), '<CustomerCreditCardChargeRs statusCode="" />'),
        document(signed_on(), '<CustomerCreditCardChargeRs statusCode="1234567" />'),
        document(signed_on(), '<CustomerCreditCardChargeRs statusCode="٠" />'),
        Answer(status=200, headers={}, body=b"<html />"),
        Answer(status=200, headers={}, body=b""),
    ],
)
def test_what_is_no_answer(answer: Answer) -> None:
    assert result(answer, "CustomerCreditCardCharge") == LOST


def test_none_is_kept_as_it_was() -> None:
    assert result(NO_ANSWER, "CustomerCreditCardCharge") == NO_ANSWER
    assert lines(NO_ANSWER) == NO_ANSWER


def test_a_code_of_six_digits() -> None:
    unknown = Result(outcome="unknown", code="123456", message="OK", retry="same_key")
    assert result(done(code="123456"), "CustomerCreditCardCharge") == unknown


SHOWN = """<CreditCardTransID>YY1</CreditCardTransID><AuthorizationCode>OK1</AuthorizationCode>
<AVSStreet>Pass</AVSStreet><AVSZip>Fail</AVSZip><CardSecurityCodeMatch>Pass</CardSecurityCodeMatch>
<MerchantAccountNumber>5247</MerchantAccountNumber><ReconBatchID>R1</ReconBatchID>
<PaymentGroupingCode>4</PaymentGroupingCode><PaymentStatus>Completed</PaymentStatus>
<TxnAuthorizationTime>T1</TxnAuthorizationTime><TxnAuthorizationStamp>S1</TxnAuthorizationStamp>
<ClientTransID>q1</ClientTransID><WalletEntryID>W1</WalletEntryID><IsDuplicate>true</IsDuplicate>
<VoidOrRefundTxnType>Refund</VoidOrRefundTxnType>
<CreditCardType>Visa</CreditCardType><CreditCardType>Amex</CreditCardType>"""
REFS = {
    "merchant_account_number": "5247",
    "recon_batch_id": "R1",
    "payment_grouping_code": "4",
    "payment_status": "Completed",
    "txn_authorization_time": "T1",
    "txn_authorization_stamp": "S1",
    "client_trans_id": "q1",
    "vault_token": "W1",
    "duplicate": "true",
    "refund_kind": "refund",
    "card_types": "Visa, Amex",
}


@pytest.mark.parametrize(
    ("operation", "captured"),
    [
        ("CustomerCreditCardCharge", True),
        ("CustomerCreditCardWalletCharge", True),
        ("CustomerCreditCardCapture", True),
        ("CustomerCreditCardAuth", False),
        ("CustomerCreditCardTxnVoidOrRefund", None),
        ("CustomerCreditCardWalletAdd", None),
    ],
)
def test_an_approval(operation: str, captured: bool | None) -> None:
    means = Result(
        outcome="approved",
        code="0",
        message="OK",
        auth_code="OK1",
        gateway_ref="YY1",
        avs="address_only",
        cvv="match",
        captured=captured,
        refs=REFS,
    )
    assert result(done(operation, inner=SHOWN), operation) == means
    for code in ("10100", "10101"):
        warned = replace(means, code=code, message="Look.", warning="Look.")
        assert result(done(operation, code, SHOWN, "Look."), operation) == warned
        warned = replace(means, code=code, message=None, warning=WARNS)
        assert result(done(operation, code, SHOWN, ""), operation) == warned
    bare = Result(outcome="approved", code="0", message="OK", gateway_ref="YY1", captured=captured)
    assert result(done(operation, inner=REF), operation) == bare


def test_an_address_of_which_only_the_code_is_right() -> None:
    inner = f"{REF}<AVSStreet>Fail</AVSStreet><AVSZip>Pass</AVSZip>"
    assert result(done(inner=inner), "CustomerCreditCardCharge").avs == "zip_only"


def test_a_block_with_attributes() -> None:
    answer = done(inner=REF)
    body = answer.body.replace(b"<SignonMsgsRs>", b'<SignonMsgsRs requestID="1">')
    assert result(replace(answer, body=body), "CustomerCreditCardCharge").outcome == "approved"


def test_one_type_of_card_alone() -> None:
    answer = done("MerchantAccountQuery", inner="<CreditCardType>Visa</CreditCardType>")
    found = result(answer, "MerchantAccountQuery")
    assert found.refs == {"card_types": "Visa"}


@pytest.mark.parametrize(
    ("operation", "outcome", "retry"),
    [
        ("CustomerCreditCardCharge", "unknown", "same_key"),
        ("CustomerCreditCardCapture", "unknown", "same_key"),
        ("CustomerCreditCardAuth", "unknown", "same_key"),
        ("CustomerCreditCardTxnVoidOrRefund", "unknown", "same_key"),
        ("MerchantAccountQuery", "approved", "no"),
    ],
)
def test_an_approval_without_a_reference(operation: str, outcome: Outcome, retry: Any) -> None:
    assert result(done(operation), operation) == Result(outcome=outcome, code="0", message="OK", retry=retry)


@pytest.mark.parametrize(
    ("street", "zip_code", "means"),
    [
        ("Pass", "Pass", "match"),
        ("Pass", "Fail", "address_only"),
        ("Pass", None, "address_only"),
        ("Fail", "Pass", "zip_only"),
        (None, "Pass", "zip_only"),
        ("Fail", "Fail", "no_match"),
        ("Fail", "NotAvailable", "no_match"),
        (None, "Fail", "no_match"),
        ("NotAvailable", "NotAvailable", "unavailable"),
        ("NotAvailable", None, "unavailable"),
        (None, "NotAvailable", "unavailable"),
        (None, None, None),
    ],
)
def test_the_check_of_an_address(street: str | None, zip_code: str | None, means: str | None) -> None:
    assert avs(street, zip_code) == means


def test_the_check_of_a_code() -> None:
    checks = [cvv(each) for each in ("Pass", "Fail", "NotAvailable", "", None)]
    assert checks == ["match", "no_match", "unavailable", None, None]


def page(body: bytes, status: int = 200) -> Answer:
    return Answer(status=status, headers={}, body=body)


def test_the_lines_of_a_page() -> None:
    told = page(b"StatusCode = 0\r\nUrl=https://x.test/?a=b\nStatusMessage=caf\xff\nnothing")
    assert lines(told) == {
        "StatusCode": "0",
        "Url": "https://x.test/?a=b",
        "StatusMessage": "caf\ufffd",
        "nothing": "",
    }
    assert lines(page(b"StatusCode=0", 201)) == lines(page(b"Status=0")) == lines(page(b"")) == LOST


PAID = {
    "StatusCode": "0",
    "StatusMessage": "Fine.",
    "CreditCardTransID": "YY1",
    "TxnId": "T1",
    "TxnType": "Charge",
    "Amount": "125.40",
    "AuthorizationCode": "OK1",
    "AVSStreet": "Pass",
    "AVSZip": "Pass",
    "CardSecurityCodeMatch": "Fail",
}


def confirmed(**more: Any) -> Result:
    known: dict[str, Any] = {
        "code": "0",
        "message": "Fine.",
        "auth_code": "OK1",
        "gateway_ref": "YY1",
        "amount": 12540,
        "currency": "USD",
        "avs": "match",
        "cvv": "no_match",
        "captured": True,
    }
    return replace(Result(outcome="approved", **known), **more)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, confirmed()),
        ({"CreditCardTransID": ""}, confirmed(gateway_ref="T1")),
        ({"TxnType": "Auth"}, confirmed(captured=False)),
        ({"Amount": "x"}, confirmed(amount=None, currency=None)),
        ({"Amount": "0.00"}, confirmed(amount=0)),
        ({"StatusCode": "10100"}, confirmed(code="10100", warning="Fine.")),
        (
            {"StatusCode": "10101", "StatusMessage": ""},
            confirmed(code="10101", message=None, warning=WARNS),
        ),
        (
            {"CreditCardTransID": "", "TxnId": ""},
            Result(outcome="unknown", code="0", message="Fine.", retry="lookup"),
        ),
        ({"AVSZip": "Fail"}, confirmed(avs="address_only")),
        ({"AVSStreet": "Fail"}, confirmed(avs="zip_only")),
    ],
)
def test_a_page_that_was_paid(changes: dict[str, str], means: Result) -> None:
    assert paid_page(PAID | changes) == means


# QuickBooks Payments


def answer(body: object, status: int = 201) -> Answer:
    return Answer(status=status, headers={}, body=json.dumps(body).encode())


def test_tokens_that_are_refused() -> None:
    said = {"code": "AuthenticationFailed", "message": "M"}
    common: dict[str, Any] = {"outcome": "error", "code": "AuthenticationFailed", "message": "M"}
    expired = Result(kind="token_expired", retry="same_key", **common)
    assert quickbooks.finding(answer(said, 401)) == Finding(result=expired)
    forbidden = Result(kind="configuration", retry="after_fix", **common)
    assert quickbooks.result(answer(said, 403)) == forbidden
    assert quickbooks.result(answer(said, 402)) == LOST
    assert quickbooks.result(answer({}, 401)) == LOST
    asked = replace(expired, outcome="unknown", retry="lookup")
    assert quickbooks.findings(answer(said, 401)) == asked


def errors(*codes: str | None, kind: str | None = None, message: str | None = "M") -> dict[str, Any]:
    return {"errors": [{"code": code, "type": kind, "message": message} for code in codes]}


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (400, errors("PMT-2000"), {"outcome": "declined", "cvv": "no_match"}),
        (400, errors("PMT-2001"), {"outcome": "declined"}),
        (400, errors("PMT-2002"), {"outcome": "declined", "avs": "no_match"}),
        (
            400,
            errors("PMT-2001", "PMT-2000", "PMT-2002"),
            {"outcome": "declined", "avs": "no_match", "cvv": "no_match", "message": "M; M; M"},
        ),
        (400, errors("PMT-3000"), {"outcome": "error", "kind": "configuration", "retry": "after_fix"}),
        (400, errors("PMT-4000"), {"outcome": "error", "retry": "after_fix"}),
        (400, errors("PMT-4001"), {"outcome": "error", "retry": "after_fix"}),
        (404, errors("PMT-4001"), {"outcome": "not_found"}),
        (404, errors("PMT-4002"), {"outcome": "error", "retry": "after_fix"}),
        (400, errors("PMT-5000"), {"outcome": "declined"}),
        (499, errors("PMT-5000"), {"outcome": "declined"}),
        (500, errors("PMT-5000"), {"outcome": "unknown", "retry": "same_key"}),
        (500, errors("PMT-3000"), {"outcome": "unknown", "retry": "same_key"}),
        (500, errors("PMT-1000"), {"outcome": "unknown", "retry": "same_key"}),
        (200, errors("PMT-6000"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors("PMT-7000"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors("PMT-50000"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors("PMT-5٠٠٠"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors(None), {"outcome": "unknown", "retry": "same_key", "code": None}),
        (400, errors("X", kind="fraud_error"), {"outcome": "declined"}),
        (400, errors("X", kind="declined"), {"outcome": "declined"}),
        (400, errors("X", kind="account_error"), {"outcome": "error", "retry": "after_fix"}),
        (400, errors("X", kind="invalid_request"), {"outcome": "error", "retry": "after_fix"}),
        (400, errors("X", kind="system_error"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors("X", kind="odd"), {"outcome": "unknown", "retry": "same_key"}),
        (400, errors("PMT-5000", message=None), {"outcome": "declined", "message": None}),
        (200, errors("PMT-1000"), {"outcome": "unknown", "warning": "M", "retry": "same_key"}),
        (200, errors("X", kind="fraud_warning"), {"outcome": "unknown", "warning": "M", "retry": "same_key"}),
    ],
)
def test_an_error(status: int, body: dict[str, Any], means: dict[str, Any]) -> None:
    code = body["errors"][0]["code"]
    said = replace(Result(outcome="error", code=code, message="M"), **means)
    assert quickbooks.finding(answer(body, status)) == Finding(result=said)
    asked = quickbooks.findings(answer(body | {"id": "EEX1"} if said.outcome != "unknown" else body, status))
    kind = said.kind or "refused"
    assert asked == Result(outcome="unknown", kind=kind, code=said.code, message=said.message, retry="lookup")


CHARGE: dict[str, Any] = {
    "id": "EEX1",
    "status": "CAPTURED",
    "amount": "125.40",
    "currency": "USD",
    "created": "2025-11-18T22:00:00Z",
    "authCode": "664472",
    "avsStreet": "Pass",
    "avsZip": "Fail",
    "cardSecurityCodeMatch": "Pass",
    "card": {"number": "xxxxxxxxxxxx4242", "cardType": "Visa"},
    "context": {
        "clientTransID": "q1",
        "reconBatchID": "R1",
        "merchantAccountNumber": "5247",
        "paymentGroupingCode": "4",
        "paymentStatus": "Completed",
    },
}
CONTEXT = {
    "client_trans_id": "q1",
    "recon_batch_id": "R1",
    "merchant_account_number": "5247",
    "payment_grouping_code": "4",
    "payment_status": "Completed",
}


def charged(outcome: Outcome = "approved", **more: Any) -> Result:
    known: dict[str, Any] = {
        "auth_code": "664472",
        "gateway_ref": "EEX1",
        "amount": 12540,
        "currency": "USD",
        "avs": "address_only",
        "cvv": "match",
        "last4": "4242",
        "brand": "visa",
        "captured": True,
        "refs": CONTEXT,
    }
    return replace(Result(outcome=outcome, **known), **more)


NOT: dict[str, Any] = {"auth_code": None, "captured": None}
PART = {"id": "EEX2", "amount": "40.00", "created": "2025-11-18T22:01:00Z", "status": "ISSUED"}
LATER = datetime(2025, 11, 18, 22, 1, tzinfo=UTC)


def part(kind: Any, **more: Any) -> Finding:
    known: dict[str, Any] = {"gateway_ref": "EEX2", "amount": 4000, "currency": "USD"}
    return Finding(
        result=replace(Result(outcome="approved", **known), **more), kind=kind, of="EEX1", at=LATER
    )


def row(result: Result, kind: Any = "sale", settled: bool | None = False) -> Finding:
    return Finding(result=result, kind=kind, at=AT, settled=settled if kind == "sale" else None)


HELD = row(charged(captured=False), "hold")


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, [row(charged())]),
        ({"status": "SETTLED"}, [row(charged(), settled=True)]),
        ({"avsStreet": "Fail", "avsZip": "Pass"}, [row(charged(avs="zip_only"))]),
        ({"status": "REFUNDED"}, [row(charged())]),
        ({"status": "AUTHORIZED"}, [HELD]),
        ({"status": "ISSUED"}, [row(charged(captured=None), "refund")]),
        ({"type": "VOID"}, [row(charged(captured=None), "void")]),
        ({"type": "VOID", "status": "ISSUED"}, [row(charged(captured=None), "void")]),
        ({"type": "REFUND", "status": "ISSUED"}, [row(charged(captured=None), "refund")]),
        ({"status": "DECLINED"}, [row(charged("declined", **NOT))]),
        ({"status": "CANCELLED"}, [row(charged("declined", **NOT))]),
        ({"status": "ODD"}, [row(charged("unknown", retry="same_key", **NOT))]),
        ({"status": None}, [row(charged("unknown", retry="same_key", **NOT))]),
        ({"currency": None}, [row(charged())]),
        ({"currency": "JPY", "amount": "125"}, [row(charged(currency="JPY", amount=125))]),
        ({"card": None}, [row(charged(last4=None, brand=None))]),
        ({"card": {"number": "4242x"}}, [row(charged(last4=None, brand=None))]),
        ({"card": {"number": "x٤٢٤٢"}}, [row(charged(last4=None, brand=None))]),
        ({"context": None}, [row(charged(refs={}))]),
        ({"captureDetail": PART}, [HELD, part("capture", captured=True)]),
        ({"captureDetail": PART, "status": "SETTLED"}, [HELD, part("capture", captured=True)]),
        (
            {"captureDetail": PART | {"status": "DECLINED"}},
            [HELD, part("capture", outcome="declined", captured=True)],
        ),
        ({"captureDetail": "x"}, [row(charged())]),
        (
            {
                "refundDetail": [
                    PART,
                    PART | {"type": "VOID"},
                    PART | {"status": "DECLINED"},
                    PART | {"status": "CANCELLED"},
                ]
            },
            [
                row(charged()),
                part("refund"),
                part("void"),
                part("refund", outcome="declined"),
                part("refund", outcome="declined"),
            ],
        ),
        (
            {"currency": "JPY", "amount": "125", "refundDetail": [PART | {"amount": "40"}]},
            [row(charged(currency="JPY", amount=125)), part("refund", currency="JPY", amount=40)],
        ),
        (
            {"currency": "JPY", "amount": "125", "captureDetail": PART | {"amount": "40"}},
            [
                row(charged(currency="JPY", amount=125, captured=False), "hold"),
                part("capture", currency="JPY", amount=40, captured=True),
            ],
        ),
    ],
)
def test_a_charge_and_what_was_done_to_it(changes: dict[str, Any], means: list[Finding]) -> None:
    for status in (200, 201):
        assert quickbooks.findings(answer(CHARGE | changes, status)) == Findings(rows=tuple(means))
        assert quickbooks.finding(answer(CHARGE | changes, status)) == means[0]


def test_what_is_no_charge() -> None:
    unread = Result(outcome="unknown", kind="unreadable", retry="lookup")
    for body, status in ((CHARGE, 202), (CHARGE | {"id": None}, 200), ([], 200)):
        assert quickbooks.finding(answer(body, status)) == Finding(result=LOST)
        assert quickbooks.findings(answer(body, status)) == unread


@pytest.mark.parametrize(
    ("code", "changes", "means"),
    [
        ("PMT-1000", {}, {}),
        ("PMT-1001", {}, {"cvv": "no_match"}),
        ("PMT-1002", {}, {"avs": "no_match"}),
        ("PMT-1000", {"cardSecurityCodeMatch": "Fail"}, {"cvv": "no_match"}),
        ("PMT-1000", {"avsStreet": "Fail"}, {"avs": "no_match"}),
    ],
)
def test_a_warning_beside_the_charge(code: str, changes: dict[str, str], means: dict[str, Any]) -> None:
    said = charged(code=code, message="M", warning="M", **means)
    assert quickbooks.finding(answer(CHARGE | changes | errors(code))) == Finding(result=said)
    said = charged(code=code, warning=code, **means)
    assert quickbooks.result(answer(CHARGE | changes | errors(code, message=None))) == said
    unread = Result(outcome="unknown", kind="refused", code=code, message="M", retry="lookup")
    assert quickbooks.findings(answer(CHARGE | changes | errors(code), 200)) == unread, (
        "what a look-up says beside an error is not taken for the whole"
    )
