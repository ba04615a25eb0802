"""What a look-up proves: only a whole, understood answer says that there is nothing; whatever was done to a
charge is found, whatever the gateway calls its row."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from gateways import answering, gateway
from hypothesis import given, settings
from hypothesis import strategies as st
from payments.gateways import oauth
from payments.gateways.base import Expected, Outcome, Result, What
from payments.gateways.findings import compare, meant
from payments.gateways.found import Findings
from payments.gateways.port import Gateway
from payments.settling import settle
from pydantic import SecretStr

ID = "0af1"
CHARGE = Expected(our_id=ID, amount=12540)
NAMES = ("merchantware", "qbms", "quickbooks", "paypal", "stripe", "sandbox")
Row = dict[str, str]
SALE: Row = {
    "Amount": "125.40",
    "ApprovalStatus": "APPROVED",
    "AuthorizationCode": "OK7731",
    "CardNumber": "************4242",
    "CardType": "4",
    "MerchantTransactionId": ID,
    "Token": "610482337",
    "TransactionDate": "2025-11-18 14:07:45.233",
    "TransactionType": "1",
}
ERROR: Row = dict.fromkeys(SALE, "") | {"TransactionType": "0", "ErrorMessage": "Invalid Credentials."}


def soap(operation: str, inner: str) -> bytes:
    body = f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"
    return f"<Envelope><Body>{body}</Body></Envelope>".encode()


def xml(row: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in row.items())


def listed(*rows: Row, name: str = "TransactionReference4") -> bytes:
    inner = "".join(f"<{name}>{xml(row)}</{name}>" for row in rows)
    return soap("TransactionsByTransactionId", inner)


def detailed(**more: str) -> bytes:
    """The one charge with all details."""
    row = SALE | {"TotalAmount": "125.40", "IsTransactionCaptured": "false", "IsTransactionVoided": "false"}
    return soap("DetailedTransactionByReference", xml(row | more))


async def connected(name: str, status: int, body: bytes) -> Gateway:
    adapter = gateway(name, answering(status, body))
    if name == "quickbooks":
        far = datetime.now(UTC) + timedelta(hours=1)
        await cast("Any", adapter).tokens.save(oauth.Tokens(access=SecretStr("A"), expires_at=far))
    return adapter


async def looked(name: str, status: int, body: bytes, expected: Expected = CHARGE) -> Result:
    """What the look-up says of the charge, or of what was done to it."""
    found = await (await connected(name, status, body)).lookup(expected)
    if isinstance(found, Result):
        return found
    return compare(found, expected) if expected.kind == "sale" else meant(found, expected)


def at(name: str, kind: What = "sale") -> Expected:
    """What each gateway searches by."""
    refs = {"stripe": "cs_1", "paypal": "5EX", "qbms": "0P1"}
    ref = "EEX1" if name == "quickbooks" else None
    return Expected(
        our_id=ID,
        amount=12540,
        kind=kind,
        order_ref=refs.get(name),
        gateway_ref=ref if kind == "sale" else None,
        charge_ref=None if kind == "sale" else {"stripe": "pi_1"}.get(name, "EEX1"),
    )


MERCHANTWARE = {
    "credentials refused": listed(ERROR),
    "an error in a row": listed(ERROR | {"ErrorMessage": "Try again later."}),
    "an error beside a decline": listed(SALE | {"ApprovalStatus": "DECLINED;1012;decline"}, ERROR),
    "a kind that nobody knows": listed(SALE | {"TransactionType": "77"}),
    "no kind": listed(SALE | {"TransactionType": ""}),
    "no status": listed(SALE | {"ApprovalStatus": ""}),
    "a row of another name": listed(SALE, name="TransactionReference5"),
    "an error instead of rows": soap("TransactionsByTransactionId", "<ErrorMessage>No.</ErrorMessage>"),
    "an empty row": soap("TransactionsByTransactionId", "<TransactionReference4 />"),
    "cut off": listed(SALE)[:-40],
}


@pytest.mark.parametrize("body", MERCHANTWARE.values(), ids=MERCHANTWARE)
@pytest.mark.parametrize("kind", ["sale", "capture", "refund", "void"])
async def test_merchantware_has_not_said_that_there_is_nothing(kind: What, body: bytes) -> None:
    found = await looked("merchantware", 200, body, at("merchantware", kind))
    assert found.outcome == "unknown"
    assert found.kind in ("configuration", "refused", "unreadable")


async def test_merchantware_says_that_there_is_nothing() -> None:
    assert (await looked("merchantware", 200, listed())).outcome == "not_found"
    assert (await looked("merchantware", 200, listed(SALE))).outcome == "approved"


async def test_a_void_beside_the_sale_counts_though_the_details_cannot_be_read() -> None:
    void = SALE | {"TransactionType": "3", "Token": "610482400", "Amount": "", "AuthorizationCode": "VOID"}
    assert (await looked("merchantware", 200, listed(SALE, void))).outcome == "voided"


FAILURES: list[tuple[int, bytes]] = [
    (200, b""),
    (200, b"<!doctype html><title>Maintenance</title>"),
    (200, b"{}"),
    (200, b'{"error": {"type": "api_error", "message": "Try again."}}'),
    (200, b'{"name": "INTERNAL_SERVICE_ERROR", "message": "Try again."}'),
    (200, b'{"errors": [{"code": "PMT-6000", "type": "system_error"}]}'),
    (200, b'{"transactions": null}'),
    (200, b'{"transactions": [{"code": "host_error", "message": "Try again."}]}'),
    (200, b'{"transactions": [{"id": "sb1", "kind": "adjustment", "status": "approved"}]}'),
    (200, b"StatusCode=10500\nStatusMessage=It cannot be said.\n"),
    (401, b'{"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}'),
    (401, b'{"code": "AuthenticationFailed", "type": "INPUT", "message": null}'),
    (403, b'{"name": "NOT_AUTHORIZED", "details": [], "links": []}'),
    (404, b'{"error": {"type": "invalid_request_error", "code": "resource_missing"}}'),
    (404, b'{"name": "RESOURCE_NOT_FOUND", "details": [{"issue": "INVALID_RESOURCE_ID"}]}'),
    (404, b'{"errors": [{"code": "PMT-4001", "type": "invalid_request"}]}'),
    (404, b'{"code": "not_found", "message": "No such page."}'),
    (429, b'{"error": {"type": "rate_limit_error"}}'),
    (500, b'{"name": "INTERNAL_SERVICE_ERROR"}'),
    (503, b""),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("status", "body"), FAILURES)
@pytest.mark.parametrize("kind", ["sale", "capture", "refund", "void"])
async def test_a_look_up_that_failed_says_nothing(name: str, kind: What, status: int, body: bytes) -> None:
    found = await looked(name, status, body, at(name, kind))
    assert found.outcome == "unknown"
    assert found.kind is not None


@pytest.mark.parametrize("name", NAMES)
async def test_a_look_up_that_nobody_answers_says_nothing(name: str) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    adapter = await connected(name, 200, b"")
    cast("Any", adapter).client._transport = httpx.MockTransport(away)
    found = await adapter.lookup(at(name))
    assert isinstance(found, Result)
    assert (found.outcome, found.kind) == ("unknown", "unreachable")


INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "amount": 12540,
    "amount_received": 12540,
    "capture_method": "manual",
    "currency": "usd",
    "latest_charge": {"id": "ch_1", "object": "charge"},
    "metadata": {"attempt_id": ID},
    "status": "succeeded",
}
HELD: dict[str, Any] = {"id": "EEX1", "status": "AUTHORIZED", "amount": "125.40", "currency": "USD"}
TAKEN_LATER = {"captureDetail": {"id": "EEX2", "amount": "125.40", "created": "2025-11-19T10:00:00Z"}}
LIST = [{"id": "EEX1", "kind": "authorization", "status": "approved", "amount": 12540, "currency": "USD"}]
TAKEN_ROW = {"id": "sb2", "kind": "capture", "charge": "EEX1", "status": "approved", "amount": 12540}
HOLD = {"TransactionType": "5", "Token": "EEX1", "AuthorizationAmount": "125.40"}


def body(node: object) -> bytes:
    return json.dumps(node).encode()


def details_or_nothing(answer: bytes) -> Any:
    """MERCHANTWARE knows nothing under the capture's own id, as it was made by a person, or is not told."""

    def answer_to(request: httpx.Request) -> httpx.Response:
        by_id = b"TransactionsByTransactionId" in request.content
        return httpx.Response(200, content=listed() if by_id else answer)

    return answer_to


