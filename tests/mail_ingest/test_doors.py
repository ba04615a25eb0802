"""The service at its doors: mailboxes, the mail log, and the way out of quarantine."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from harness import at_work, client, feed, of, said
from mail_ingest.service import service
from shared.bus import LocalBus
from shared.db import uuid7
from shared.events.dispatch import DispatchReceived, DispatchResolved, dispatch_id
from shared.service import Running

MAILS = Path(__file__).parent / "mails"
CLEAN, NO_NUMBER, FORGED, NO_XML, LONG = (
    (MAILS / f"{n}.eml").read_bytes() for n in ("00000", "00027", "00017", "00007", "00005")
)
BOX: dict[str, Any] = {
    "name": "AHS",
    "kind": "maildir",
    "address": "office@contractor.example",
    "vendor_id": "900001",
    "authserv_id": "mx.contractor.example",
    "trusted_senders": ["noreply@msg.frontdoor.com"],
    "processed_to": "done@contractor.example",
    "error_to": "error@contractor.example",
    "return_address": "robot@contractor.example",
}


class Deaf(LocalBus):
    """Keeps what is said in the outbox, so that the test answers in the dispatch service's place."""

    async def publish(self, name: str, body: bytes, source: str) -> None:
        raise OSError("nobody listens in this test")


@pytest.fixture
async def running(tmp_path: Path) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    async with at_work(service, url, Deaf(), loops=True, mail_dir=str(tmp_path / "out")) as found:
        yield found


@pytest.fixture
async def http(running: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(running, "office.admin") as found:
        yield found


async def new_mailbox(http: httpx.AsyncClient, **changes: Any) -> str:
    answer = await http.post("/v1/mailboxes", json={**BOX, "enabled": False, **changes})
    return answer.raise_for_status().json()["id"]


async def post(http: httpx.AsyncClient, mailbox: str, raw: bytes) -> str:
    answer = await http.post("/v1/mails", params={"mailbox_id": mailbox}, content=raw)
    return answer.raise_for_status().json()["id"]


async def becomes(http: httpx.AsyncClient, mail: str, **expected: Any) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            line = (await http.get(f"/v1/mails/{mail}")).raise_for_status().json()
            if all(line[name] == value for name, value in expected.items()):
                return line
            await asyncio.sleep(0.05)


def sent(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((tmp_path / "out" / "new").iterdir())]


async def test_a_posted_mail_becomes_an_event_then_an_outcome_and_a_forward(
    running: Running[Any], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    mail = await post(http, await new_mailbox(http), CLEAN)
    await becomes(http, mail, state="waiting", number="4388309")
    (event,) = of(await said(running), DispatchReceived)
    assert event.content.number == "4388309"
    assert str(event.mail_id) == mail

    dispatch = dispatch_id("ahs", "4388309")
    await feed(running, DispatchResolved(mail_id=event.mail_id, dispatch_id=dispatch, outcome="processed"))
    line = await becomes(http, mail, outcome="processed", forward="sent")
    assert line["dispatch_id"] == str(dispatch)
    (forward,) = sent(tmp_path)
    assert b"To: done@contractor.example" in forward
    assert b"X-Callboard-Original-SHA256: " + hashlib.sha256(CLEAN).hexdigest().encode() in forward


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"Mon, 05 Jan 2026 11:41:19 -0600", datetime(2026, 1, 5, 17, 41, 19, tzinfo=UTC)),
        (b"5 Jan 2026 17:41 GMT", datetime(2026, 1, 5, 17, 41, tzinfo=UTC)),
        (b"Mon, 05 Jan 2026 17:41:19 -0000", datetime(2026, 1, 5, 17, 41, 19, tzinfo=UTC)),
        (b"yesterday", None),
        (b"", None),
    ],
)
async def test_the_mails_own_date_and_message_id_go_along(
    running: Running[Any], http: httpx.AsyncClient, written: bytes, expected: datetime | None
) -> None:
    """Whoever hears of it can tell news from a mail that came late."""
    raw = re.sub(rb"(?m)^(Date|Message-ID):.*\r?\n", b"", CLEAN, flags=re.IGNORECASE)
    raw = b"Date: " + written + b"\r\nMessage-ID: <7.a@msg.frontdoor.com>\r\n" + raw
    mail = await post(http, await new_mailbox(http, authserv_id=""), raw)
    await becomes(http, mail, state="waiting")
    (event,) = of(await said(running), DispatchReceived)
    assert (event.sent_at, event.message_id) == (expected, "<7.a@msg.frontdoor.com>")
    assert event.content.dispatched_at is not None


