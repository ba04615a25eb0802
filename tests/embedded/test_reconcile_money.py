"""`callboard reconcile` on money: what the services did is clean, and each fault planted in it is found."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bills import issued, known_customer, pay_by_cheque
from embedded.checks import Check
from embedded.reconcile import look_at_money
from gateway import connected, sandbox
from harness import at_work, client, feed, said
from payments.service import service
from portal_api.service import service as portal

FAULTS = {
    "an attempt without its money": (
        "UPDATE operation SET state='failed' WHERE kind='sale'",
        "every payment attempt agrees with its operations",
    ),
    "a failed attempt that took money": (
        "UPDATE attempt SET state='failed'",
        "every payment attempt agrees with its operations",
    ),
    "a charge that is no payment": (
        "UPDATE payment SET operation_id=NULL, gateway=NULL",
        "every charge is one payment",
    ),
    "a payment without a charge": ("UPDATE payment SET gateway='sandbox'", "every charge is one payment"),
    "a payment of another amount": (
        "UPDATE operation SET amount=amount+1 WHERE kind='sale'",
        "every charge is one payment",
    ),
    "more allocated than paid": (
        "UPDATE entry SET amount=amount+1 WHERE kind='payment'",
        "every payment is allocated, and no more than that",
    ),
    "more given back than was there": (
        "UPDATE entry SET amount=-99999 WHERE kind='refund'",
        "every payment is allocated, and no more than that",
    ),
    "more refunded than captured": (
        "UPDATE operation SET amount=99999 WHERE kind='refund'",
        "no more is refunded than was captured",
    ),
    "a refund that is not booked": ("DELETE FROM entry WHERE kind='refund'", "every refund is booked"),
    "a gap in the numbers": (
        "UPDATE invoice SET number='INV-00007' WHERE number='INV-00002'",
        "invoice numbers have no gaps and no repeats",
    ),
    "a number twice": (
        "UPDATE invoice SET number='OLD-00001' WHERE number='INV-00002'",
        "invoice numbers have no gaps and no repeats",
    ),
    "an invoice without number": (
        "UPDATE invoice SET number=NULL WHERE number='INV-00001'",
        "invoice numbers have no gaps and no repeats",
    ),
    "another balance than was said": (
        "UPDATE entry SET amount=amount-1 WHERE kind='payment'",
        "every invoice's balance is what was said of it",
    ),
    "a change that was not said": (
        "UPDATE invoice SET version=version+1",
        "every invoice's balance is what was said of it",
    ),
    "an attempt for a person": (
        "UPDATE attempt SET state='needs_review', next_check_at=NULL",
        "every payment attempt is settled or looked after",
    ),
    "an attempt past its schedule": (
        "UPDATE attempt SET state='unknown', next_check_at='2026-01-01 00:00:00'",
        "every payment attempt is settled or looked after",
    ),
    "a refund past its schedule": (
        "UPDATE operation SET state='unknown', next_check_at='2026-01-01 00:00:00' WHERE kind='refund'",
        "every payment attempt is settled or looked after",
    ),
    "a webhook nobody read": (
        "INSERT INTO webhook (id, account_id, external_id, kind, state, body, tries, received_at)"
        " SELECT id, id, 'evt', 'sale', 'received', '', 0, '2026-01-01 00:00:00' FROM gateway_account",
        "every webhook was read",
    ),
    "a difference from the gateway's list": (
        "INSERT INTO difference (id, version, account_id, day, kind, reference, found_at)"
        " SELECT id, 1, id, '2026-01-01', 'missing_here', 'ch_1', '2026-01-02 00:00:00' FROM gateway_account",
        "the gateways' lists agree with the books",
    ),
}
FOR_A_PERSON = {name for name, (_, rule) in FAULTS.items() if rule.endswith("looked after")}


async def trade(url: str, portal_url: str, folder: Path) -> None:
    """Two invoices: one by card and half refunded, one in part by cheque."""
    async with (
        sandbox(folder / "sandbox") as payer,
        at_work(service, url) as run,
        at_work(portal, portal_url) as shown,
        client(run, "office.admin") as office,
    ):
        await connected(office, payer)
        bill, other = [await issued(office, await known_customer(run)) for _ in range(2)]
        body: dict[str, Any] = {"invoices": [{"invoice_id": bill["id"]}], "token": "tok_visa"}
        made = (await office.post("/v1/payment-attempts", json=body)).json()
        assert made["state"] == "succeeded"
        back = await office.post(f"/v1/payment-attempts/{made['id']}/refund", json={"amount": 4000})
        assert back.is_success, back.text
        paid = await pay_by_cheque(office, other["customer_id"], 2500, **{other["id"]: 2000})
        assert paid.is_success, paid.text
        await feed(shown, *await said(run))


def names(folder: Path) -> dict[str, str]:
    return {name: f"sqlite+aiosqlite:///{folder}/{name}.db" for name in ("payments", "portal-api")}


def looked(folder: Path, minutes: float = 0) -> list[Check]:
    return asyncio.run(look_at_money(names(folder), minutes))


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traded")
    asyncio.run(trade(*names(folder).values(), folder))
    return folder


def test_a_healthy_house_is_clean(traded: Path) -> None:
    checks = looked(traded)
    assert not [entry for check in checks for entry in (*check.wrong, *check.waiting)]


async def test_the_same_on_postgresql(database_url: str, tmp_path: Path) -> None:
    urls = names(tmp_path) | {"payments": database_url}
    await trade(*urls.values(), tmp_path)
    checks = await look_at_money(urls, 0)
    assert not [entry for check in checks for entry in (*check.wrong, *check.waiting)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault)
def test_a_fault_is_found(traded: Path, tmp_path: Path, fault: str) -> None:
    folder = Path(shutil.copytree(traded, tmp_path / "data"))
    statement, rule = FAULTS[fault]
    with closing(sqlite3.connect(folder / "payments.db")) as database, database:
        database.execute("PRAGMA foreign_keys=OFF")
        assert database.execute(statement).rowcount > 0, "the fault changed nothing"
    minutes = 10 if fault in FOR_A_PERSON else 0
    found = {check.rule: check for check in looked(folder, minutes)}[rule]
    assert found.waiting if fault in FOR_A_PERSON else found.wrong, json.dumps(found._asdict())