CAPTURED: list[tuple[str, bytes, Outcome]] = [
    ("stripe", body(INTENT), "approved"),
    ("stripe", body(INTENT | {"capture_method": None}), "approved"),
    ("stripe", body(INTENT | {"status": "requires_capture", "amount_received": 0}), "not_found"),
    ("stripe", body(INTENT | {"status": "canceled", "amount_received": 0}), "not_found"),
    ("stripe", body(INTENT | {"status": "on_hold"}), "unknown"),
    ("quickbooks", body(HELD | {"status": "CAPTURED"}), "approved"),
    ("quickbooks", body(HELD | {"status": "SETTLED"}), "approved"),
    ("quickbooks", body(HELD | {"status": "CAPTURED"} | TAKEN_LATER), "approved"),
    ("quickbooks", body(HELD), "not_found"),
    ("quickbooks", body(HELD | {"status": "ADJUSTED"}), "unknown"),
    ("sandbox", body({"transactions": [*LIST, TAKEN_ROW]}), "approved"),
    ("sandbox", body({"transactions": LIST}), "not_found"),
    ("sandbox", body({"transactions": [*LIST, TAKEN_ROW | {"kind": "adjustment"}]}), "unknown"),
    ("merchantware", detailed(**HOLD, IsTransactionCaptured="true"), "approved"),
    ("merchantware", detailed(**HOLD), "not_found"),
    ("merchantware", detailed(**HOLD | {"TransactionType": "77"}), "unknown"),
]


