"""Company information at its door, and what a test mail says of the mail server."""

import base64
import io
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from harness import at_work, client, of, said
from localservers import Exim, SmtpSink
from localservers.exim import PASSWORD, USER
from PIL import Image
from portal_api.service import service
from shared.db import utcnow
from shared.events.portal import CompanyChanged
from shared.secrets import unseal
from shared.service import Running

COMPANY: dict[str, Any] = {
    "name": "Sample Home Services",
    "phone": "+1 555 010 0100",
    "email": "office@contractor.example",
    "zone": "America/Denver",
    "address": {"street": "12 N SAMPLE ST", "city": "ANYTOWN", "state": "TX", "zip": "75001"},
}
SERVER = {"smtp_host": "localhost", "smtp_port": 587, "smtp_user": "mail@contractor.example"}
FIRST = {"If-Match": '"0"'}


@pytest.fixture
async def admin(run: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(run, "office.admin") as found:
        yield found


async def put(http: httpx.AsyncClient, version: int = 0, **changes: Any) -> httpx.Response:
    return await http.put("/v1/company", json=COMPANY | changes, headers={"If-Match": f'"{version}"'})


def picture(kind: str, size: tuple[int, int] = (40, 20)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "red").save(made, kind)
    return made.getvalue()


async def test_company_information_is_typed_and_told_whole(
    run: Running[Any], admin: httpx.AsyncClient
) -> None:
    empty = await admin.get("/v1/company")
    assert (empty.json()["version"], empty.headers["etag"]) == (0, '"0"')
    secret = {"smtp_password": "hunter2", "sender_address": "office@contractor.example"}
    answer = await put(
        admin, **SERVER, **secret, windows=[{"start": "09:00", "end": "11:00"}], weekdays=[4, 0, 4]
    )
    assert answer.status_code == 200, answer.text
    shown = (await admin.get("/v1/company")).json()
    assert shown == answer.json()
    assert "hunter2" not in answer.text
    assert (shown["version"], shown["has_smtp_password"], shown["weekdays"]) == (1, True, [0, 4])
    (event,) = of(await said(run), CompanyChanged)
    assert (event.version, event.zone, event.name) == (1, "America/Denver", "Sample Home Services")
    assert "hunter2" not in event.model_dump_json()
    opened = unseal(run.settings, event.smtp_password, "company/smtp_password")
    assert opened.get_secret_value() == "hunter2"
    assert event.windows[0].start == "09:00"


async def test_edits_do_not_overwrite_each_other(admin: httpx.AsyncClient) -> None:
    assert (await admin.put("/v1/company", json=COMPANY)).status_code == 428
    assert (await put(admin)).status_code == 200
    assert (await put(admin, name="Other")).status_code == 412
    assert (await put(admin, 1, name="Other")).headers["etag"] == '"2"'


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Crater"},
        {"name": ""},
        {"name": "a\r\nBcc: x@y.example"},
        {"email": "nowhere"},
        {"windows": [{"start": "12:00", "end": "08:00"}]},
        {"windows": [{"start": "8", "end": "9"}]},
        {"weekdays": [7]},
        {"colour": "red"},
        {"smtp_host": "169.254.169.254"},
        {"smtp_host": "no-such-host.invalid"},
        {**SERVER, "smtp_password": "x", "sender_address": "office@other.example"},
        {**SERVER, "smtp_password": "x"},
        {**SERVER, "sender_address": "office@contractor.example"},
    ],
)
async def test_what_cannot_be_is_refused(embedded: Running[Any], wrong: dict[str, Any]) -> None:
    async with client(embedded, "office.admin") as http:
        answer = await put(http, **wrong)
        assert answer.status_code == 422, answer.text
        assert (await http.get("/v1/company")).json()["version"] == 0


async def test_a_stored_password_goes_to_no_other_server(embedded: Running[Any]) -> None:
    """Otherwise whoever may edit could have it sent to a server of their own."""
    own = {**SERVER, "sender_address": "office@contractor.example"}
    async with client(embedded, "office.admin") as http:
        assert (await put(http, **own, smtp_password="hunter2")).status_code == 200
        assert (await put(http, 1, **own, zone="America/Chicago")).status_code == 200
        for change in ({"smtp_host": "127.0.0.1"}, {"smtp_user": "other@contractor.example"}):
            refused = await put(http, 2, **{**own, **change})
            assert (refused.status_code, refused.json()["title"]) == (422, "Enter the password again")


