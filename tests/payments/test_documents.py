"""Invoices as PDF and by e-mail."""

import asyncio
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from bills import (
    TICKET,
    drafted,
    invoice,
    issued,
    known_customer,
    known_dispatch,
    line,
    pay_by_cheque,
    updated,
)
from harness import at_work, client, feed
from hypothesis import given, settings
from hypothesis import strategies as st
from localservers import SmtpSink
from localservers.smtp_sink import PASSWORD, USER
from payments.document import Booked, Facts, file_name, render
from payments.queries.documents import facts_of
from payments.service import service
from pictures import jpeg
from pydantic import SecretStr
from shared.auth import DOCUMENT, development_token
from shared.company import PASSWORD as PLACE
from shared.db import uuid7
from shared.events.dispatch import Address, Note
from shared.events.portal import CompanyChanged
from shared.money import for_people as money
from shared.secrets import seal
from shared.service import Running

LINE = {"description": "Kältemittel für Zoë", "quantity": "1.5", "unit_price": 123456}
LINE |= {"discount": 500, "amount": 184684, "collectable": True}
INVOICE: dict[str, Any] = {
    "kind": "invoice",
    "number": "INV-00042",
    "state": "partly_paid",
    "currency": "USD",
    "lines": [LINE],
    "issued_on": date(2026, 1, 5),
    "due_on": date(2026, 1, 19),
    "terms_days": 14,
    "discount": 0,
    "tax_rate": "8.25",
    "subtotal": 184684,
    "tax": 15236,
    "total": 199920,
    "deposit": 0,
    "balance": 100,
    "withheld": 0,
    "collectable": 100,
    "payable": True,
    "note": None,
    "reason": None,
    "updated_at": datetime(2026, 1, 5, tzinfo=UTC),
}
FACTS = Facts(
    invoice=INVOICE,
    company="Señor Heating & Air",
    company_lines=("12 Main St", "Tulsa, OK 74101"),
    bill_to=("Pat Example",),
    service_address=("7 N Oak Ave", "Tulsa, OK 74102"),
    dispatch_number="40000001",
    refers_to=None,
    booked=(Booked(date(2026, 1, 4), "Deposit", 199820),),
    notice="",
)


def test_a_document_is_tagged_has_title_and_language_and_is_the_same_each_time() -> None:
    made = render(FACTS)
    assert made == render(replace(FACTS, invoice=dict(INVOICE)))
    for part in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang(en-US)", b"pdfuaid:part", b"/FontFile"):
        assert part in made, part
    assert re.search(rb"/MediaBox ?\[0 0 612 792\]", made)
    assert made != render(replace(FACTS, notice="Do not pay."))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200), st.sampled_from(("draft", "issued", "paid", "void")))
def test_any_text_is_printed_and_none_is_markup(text: str, state: str) -> None:
    changed = {
        **INVOICE,
        "state": state,
        "note": text,
        "lines": [{**LINE, "description": f"#panic() {text}"}],
    }
    facts = replace(FACTS, invoice=changed, company=text, bill_to=(text,), notice=text)
    assert render(facts).startswith(b"%PDF-")


def test_money_and_file_names() -> None:
    assert [money(123450, "USD"), money(-5, "USD"), money(1234, "JPY")] == [
        "$1,234.50",
        "−$0.05",
        "JPY 1,234",
    ]
    assert file_name({"number": "É/ 1"}) == "---1.pdf"


def test_the_typesetter_is_not_loaded_at_start() -> None:
    code = "import sys, payments.service; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def company(**more: Any) -> CompanyChanged:
    address = Address(street="12 Main St", unit="Unit 4", city="Tulsa", state="OK", zip="74101")
    known = {"version": 1, "name": "Señor Heating & Air", "zone": "America/Denver", "address": address}
    return CompanyChanged(**{**known, "phone": "+1 918 555 0100", **more})