@pytest.mark.parametrize(("name", "answer", "outcome"), CAPTURED)
async def test_what_became_of_a_capture(name: str, answer: bytes, outcome: Outcome) -> None:
    adapter = await connected(name, 200, answer)
    if name == "merchantware":
        cast("Any", adapter).client._transport = httpx.MockTransport(details_or_nothing(answer))
    expected = at(name, "capture")
    found = await adapter.lookup(expected)
    assert isinstance(found, Findings) or found.outcome == outcome == "unknown"
    if isinstance(found, Findings):
        result = meant(found, expected)
        assert result.outcome == outcome
        assert outcome != "approved" or result.amount == 12540


async def test_merchantware_finds_a_capture_by_its_own_id() -> None:
    taken = SALE | {"TransactionType": "9", "Token": "610482500", "Amount": "100.00"}
    found = await looked("merchantware", 200, listed(taken), at("merchantware", "capture"))
    assert (found.outcome, found.gateway_ref, found.amount) == ("approved", "610482500", 10000)


VOIDED: list[tuple[str, bytes, Outcome]] = [
    ("stripe", body(INTENT | {"status": "canceled", "amount_received": 0}), "approved"),
    ("stripe", body(INTENT | {"status": "requires_capture", "amount_received": 0}), "not_found"),
    ("sandbox", body({"transactions": [LIST[0] | {"status": "voided"}]}), "approved"),
    ("merchantware", detailed(**HOLD, IsTransactionVoided="true"), "approved"),
]


@pytest.mark.parametrize(("name", "answer", "outcome"), VOIDED)
async def test_what_became_of_a_void(name: str, answer: bytes, outcome: Outcome) -> None:
    adapter = await connected(name, 200, answer)
    if name == "merchantware":
        cast("Any", adapter).client._transport = httpx.MockTransport(details_or_nothing(answer))
    found = await adapter.lookup(at(name, "void"))
    assert isinstance(found, Findings)
    assert meant(found, at(name, "void")).outcome == outcome
    if outcome == "approved":
        assert compare(found, Expected(our_id=ID, amount=12540)).outcome == "voided"


async def test_a_hold_that_was_captured_is_money_of_the_captures_amount() -> None:
    found = await looked("stripe", 200, body(INTENT | {"amount_received": 10000}), at("quickbooks"))
    assert (found.outcome, found.captured, found.amount) == ("needs_review", True, 10000)
    found = await looked("merchantware", 200, detailed(**HOLD), at("quickbooks"))
    assert (found.outcome, found.captured) == ("approved", False)


def refunds(*rows: dict[str, Any]) -> bytes:
    told = [
        {"id": f"re_{number}", "object": "refund", "amount": 4000, "currency": "usd", "status": "succeeded"}
        | row
        for number, row in enumerate(rows)
    ]
    return body({"object": "list", "data": told, "has_more": False})