async def test_only_administrators_edit(embedded: Running[Any]) -> None:
    async with client(embedded, "office.dispatcher") as desk, client(embedded, "customer.admin") as customer:
        assert (await desk.get("/v1/company")).status_code == 200
        assert (await put(desk)).status_code == 403
        assert (await desk.post("/v1/company/test-mail", json={"to": "a@b.example"})).status_code == 403
        assert (await customer.get("/v1/company")).status_code == 403


async def test_the_logo_is_drawn_anew_and_shown_to_anybody(
    run: Running[Any], admin: httpx.AsyncClient
) -> None:
    async with client(run) as anybody:
        assert (await anybody.get("/v1/company/logo")).status_code == 404
        assert (await admin.put("/v1/company/logo", content=picture("PNG"))).status_code == 404
        assert (await put(admin)).status_code == 200
        hidden = picture("PNG") + b"<script>alert(1)</script>"
        assert (await admin.put("/v1/company/logo", content=hidden)).status_code == 204
        shown = await anybody.get("/v1/company/logo")
        assert shown.headers["content-type"] in ("image/png", "image/jpeg")
        assert b"script" not in shown.content
        assert Image.open(io.BytesIO(shown.content)).size == (40, 20)
        url = (await admin.get("/v1/company")).json()["logo_url"]
        assert url == f"{run.settings.web_url}/v1/company/logo"
        told = of(await said(run), CompanyChanged)
        assert [event.logo_url for event in told] == [None, url]
        assert base64.b64decode(told[1].logo) == shown.content
        assert (await admin.put("/v1/company/logo", content=picture("PNG", (3000, 1500)))).status_code == 204
        assert (await put(admin, 3)).status_code == 200
        large = of(await said(run), CompanyChanged)
        assert Image.open(io.BytesIO(base64.b64decode(large[1].logo))).size == (480, 240)
        assert (await admin.put("/v1/company/logo", content=b"GIF89a nothing")).status_code == 422
        assert (await admin.put("/v1/company/logo", content=bytes(2_000_001))).status_code == 413
        assert (await admin.delete("/v1/company/logo")).status_code == 204
        assert (await anybody.get("/v1/company/logo")).status_code == 404


async def test_a_test_mail_names_the_step_that_fails(
    any_database: str, exim: Exim, smtp_sink: SmtpSink
) -> None:
    login = {"smtp_host": "localhost", "smtp_port": exim.port, "smtp_user": USER, "smtp_password": PASSWORD}
    ca = {"smtp_ca_file": str(exim.certificate)}
    async with at_work(service, any_database, **ca) as run, client(run, "office.admin") as http:
        version = 0

        async def steps(to: str = "pat@household.example", **changes: Any) -> list[tuple[str, bool]]:
            nonlocal version
            saved = await put(
                http, version, **{**login, "sender_address": "office@contractor.example", **changes}
            )
            assert saved.status_code == 200, saved.text
            version += 1
            report = (await http.post("/v1/company/test-mail", json={"to": to})).json()
            assert report["ok"] is all(step["ok"] for step in report["steps"])
            assert PASSWORD not in [step["detail"] for step in report["steps"]]
            return [(step["name"], step["ok"]) for step in report["steps"]]

        through = [("reach", True), ("tls", True), ("logon", True), ("sender", True)]
        assert await steps() == [*through, ("recipient", True), ("message", True)]
        assert await steps("nosuch@household.example") == [*through, ("recipient", False)]
        assert await steps("later@household.example") == [*through, ("recipient", False)]
        assert (await steps(smtp_password="wrong"))[-1] == ("logon", False)
        assert await steps(smtp_port=1) == [("reach", False)]
        assert await steps(smtp_security="ssl") == [("tls", False)]
        sink: dict[str, Any] = {"smtp_port": smtp_sink.port, "smtp_security": "none", "smtp_user": ""}
        smtp_sink.answer("MAIL", "553 5.7.1 not yours")
        assert (await steps(smtp_port=smtp_sink.port))[-1] == ("tls", False)
        assert await steps(**sink) == [("reach", True), ("sender", False)]
        assert await steps(**sink, smtp_host=None) == [("message", True)]


async def test_the_edit_is_in_the_audit_trail_without_the_password(
    run: Running[Any], admin: httpx.AsyncClient
) -> None:
    from shared.tables import audit
    from sqlalchemy import select

    await put(admin, **SERVER, smtp_password="hunter2", sender_address="office@contractor.example")
    async with run.database.read() as read:
        rows = (await read.execute(select(audit).where(audit.c.at <= utcnow()))).all()
    assert [row.action for row in rows] == ["company.edited", "company.smtp_password_set"]
    assert "hunter2" not in str(rows)
