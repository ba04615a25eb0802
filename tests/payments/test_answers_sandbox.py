"""What is read out of the sandbox's answers, field by field."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from payments.gateways.base import Outcome, Result
from payments.gateways.found import Dispute, Finding, Findings
from payments.gateways.sandbox_answers import finding, findings, judge
from payments.gateways.transport import Answer

UNREADABLE = Result(outcome="unknown", kind="unreadable", retry="same_key")
AT = datetime(2025, 11, 18, 22, 0, tzinfo=UTC)
SAID = {"code": "c", "message": "M"}


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (200, {"id": "x"}, {"id": "x"}),
        (201, {"id": "x"}, {"id": "x"}),
        (202, {"id": "x"}, UNREADABLE),
        (200, [], UNREADABLE),
        (404, SAID, UNREADABLE),
        (404, SAID | {"code": "not_found"}, Result(outcome="not_found", code="not_found", message="M")),
        (405, SAID | {"code": "not_found"}, UNREADABLE),
        (400, SAID, Result(outcome="error", code="c", message="M", retry="after_fix")),
        (409, SAID, Result(outcome="error", code="c", message="M", retry="after_fix")),
        (422, SAID, Result(outcome="error", code="c", message="M", retry="after_fix")),
        (422, {"message": "M"}, UNREADABLE),
        (401, SAID, UNREADABLE),
        (500, SAID, UNREADABLE),
    ],
)
def test_an_answer(status: int, body: object, means: object) -> None:
    assert judge(Answer(status=status, headers={}, body=json.dumps(body).encode())) == means


ROW: dict[str, Any] = {
    "id": "sb1",
    "kind": "sale",
    "status": "approved",
    "our_id": "a-1",
    "order": "so_1",
    "charge": "sb0",
    "vault_token": "vt_1",
    "duplicate_of": "sb9",
    "amount": 12540,
    "currency": "USD",
    "code": "00",
    "message": "Fine.",
    "auth_code": "OK1",
    "avs": "zip_only",
    "cvv": "match",
    "last4": "4242",
    "brand": "visa",
    "at": "2025-11-18T22:00:00Z",
    "can_void": True,
    "can_refund": False,
    "refund_max": 12000,
}


def said(outcome: Outcome = "approved", **more: Any) -> Result:
    known: dict[str, Any] = {
        "code": "00",
        "message": "Fine.",
        "auth_code": "OK1",
        "gateway_ref": "sb1",
        "amount": 12540,
        "currency": "USD",
        "avs": "zip_only",
        "cvv": "match",
        "last4": "4242",
        "brand": "visa",
        "captured": True,
        "refs": {"order": "so_1", "charge": "sb0", "vault_token": "vt_1", "duplicate_of": "sb9"},
    }
    return replace(Result(outcome=outcome, **known), **more)


def row(result: Result, **more: Any) -> Finding:
    known: dict[str, Any] = {"our_id": "a-1", "of": "sb0", "at": AT}
    known |= {"can_void": True, "can_refund": False, "refund_max": 12000}
    return replace(Finding(result=result, **known), **more)


VOID = Finding(result=Result(outcome="approved", amount=12540, currency="USD"), kind="void", of="sb1", at=AT)


@pytest.mark.parametrize(
    ("changes", "means"),
    [
        ({}, [row(said())]),
        ({"kind": "authorization"}, [row(said(captured=False), kind="hold")]),
        ({"kind": "capture"}, [row(said(), kind="capture")]),
        ({"kind": "void"}, [row(said(captured=None), kind="void")]),
        ({"kind": "refund"}, [row(said(captured=None), kind="refund")]),
        ({"status": "declined"}, [row(said("declined"))]),
        ({"status": "duplicate"}, [row(said("duplicate"))]),
        ({"status": "failed", "kind": "refund"}, [row(said("declined", captured=None), kind="refund")]),
        ({"status": "pending"}, [row(said("pending"))]),
        ({"status": "canceled"}, [row(said("canceled"))]),
        ({"status": "odd"}, [row(said("unknown", retry="same_key"))]),
        ({"status": None}, [row(said("unknown", retry="same_key"))]),
        ({"status": "review"}, [row(said(warning="Fine."))]),
        (
            {"status": "review", "message": None},
            [row(said(message=None, warning="The gateway warns of fraud."))],
        ),
        ({"status": "voided"}, [row(said()), VOID]),
        ({"status": "voided", "kind": "authorization"}, [row(said(captured=False), kind="hold"), VOID]),
        ({"status": "voided", "kind": "capture"}, [row(said(), kind="capture")]),
        ({"avs": "odd", "cvv": "odd"}, [row(said(avs=None, cvv=None))]),
        ({"avs": None, "cvv": None}, [row(said(avs=None, cvv=None))]),
        ({"can_void": False, "can_refund": True}, [row(said(), can_void=False, can_refund=True)]),
        ({"can_void": "yes", "can_refund": 1}, [row(said(), can_void=None, can_refund=None)]),
        (
            {"order": None, "charge": None, "vault_token": None, "duplicate_of": None},
            [row(said(refs={}), of=None)],
        ),
    ],
)
def test_a_row(changes: dict[str, Any], means: list[Finding]) -> None:
    assert findings({"transactions": [ROW | changes]}) == Findings(rows=tuple(means))
    assert finding(ROW | changes) == means[0]


@pytest.mark.parametrize("check", ["match", "address_only", "zip_only", "no_match", "unavailable"])
def test_the_checks(check: str) -> None:
    assert finding({"avs": check}).result.avs == check
    known = None if check.endswith("_only") else check
    assert finding({"cvv": check}).result.cvv == known


@pytest.mark.parametrize("stage", ["opened", "withdrawn", "reinstated", "won", "lost", "odd", None])
def test_a_dispute(stage: str | None) -> None:
    told = ROW | {"kind": "dispute", "stage": stage, "withdrawn": 9, "fee": 15, "reason": "fraud"}
    case = Dispute(
        reference="sb1",
        stage=stage if stage and stage != "odd" else "opened",  # pyright: ignore[reportArgumentType]
        amount=12540,
        withdrawn=9,
        fee=15,
        currency="USD",
        reason="fraud",
    )
    assert finding(told) == row(said(captured=None), kind="dispute", dispute=case)


def test_what_is_not_understood() -> None:
    good = row(said())
    assert findings({"transactions": []}) == Findings()
    assert findings({"transactions": "none"}) == findings({}) == Findings(complete=False)
    for odd in (ROW | {"kind": "adjustment"}, ROW | {"kind": None}, ROW | {"id": None}, {}, 1):
        assert findings({"transactions": [odd, ROW]}) == Findings(rows=(good,), complete=False)
    voided = ROW | {"kind": "adjustment", "status": "voided"}
    assert findings({"transactions": [voided]}) == Findings(complete=False)
    bare = finding({})
    assert bare == Finding(result=Result(outcome="unknown", retry="same_key"))