async def test_whose_refund_it_is() -> None:
    expected = Expected(our_id="rf-1", amount=4000, kind="refund", charge_ref="pi_1")
    mine, other = {"metadata": {"refund_id": "rf-1"}}, {"metadata": {"refund_id": "rf-2"}}
    of = {"payment_intent": "pi_1"}
    assert (await looked("stripe", 200, refunds(of | mine), expected)).outcome == "approved"
    assert (await looked("stripe", 200, refunds(of | other), expected)).outcome == "not_found"
    assert (await looked("stripe", 200, refunds(), expected)).outcome == "not_found"
    nameless = await looked("stripe", 200, refunds(of), expected)
    assert nameless.outcome == "unknown", "it may be ours: nobody can say that there is none"
    smaller = await looked("stripe", 200, refunds(of | {"amount": 3900}), expected)
    assert smaller.outcome == "not_found"


@pytest.mark.parametrize("name", ["qbms", "quickbooks"])
async def test_a_warning_is_an_approval_with_a_mark(name: str) -> None:
    shown = {"id": "EEX7", "status": "CAPTURED", "amount": "125.40", "currency": "USD", "authCode": "664472"}
    wrong = {"code": "PMT-1001", "type": "fraud_warning", "message": "CVC does not match."}
    warned = body(shown | {"errors": [wrong], "avsStreet": "Pass", "avsZip": "Pass"})
    attributes = 'statusCode="10100" statusSeverity="WARN" statusMessage="Flagged."'
    inside = "<CreditCardTransID>EEX7</CreditCardTransID><CardSecurityCodeMatch>Fail</CardSecurityCodeMatch>"
    if name == "qbms":
        answer = f"<CustomerCreditCardCaptureRs {attributes}>{inside}</CustomerCreditCardCaptureRs>"
        signed = '<SignonMsgsRs><SignonDesktopRs statusCode="0" /></SignonMsgsRs>'
        warned = f"<QBMSXML>{signed}<QBMSXMLMsgsRs>{answer}</QBMSXMLMsgsRs></QBMSXML>".encode()
    adapter = await connected(name, 200, warned)
    done = await adapter.capture("EEX7", 12540, "USD", request_id="cp-1")
    assert (done.outcome, done.gateway_ref, done.cvv) == ("approved", "EEX7", "no_match")
    assert done.warning
    state = settle("submitting", done, "call", not_found=0, age=timedelta())
    assert state == "succeeded"


async def test_a_warning_without_its_charge_is_unknown() -> None:
    wrong = {"code": "PMT-1000", "type": "fraud_warning", "message": "Accepted."}
    adapter = await connected("quickbooks", 200, body({"errors": [wrong]}))
    done = await adapter.capture("EEX7", 12540, "USD", request_id="cp-1")
    assert (done.outcome, done.warning) == ("unknown", "Accepted.")