async def test_an_answer_that_comes_twice_forwards_once(
    running: Running[Any], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    mail = await post(http, await new_mailbox(http), CLEAN)
    await becomes(http, mail, state="waiting")
    (event,) = of(await said(running), DispatchReceived)
    for outcome in ("duplicate", "processed"):
        answer = DispatchResolved(mail_id=event.mail_id, dispatch_id=None, outcome=outcome)
        await feed(running, answer)
    await becomes(http, mail, outcome="duplicate", forward="sent")
    assert len(sent(tmp_path)) == 1


async def test_a_mail_that_came_late_is_shown_and_forwarded_as_such(
    running: Running[Any], http: httpx.AsyncClient, tmp_path: Path
) -> None:
    mail = await post(http, await new_mailbox(http), CLEAN)
    await becomes(http, mail, state="waiting")
    await feed(
        running, DispatchResolved(mail_id=UUID(mail), outcome="unable", late=True, reason="it is older")
    )
    await becomes(http, mail, outcome="late", reason="it is older", forward="sent")
    (forward,) = sent(tmp_path)
    assert b"Unable to process" in forward
    assert (await http.get("/v1/mails", params={"outcome": "late"})).json()["items"]


@pytest.mark.parametrize(
    ("outcome", "to"),
    [
        ("processed", "done"),
        ("updated", "done"),
        ("cancelled", "done"),
        ("duplicate", "error"),
        ("late", "error"),
        ("unable", "error"),
    ],
)
async def test_each_outcome_goes_to_its_address(
    running: Running[Any], http: httpx.AsyncClient, tmp_path: Path, outcome: Any, to: str
) -> None:
    mail = await post(http, await new_mailbox(http), CLEAN)
    await becomes(http, mail, state="waiting")
    (event,) = of(await said(running), DispatchReceived)
    late = outcome == "late"
    answer = {"outcome": "unable" if late else outcome, "late": late, "reason": "Look."}
    await feed(running, DispatchResolved(mail_id=event.mail_id, **answer))
    await becomes(http, mail, outcome=outcome, forward="sent")
    (forward,) = sent(tmp_path)
    assert f"To: {to}@contractor.example".encode() in forward


async def test_the_same_bytes_posted_again_are_the_same_mail(http: httpx.AsyncClient) -> None:
    box = await new_mailbox(http)
    first = await http.post("/v1/mails", params={"mailbox_id": box}, content=CLEAN)
    again = await http.post("/v1/mails", params={"mailbox_id": box}, content=CLEAN)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()


async def test_raw_bytes_come_back_as_they_were(http: httpx.AsyncClient) -> None:
    mail = await post(http, await new_mailbox(http), LONG)
    answer = await http.get(f"/v1/mails/{mail}/raw")
    assert answer.content == LONG
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_missing_number_is_corrected_and_processed(
    running: Running[Any], http: httpx.AsyncClient
) -> None:
    mail = await post(http, await new_mailbox(http), NO_NUMBER)
    line = await becomes(http, mail, outcome="unable", code="no_number")
    assert "DispatchList Id" in line["reason"]

    wrong = await http.post(f"/v1/mails/{mail}/correct", json={"fields": {"Nowhere/@Id": "1"}})
    assert wrong.status_code == 202
    await becomes(http, mail, outcome="unable", code="no_such_field", round=2)

    fields = {"DispatchList/@Id": "40000009"}
    (await http.post(f"/v1/mails/{mail}/correct", json={"fields": fields})).raise_for_status()
    await becomes(http, mail, state="waiting", number="40000009", round=3)
    (event,) = of(await said(running), DispatchReceived)
    assert event.content.number == "40000009"


async def test_a_forged_mail_is_taken_only_when_a_person_vouches(
    running: Running[Any], http: httpx.AsyncClient
) -> None:
    mail = await post(http, await new_mailbox(http), FORGED)
    await becomes(http, mail, outcome="unable", code="untrusted")
    assert of(await said(running), DispatchReceived) == []
    (await http.post(f"/v1/mails/{mail}/correct", json={})).raise_for_status()
    await becomes(http, mail, state="waiting", number="434641514")


async def test_a_mail_without_document_is_corrected_with_one(http: httpx.AsyncClient) -> None:
    mail = await post(http, await new_mailbox(http), NO_XML)
    await becomes(http, mail, outcome="unable", code="no_xml")
    document = '<VendorDispatch><DispatchList Id="40000010"/></VendorDispatch>'
    (await http.post(f"/v1/mails/{mail}/correct", json={"document": document})).raise_for_status()
    await becomes(http, mail, state="waiting", number="40000010")


async def test_only_what_is_in_quarantine_can_be_corrected(
    running: Running[Any], http: httpx.AsyncClient
) -> None:
    mail = await post(http, await new_mailbox(http), CLEAN)
    await becomes(http, mail, state="waiting")
    assert (await http.post(f"/v1/mails/{mail}/correct", json={})).status_code == 409


async def test_many_are_replayed_and_forwarded_anew(http: httpx.AsyncClient, tmp_path: Path) -> None:
    box = await new_mailbox(http, authserv_id="mx.other.example")
    mails = [await post(http, box, raw) for raw in (NO_XML, FORGED)]
    for mail in mails:
        await becomes(http, mail, outcome="unable", forward="sent")
    stranger = str(uuid7())
    answer = (await http.post("/v1/mails/replay", json={"ids": [*mails, stranger]})).json()
    assert (sorted(answer["replayed"]), answer["skipped"]) == (sorted(mails), [stranger])
    for mail in mails:
        await becomes(http, mail, outcome="unable", forward="sent", round=2)
    assert len(sent(tmp_path)) == 4


async def test_the_log_is_filtered_and_paged(http: httpx.AsyncClient) -> None:
    box = await new_mailbox(http)
    mails = [await post(http, box, raw) for raw in (NO_XML, FORGED, NO_NUMBER)]
    for mail in mails:
        await becomes(http, mail, outcome="unable")
    seen: list[str] = []
    cursor = None
    while True:
        params = {"outcome": "unable", "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/v1/mails", params=params)).raise_for_status().json()
        seen += [line["id"] for line in page["items"]]
        if not (cursor := page["next"]):
            break
    assert seen == list(reversed(mails))
    assert (await http.get("/v1/mails", params={"outcome": "processed"})).json()["items"] == []
    assert (await http.get("/v1/mails", params={"cursor": "nonsense"})).status_code == 422


