"""What mails say: edited by the office, checked when saved, bounded when rendered."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from harness import at_work, client, feed
from hypothesis import given
from hypothesis import strategies as st
from localservers import SmtpSink
from people import new_staff
from portal_api.flows.messages import send_message
from portal_api.models.messages import outgoing
from portal_api.service import service
from portal_api.templates import LONGEST_MAIL, Wording, WordingRefused, check, render
from portal_api.wording import MESSAGES, message_of
from shared.envelope import one_line
from shared.events.status_code import StatusCodeChanged
from shared.service import Running
from sqlalchemy import select

INVITATION = "/v1/message-templates/invitation"
OWN = {"subject": "Welcome {{ name }}", "text": "Password {{ password }}", "html": "<p>{{ name }}</p>"}


@pytest.fixture
async def admin(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin") as found:
        yield found


@pytest.mark.parametrize("name", [*MESSAGES, "status:Complete"])
def test_built_in_wordings_hold_what_we_ask_of_others(name: str) -> None:
    message = message_of(name)
    check(message.wording, message.variables)
    shown = render(message.wording, message.variables)
    assert shown.subject
    assert "{" not in "".join(shown)
    blank = render(message.wording, dict.fromkeys(message.variables, ""))
    assert "None" not in "".join(blank)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ pasword }}", "'pasword'"),
        ("{% if name %}", "line 1"),
        ("{{ name.__class__ }}", "attributes"),
        ("{{ name[0] }}", "parts of a value"),
        ("{{ name() }}", "calls"),
        ("{% for a in name %}x{% endfor %}", "loops"),
        ("{% macro m() %}{% endmacro %}", "macros"),
        ("{% set a = 1 %}", "set"),
        ("{{ 'a' * 1000000000 }}", "Mul"),
        ("{{ 9 ** 9 ** 9 }}", "Pow"),
        ("{{ 'a' ~ name }}", "Concat"),
        ("{{ name|safe }}", "'safe'"),
        ("{{ name|attr('__class__') }}", "'attr'"),
        ("{{ name|center(1000000000) }}", "'center'"),
        ("{% include 'x' %}", "Include"),
        ("{{ " + "(" * 5000 + "name" + ")" * 5000 + " }}", "nested"),
        ("{{ " + "name and " * 1500 + "name }}", "nested"),
        ("{{ name" + "|upper" * 1500 + " }}", "nested"),
        ("{% if name %}" * 100 + "{% endif %}" * 100, "nested"),
        ("x" * 20_001, "longer than 20000"),
    ],
)
def test_what_a_wording_may_not_do(text: str, said: str) -> None:
    with pytest.raises(WordingRefused, match=said.replace("(", r"\(")):
        check(Wording("Hello", text, ""), {"name"})


def test_a_wording_stays_bounded() -> None:
    """The dearest one that can be saved."""
    text = "{{ name }}" * 1900
    check(Wording("Hello", text, text), {"name"})
    began = time.perf_counter()
    with pytest.raises(WordingRefused, match=str(LONGEST_MAIL)):
        render(Wording("Hello", text, text), {"name": "x" * 1000})
    assert time.perf_counter() - began < 2


@given(st.text())
def test_no_value_begins_another_header(name: str) -> None:
    subject = render(Wording("Hello {{ name }}", "", ""), {"name": name}).subject
    assert subject == one_line(subject)
    assert not set(subject) & {"\r", "\n", "\x00", "\u2028"}


def test_values_are_text_in_html() -> None:
    shown = render(Wording("", "", "<p>{{ name }}</p>"), {"name": "<script>&"})
    assert shown.html == "<p>&lt;script&gt;&amp;</p>"


async def test_a_wording_is_edited_previewed_and_reset(admin: httpx.AsyncClient) -> None:
    built_in = await admin.get(INVITATION)
    assert (built_in.headers["etag"], built_in.json()["edited"]) == ('"0"', False)
    assert "password" in built_in.json()["variables"]
    preview = await admin.post(f"{INVITATION}/preview", json=OWN)
    assert preview.json()["subject"] == "Welcome Pat Sample"
    assert (await admin.put(INVITATION, json=OWN)).status_code == 428
    saved = await admin.put(INVITATION, json=OWN, headers={"If-Match": '"0"'})
    assert saved.status_code == 200, saved.text
    assert (await admin.put(INVITATION, json=OWN, headers={"If-Match": '"0"'})).status_code == 412
    assert (await admin.post(f"{INVITATION}/preview")).json()["text"] == "Password one-time-password"
    again = await admin.put(INVITATION, json=OWN | {"html": ""}, headers={"If-Match": '"1"'})
    assert again.headers["etag"] == '"2"'
    assert (await admin.delete(INVITATION, headers={"If-Match": '"1"'})).status_code == 412
    assert (await admin.delete(INVITATION, headers={"If-Match": '"2"'})).status_code == 204
    assert (await admin.get(INVITATION)).json() == built_in.json()


async def test_a_mistake_is_named_when_saved(admin: httpx.AsyncClient) -> None:
    wrong = await admin.put(INVITATION, json=OWN | {"text": "{{ pasword }}"}, headers={"If-Match": '"0"'})
    assert wrong.status_code == 422
    assert "'pasword'" in wrong.json()["detail"]
    assert "user_name" in wrong.json()["detail"]
    for bad in (
        OWN | {"subject": "a\r\nBcc: x@y.example"},
        OWN | {"enabled": False},
        OWN | {"hours": 3},
        OWN | {"colour": "red"},
    ):
        assert (await admin.put(INVITATION, json=bad, headers={"If-Match": '"0"'})).status_code == 422
    assert (await admin.get("/v1/message-templates/nothing")).status_code == 404
    assert (await admin.get("/v1/message-templates/status:nothing")).status_code == 404


async def test_notifications_are_off_until_turned_on(admin: httpx.AsyncClient) -> None:
    async def listed() -> dict[str, Any]:
        lines = (await admin.get("/v1/message-templates")).json()["items"]
        return {line["message"]: line for line in lines}

    before = await listed()
    assert before["invitation"]["enabled"]
    assert not any(line["enabled"] for line in before.values() if not line["contractual"])
    assert before["appointment_reminder"]["hours"] == 24
    name = "/v1/message-templates/status:Back Order"
    body = {"subject": "{{ status }}", "text": "{{ number }}", "enabled": True}
    assert (await admin.put(name, json=body, headers={"If-Match": '"0"'})).status_code == 200
    assert (await listed())["status:Back Order"]["enabled"]


async def test_the_office_s_own_codes_are_there_before_a_dispatch_has_them(
    run: Running[Any], admin: httpx.AsyncClient
) -> None:
    async def listed() -> bool:
        lines = (await admin.get("/v1/message-templates")).json()["items"]
        return "status:Running Late" in {line["message"] for line in lines}

    for version, retired, shown in ((1, False, True), (3, True, False), (2, False, False), (4, False, True)):
        about: dict[str, Any] = {"description": "The technician is late", "retired": retired}
        await feed(run, StatusCodeChanged(code="Running Late", version=version, **about))
        assert await listed() is shown


async def test_only_administrators_see_wordings(embedded: Running[Any]) -> None:
    async with client(embedded, "office.dispatcher") as desk:
        assert (await desk.get(INVITATION)).status_code == 403
        assert (await desk.put(INVITATION, json=OWN)).status_code == 403


async def test_a_test_mail_goes_to_oneself(any_database: str, smtp_sink: SmtpSink) -> None:
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
    async with at_work(service, any_database, **smtp, password_memory_kib=8, password_time=1) as run:
        anna = await new_staff(run)
        async with client(run, "office.admin", subject=str(anna)) as http:
            answer = await http.post(f"{INVITATION}/test", json=OWN)
        assert answer.json()["ok"], answer.text
        (mail,) = smtp_sink.messages
        assert mail.rcpt_tos == ("anna@contractor.example",)
        assert b"Welcome Pat Sample" in mail.content
        async with client(run, "office.admin") as nobody:
            assert (await nobody.post(f"{INVITATION}/test", json=OWN)).status_code == 422


async def test_mail_says_what_the_office_wrote(any_database: str, smtp_sink: SmtpSink) -> None:
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": smtp_sink.port, "smtp_security": "none"}
    values = dict.fromkeys(("name", "user_name", "days", "link"), "x") | {"password": "one-time-7Q"}
    async with at_work(service, any_database, loops=True, **smtp) as run, client(run, "office.admin") as http:
        saved = await http.put(INVITATION, json=OWN, headers={"If-Match": '"0"'})
        assert saved.status_code == 200
        async with run.work() as work:
            await send_message(work, message="invitation", to="pat@household.example", values=values)
        (mail,) = await asyncio.to_thread(smtp_sink.wait_for, 1)
        assert b"Password one-time-7Q" in mail.content
        async with asyncio.timeout(10):
            while not (await http.get("/v1/outgoing-mails", params={"state": "sent"})).json()["items"]:
                await asyncio.sleep(0.02)
        async with run.database.read() as read:
            assert (await read.execute(select(outgoing.c.sealed))).scalar() is None