rows = st.lists(
    st.fixed_dictionaries(
        {
            "ApprovalStatus": st.sampled_from(
                ["APPROVED", "DECLINED;1012;decline", "NEW", "", "FAILED;1109;x"]
            ),
            "TransactionType": st.sampled_from(["1", "2", "3", "5", "9", "7", "0", ""]),
            "ErrorMessage": st.sampled_from(["", "Invalid Credentials.", "Host away."]),
            "Amount": st.sampled_from(["125.40", "12.54", "", "x"]),
            "Token": st.sampled_from(["610482337", "610482338", ""]),
        }
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(changes=rows)
async def test_no_rows_but_understood_ones_prove_anything(changes: list[Row]) -> None:
    """Whatever the list holds: "not found" only where every row is another kind of operation than a charge,
    and approved only where a row with a reference says so alone."""
    found = await looked("merchantware", 200, listed(*(SALE | change for change in changes)))
    kinds = [each["TransactionType"] for each in changes]
    clear = all(kind in "12359" and kind for kind in kinds) and all(row["ApprovalStatus"] for row in changes)
    if found.outcome == "not_found":
        assert clear
        assert set(kinds) <= {"2", "3"}
    if found.outcome == "approved":
        assert clear
        approved = [row for row in changes if row["ApprovalStatus"] == "APPROVED" and row["Token"]]
        assert [row for row in approved if row["TransactionType"] in ("1", "5", "9")]
        assert found.amount in (None, 12540)


MONEY = {"currency_code": "USD", "value": "125.40"}
PAID: dict[str, Any] = {
    "stripe": {
        "id": "cs_1",
        "object": "checkout.session",
        "amount_total": 12540,
        "client_reference_id": ID,
        "currency": "usd",
        "payment_intent": INTENT | {"capture_method": "automatic_async"},
        "payment_status": "paid",
        "status": "complete",
    },
    "paypal": {
        "id": "5EX",
        "status": "COMPLETED",
        "purchase_units": [
            {
                "custom_id": ID,
                "amount": MONEY,
                "payments": {
                    "captures": [{"id": "7CX", "status": "COMPLETED", "custom_id": ID, "amount": MONEY}]
                },
            }
        ],
    },
    "quickbooks": HELD | {"status": "CAPTURED", "authCode": "664472"},
    "sandbox": {
        "transactions": [
            {
                "id": "sb1",
                "kind": "sale",
                "status": "approved",
                "our_id": ID,
                "amount": 12540,
                "currency": "USD",
            }
        ]
    },
}
SAYS_SO = {"stripe": "payment_status", "paypal": "status", "quickbooks": "status", "sandbox": "status"}
REFERENCE = {"stripe": "pi_1", "paypal": "7CX", "quickbooks": "EEX1", "sandbox": "sb1"}


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key of every object in it."""
    if isinstance(node, dict):
        known = cast("dict[str, Any]", node)
        return [place for key in known for place in [(*path, key), *places(known[key], (*path, key))]]
    if isinstance(node, list):
        return [
            place
            for number, each in enumerate(cast("list[Any]", node))
            for place in places(each, (*path, number))
        ]
    return []


def changed(node: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy with another value in that place; None: without it."""
    copy = json.loads(json.dumps(node))
    inside = copy
    for step in path[:-1]:
        inside = inside[step]
    if value is None:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return copy


@pytest.mark.parametrize("name", PAID)
async def test_what_was_paid_is_seen(name: str) -> None:
    found = await looked(name, 200, body(PAID[name]), at(name))
    assert (found.outcome, found.gateway_ref, found.amount) == ("approved", REFERENCE[name], 12540)


@pytest.mark.parametrize("name", PAID)
@pytest.mark.parametrize("value", [None, "on_hold", 7, [], {}], ids=str)
async def test_whatever_is_missing_or_odd_a_payment_never_vanishes(name: str, value: object) -> None:
    """Each field of a paid charge in turn is left out or holds something else."""
    empty = [("transactions",)] if value == [] else []  # which says that there is nothing
    for place in [each for each in places(PAID[name]) if each not in empty]:
        found = await looked(name, 200, body(changed(PAID[name], place, value)), at(name))
        assert found.outcome != "not_found", place
        if found.outcome == "approved":
            assert found.amount in (None, 12540), place
            assert found.gateway_ref in (REFERENCE[name], None, value), place
            assert place[-1] != SAYS_SO[name] or (name in ("stripe", "paypal") and len(place) in (1, 2)), (
                place
            )


async def test_quickbooks_tells_what_was_done_to_a_charge() -> None:
    """Each capture, refund and void of its own amount, reference and time."""
    when = "2025-11-19T10:00:00Z"
    part = {"id": "EEX3", "amount": "40.00", "status": "ISSUED", "created": when}
    done = [part, part | {"id": "EEX4", "status": "DECLINED"}, part | {"id": "EEX5", "type": "VOID"}]
    answer = body(HELD | {"status": "SETTLED", "refundDetail": done} | TAKEN_LATER)
    found = await (await connected("quickbooks", 200, answer)).lookup(at("quickbooks"))
    assert isinstance(found, Findings)
    told = [(row.kind, row.result.outcome, row.result.gateway_ref, row.result.amount) for row in found.rows]
    assert told == [
        ("hold", "approved", "EEX1", 12540),
        ("capture", "approved", "EEX2", 12540),
        ("refund", "approved", "EEX3", 4000),
        ("refund", "declined", "EEX4", 4000),
        ("void", "approved", "EEX5", 4000),
    ]
    assert {(row.of, row.at) for row in found.rows[1:]} == {("EEX1", datetime(2025, 11, 19, 10, tzinfo=UTC))}
    assert {row.result.currency for row in found.rows} == {"USD"}
    assert [row.result.captured for row in found.rows] == [False, True, None, None, None]