async def test_what_stands_on_an_invoice(run: Running[Any], office: httpx.AsyncClient) -> None:
    logo = b64encode(jpeg(480, 160)).decode()
    await feed(run, company(logo=logo, logo_url="http://127.0.0.1:9/is-never-asked"))
    id, person, _ = await known_dispatch(run)
    deposit = {"customer_id": str(person), "method": "cash", "amount": 4000, "dispatch_id": str(id)}
    assert (await office.post("/v1/payments", json=deposit)).status_code == 201
    fee = line(3000, kind="service_fee", description="Service fee")
    made = await issued(office, person, line(7000), fee, dispatch_id=str(id))
    await pay_by_cheque(office, person, 1000, **{made["id"]: 1000})
    words = Note(kind="message", text="DO NOT COLLECT service fee, already paid.")
    await feed(run, updated(do_not_collect=True, notes=(words,)))
    async with run.database.read() as read:
        facts = await facts_of(read, run.settings, UUID(made["id"]))
    assert facts.company_lines == ("12 Main St", "Unit 4", "Tulsa, OK 74101", "+1 918 555 0100")
    assert (facts.bill_to, facts.dispatch_number) == (("Pat Example",), "40000001")
    assert [(each.what, each.amount) for each in facts.booked] == [
        ("Deposit", 4000),
        ("Payment (cheque)", 1000),
    ]
    assert "DO NOT COLLECT service fee, already paid" in facts.notice
    answer = await office.get(f"/v1/invoices/{made['id']}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="INV-00001.pdf"'
    assert answer.content == render(facts)
    assert len(answer.content) > len(render(replace(facts, logo=b""))) + 1500


async def test_a_ticket_of_the_portal_opens_one_document(
    run: Running[Any], office: httpx.AsyncClient
) -> None:
    made = await issued(office, await known_customer(run))

    def ticket(audience: str = DOCUMENT, seconds: int = 60, named: Any = made["id"]) -> str:
        return development_token((), str(uuid7()), seconds, audience=audience, invoice=str(named))

    async with client(run) as browser:
        answer = await browser.get("/v1/documents", params={"ticket": ticket()})
        assert answer.status_code == 200, answer.text
        assert answer.content == (await office.get(f"/v1/invoices/{made['id']}/pdf")).content
        assert answer.headers["cache-control"] == "no-store"
        unknown = await browser.get("/v1/documents", params={"ticket": ticket(named=uuid7())})
        assert unknown.status_code == 404
        for wrong in (ticket("callboard"), ticket(TICKET), ticket(seconds=-60), ticket(named="x"), "x"):
            answer = await browser.get("/v1/documents", params={"ticket": wrong})
            assert answer.status_code == 401, answer.text
            assert wrong == "x" or wrong not in answer.text
        assert (await browser.get("/v1/documents")).status_code == 422


@pytest.fixture
def sink() -> Any:
    with SmtpSink(tls=True) as server:
        yield server


@pytest.fixture
async def sending(url: str, tmp_path: Path, sink: SmtpSink) -> AsyncGenerator[Running[Any]]:
    own = {"mail_dir": str(tmp_path / "out"), "smtp_ca_file": str(sink.certificate)}
    async with at_work(service, url, loops=True, lease_seconds=5, **own) as running:
        sealed = seal(running.settings, SecretStr(PASSWORD), PLACE)
        host = {"smtp_host": "localhost", "smtp_port": sink.port, "smtp_user": USER, "smtp_password": sealed}
        await feed(running, company(**host, sender_address="office@senor.example"))
        yield running


async def settled(office: httpx.AsyncClient, id: str) -> list[dict[str, Any]]:
    """The invoice's mails, when none waits any more."""
    async with asyncio.timeout(20):
        while True:
            found = (await office.get(f"/v1/invoices/{id}/mails")).raise_for_status().json()["items"]
            if all(each["state"] != "waiting" for each in found):
                return found
            await asyncio.sleep(0.05)


async def test_an_invoice_goes_out_through_the_companys_server(sending: Running[Any], sink: SmtpSink) -> None:
    sink.answer("DATA", "451 4.3.0 try later")
    async with client(sending, "office.dispatcher", subject="anna") as office:
        made = await issued(office, await known_customer(sending))
        path = f"/v1/invoices/{made['id']}/send"
        twice = [(await office.post(path, json={})).json() for _ in range(2)]
        (mail,) = await settled(office, made["id"])
    assert {each["id"] for each in twice} == {mail["id"]}
    assert (mail["state"], mail["attempts"], mail["recipient"]) == ("sent", 2, "pat@example.com")
    (got,) = sink.messages
    assert (got.mail_from, got.rcpt_tos) == ("office@senor.example", ("pat@example.com",))
    letter = message_from_bytes(got.content, EmailMessage, policy=policy.default)
    assert letter["subject"] == "Invoice INV-00001 from Señor Heating & Air"
    body = letter.get_body()
    assert body is not None
    assert "Balance due: $125.40" in body.get_content()
    (attached,) = letter.iter_attachments()
    assert attached.get_filename() == "INV-00001.pdf"
    assert attached.get_content().startswith(b"%PDF-")


async def test_a_mail_that_is_refused_for_good_is_shown(sending: Running[Any], sink: SmtpSink) -> None:
    sink.answer("RCPT", "550 5.1.1 no such mailbox")
    async with client(sending, "office.admin") as office:
        made = await issued(office, await known_customer(sending))
        asked = await office.post(f"/v1/invoices/{made['id']}/send", json={"to": "gone@example.com"})
        assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
        (mail,) = await settled(office, made["id"])
    assert (mail["state"], mail["attempts"], mail["recipient"]) == ("failed", 1, "gone@example.com")
    assert "550" in mail["answer"]
    assert "no such mailbox" in mail["answer"]
    assert not sink.messages


async def test_what_cannot_be_sent_is_said_at_once(run: Running[Any], office: httpx.AsyncClient) -> None:
    person = await known_customer(run, email=None)
    draft, made = await drafted(office, person), await issued(office, person)
    path = "/v1/invoices/{}/send"
    assert (await office.post(path.format(draft["id"]), json={})).status_code == 409
    nobody = await office.post(path.format(made["id"]), json={})
    assert (nobody.status_code, nobody.json()["title"]) == (422, "This customer has no e-mail address")
    for wrong in ("nobody", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example"):
        assert (await office.post(path.format(made["id"]), json={"to": wrong})).status_code == 422
    assert (await office.get(f"/v1/invoices/{draft['id']}/pdf")).status_code == 200
    assert (await invoice(office, made["id"]))["state"] == "issued"
