"""Whatever a gateway sends, a parser yields a Result; and what is not surely an approval is none."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gateways import answering, gateway
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payments.gateways import (
    merchantware_answers,
    merchantware_reports,
    oauth,
    paypal_answers,
    paypal_report,
    paypal_webhooks,
    qbms_answers,
    quickbooks_answers,
    sandbox_answers,
    stripe_answers,
    xml,
)
from payments.gateways.base import Expected, Result
from payments.gateways.findings import compare
from payments.gateways.found import Finding, Findings
from payments.gateways.money import from_text, to_text
from payments.gateways.nested import read_json
from payments.gateways.transport import Answer

SAMPLES = Path(__file__).parent / "samples"
BODIES = [path.read_bytes() for path in sorted(SAMPLES.glob("*/*.*")) if path.suffix in (".xml", ".json")]
PARSERS = [
    lambda answer: merchantware_answers.credit(answer, "SaleVault"),
    lambda answer: merchantware_answers.vault(answer, "VaultDeleteToken"),
    merchantware_answers.batch,
    lambda answer: merchantware_reports.rows(answer, "TransactionsByTransactionId"),
    lambda answer: merchantware_reports.detail(answer, "DetailedTransactionByReference"),
    lambda answer: qbms_answers.result(answer, "CustomerCreditCardWalletCharge"),
    qbms_answers.lines,
    quickbooks_answers.finding,
    quickbooks_answers.findings,
    lambda answer: paypal_answers.captured(answer, "X"),
    paypal_answers.order,
    paypal_answers.order_findings,
    paypal_answers.capture_findings,
    paypal_answers.refund,
    paypal_report.report,
    paypal_webhooks.verified,
    lambda answer: paypal_webhooks.webhook(read_json(answer.body)),
    lambda answer: stripe_answers.finding(stripe_answers.judge(answer)),
    lambda answer: sandbox_answers.finding(sandbox_answers.judge(answer)),
    lambda answer: oauth.read_tokens(answer, datetime.now(UTC)),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "status", "object", "error", "errors", "code", "amount", "purchase_units", "payments"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A sample with a piece cut out, doubled or replaced."""
    body = draw(st.sampled_from(BODIES))
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 200)))
    return body[:start] + draw(st.binary(max_size=20) | st.just(body[start:end] * 2)) + body[end:]


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.binary(max_size=300) | broken() | json_values.map(lambda v: str(v).encode()),
    status=st.integers(200, 599),
)
def test_no_parser_raises(body: bytes, status: int) -> None:
    answer = Answer(status=status, headers={}, body=body)
    for parser in PARSERS:
        parser(answer)


@settings(max_examples=60)
@given(value=json_values)
def test_no_parser_raises_for_json_of_another_shape(value: Any) -> None:
    answer = Answer(status=200, headers={}, body=json.dumps(value).encode())
    for parser in PARSERS:
        parser(answer)


words = st.sampled_from(["APPROVED", "DECLINED", "DUPLICATE", "REFERRAL", "FAILED", "approved", "NEW", ""])


@given(
    flags=st.lists(words, min_size=1, max_size=3),
    code=st.none() | st.integers(0, 2000),
    message=st.text(max_size=20),
    token=st.none() | st.just("610482337"),
)
def test_the_grammar_of_a_status(flags: list[str], code: int | None, message: str, token: str | None) -> None:
    text = ",".join(flags) + ("" if code is None else f";{code};{message}")
    found = merchantware_answers.status(text, token)
    sure = set(flags) == {"APPROVED"} and token is not None and code is None
    assert (found.outcome == "approved") == sure
    if not set(flags) <= merchantware_answers.FLAGS:
        assert found.outcome == "unknown"
    if code in merchantware_answers.LOST:
        assert found.outcome == "unknown"


@given(amount=st.integers(0, 10**11), currency=st.sampled_from(["USD", "EUR", "JPY"]))
def test_amounts_survive_the_wire(amount: int, currency: str) -> None:
    assert from_text(to_text(amount, currency), currency) == amount
    assert from_text(f"{amount:,}") == amount * 100


@pytest.mark.parametrize(
    "text", ["", "1e5", "NaN", "1.005", "12,54", "1.2.3", "١٢", "0x10", "9" * 30, None, 5, True]
)
def test_what_is_no_amount(text: object) -> None:
    assert from_text(text) is None


async def test_an_answer_too_long_is_not_read() -> None:
    adapter = gateway("stripe", answering(200, b" " * 5_000_000))
    assert (await adapter.check_connection()).kind == "unreadable"


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * 30 + b"</a>" * 30,
        b"<a>" + b" " * 1_000_000 + b"</a>",
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"",
    ],
)
def test_documents_that_are_not_read(document: bytes) -> None:
    assert xml.read(document) is None


def test_two_charges_under_one_id_and_an_earlier_decline() -> None:
    asked = Expected(our_id="a", amount=100)
    paid = Finding(result=Result(outcome="approved", gateway_ref="1", amount=100), our_id="a")
    other = Finding(result=Result(outcome="approved", gateway_ref="2", amount=100), our_id="a")
    declined = Finding(result=Result(outcome="declined"), our_id="a")
    assert compare(Findings(), asked).outcome == "not_found"
    assert compare(Findings(rows=(declined, paid)), asked) == paid.result
    assert compare(Findings(rows=(paid, other)), asked).refs == {"charges": "1, 2"}
    assert compare(Findings(rows=(paid,)), Expected(our_id="b", amount=100)).refs == {"differs": "our id"}