async def test_mailbox_passwords_go_in_and_never_come_out(
    running: Running[Any], http: httpx.AsyncClient
) -> None:
    box = await new_mailbox(http, kind="pop3", host="127.0.0.1", user="u", password="hunter2-secret")
    answer = await http.get(f"/v1/mailboxes/{box}")
    assert answer.json()["has_password"]
    assert "hunter2" not in answer.text
    assert "hunter2" not in (await http.get("/v1/mailboxes")).text
    stored = Path(running.database.url.split("///")[1]).read_bytes()
    assert b"hunter2" not in stored

    body = {**BOX, "kind": "pop3", "host": "127.0.0.1", "user": "u", "enabled": False, "name": "renamed"}
    assert (await http.put(f"/v1/mailboxes/{box}", json=body)).status_code == 428
    assert (await http.put(f"/v1/mailboxes/{box}", json=body, headers={"If-Match": '"7"'})).status_code == 412
    edited = await http.put(f"/v1/mailboxes/{box}", json=body, headers={"If-Match": answer.headers["etag"]})
    assert edited.status_code == 204
    after = (await http.get(f"/v1/mailboxes/{box}")).json()
    assert (after["name"], after["has_password"], after["version"]) == ("renamed", True, 2)


FIELDS = ["processed_to", "error_to", "return_address"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "address", ["office@contractor.example", "OFFICE@Contractor.example", "office+ahs@contractor.example"]
)
async def test_an_address_that_is_polled_is_refused(
    http: httpx.AsyncClient, field: str, address: str
) -> None:
    """What answers there would come in again, for ever."""
    answer = await http.post("/v1/mailboxes", json={**BOX, field: address})
    assert answer.status_code == 422
    assert "polled" in answer.json()["title"]


@pytest.mark.parametrize("field", FIELDS)
async def test_so_is_one_of_another_mailbox_whichever_is_saved_first(
    http: httpx.AsyncClient, field: str
) -> None:
    other = {"name": "other", "address": "other@contractor.example"}
    uses_it = {**BOX, "name": "user", "address": "user@contractor.example", field: other["address"]}
    await new_mailbox(http, **other)
    assert (await http.post("/v1/mailboxes", json=uses_it)).status_code == 422
    uses_it[field] = "third@contractor.example"
    (await http.post("/v1/mailboxes", json=uses_it)).raise_for_status()
    third = await http.post("/v1/mailboxes", json={**BOX, "name": "third", "address": uses_it[field]})
    assert third.status_code == 422
    assert "'user'" in third.json()["detail"]
    named = {"kind": "pop3", "host": "mail.contractor.example", "user": "third", "address": ""}
    assert (await http.post("/v1/mailboxes", json={**BOX, **named})).status_code == 422


async def test_the_same_holds_for_an_edit(http: httpx.AsyncClient) -> None:
    box = await new_mailbox(http)
    body = {**BOX, "return_address": BOX["address"]}
    assert (await http.put(f"/v1/mailboxes/{box}", json=body, headers={"If-Match": '"1"'})).status_code == 422
    assert (await http.put(f"/v1/mailboxes/{box}", json=BOX, headers={"If-Match": '"1"'})).status_code == 204


async def test_an_account_is_set_up_once(http: httpx.AsyncClient) -> None:
    account = {"kind": "pop3", "host": "mail.contractor.example", "user": "u@contractor.example"}
    await new_mailbox(http, **account)
    same = {**BOX, **account, "name": "again", "host": "MAIL.contractor.example."}
    assert (await http.post("/v1/mailboxes", json=same)).status_code == 422
    assert (
        await http.post("/v1/mailboxes", json={**same, "user": "v@contractor.example"})
    ).status_code == 201


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": ""}, "the mail server is missing"),
        ({"security": "ssl", "port": 110}, "use 995"),
        ({"port": 995}, "choose SSL"),
        ({"kind": "imap", "security": "ssl", "port": 143}, "use 993"),
        ({"kind": "maildir"}, "the folder is missing"),
    ],
)
async def test_what_cannot_work_is_said_before_the_first_poll(
    http: httpx.AsyncClient, changes: dict[str, Any], said: str
) -> None:
    box = await new_mailbox(
        http, **{"kind": "pop3", "host": "mail.contractor.example", "user": "u", **changes}
    )
    warnings = (await http.get(f"/v1/mailboxes/{box}")).json()["warnings"]
    assert any(said in warning for warning in warnings)


async def test_the_return_address_must_be_the_servers_domain(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    settings = {"smtp_host": "127.0.0.1", "smtp_user": "robot@contractor.example"}
    async with at_work(service, url, **settings) as running, client(running, "office.admin") as http:
        refused = await http.post("/v1/mailboxes", json={**BOX, "return_address": "x@elsewhere.example"})
        assert refused.status_code == 422
        assert "@contractor.example" in refused.json()["detail"]
        assert (await http.post("/v1/mailboxes", json=BOX)).status_code == 201


async def test_test_connection_says_what_fails(http: httpx.AsyncClient, tmp_path: Path) -> None:
    box = await new_mailbox(http, kind="pop3", host="127.0.0.1", port=1, user="u")
    report = (await http.post(f"/v1/mailboxes/{box}/test")).raise_for_status().json()
    assert not report["ok"]
    assert [step["ok"] for step in report["steps"]][-1] is False
    assert "port" in report["steps"][-1]["detail"]


async def test_who_may_do_what(running: Running[Any], http: httpx.AsyncClient) -> None:
    box = await new_mailbox(http)
    async with (
        client(running, "office.dispatcher") as dispatcher,
        client(running, "technician") as technician,
    ):
        assert (await dispatcher.get("/v1/mails")).status_code == 200
        assert (await dispatcher.post("/v1/mailboxes", json=BOX)).status_code == 403
        assert (await dispatcher.post(f"/v1/mailboxes/{box}/test")).status_code == 403
        assert (await technician.get("/v1/mails")).status_code == 403


async def test_a_machine_that_answers_without_any_sign_is_braked(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Each answer is another mail; no header and no Message-ID of ours is in it."""
    box = await new_mailbox(http)
    for number in range(14):
        text = f"From: Robot <robot@elsewhere.example>\r\nMessage-ID: <{number}@x>\r\n\r\nI am away.\r\n"
        await becomes(http, await post(http, box, text.encode()), outcome="unable")
    other = await post(http, box, b"From: a@b.example\r\n\r\nHello\r\n")
    await becomes(http, other, forward="sent")
    dispatches = [await post(http, box, FORGED + b"%d" % number) for number in range(12)]
    for mail in dispatches:
        await becomes(http, mail, outcome="unable", forward="sent")
    assert len([each for each in sent(tmp_path) if b"Unable to process" in each]) == 10 + 1 + 12
    warnings = (await http.get(f"/v1/mailboxes/{box}")).json()["warnings"]
    assert any("4 forwards are held back" in warning for warning in warnings)
    held = [line for line in (await http.get("/v1/mails")).json()["items"] if line["forward"] == "held"]
    assert len(held) == 4
    assert (await http.post(f"/v1/mails/{held[0]['id']}/forward")).status_code == 202
    await becomes(http, held[0]["id"], forward="sent")
