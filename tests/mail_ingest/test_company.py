"""Company information takes the place of the environment's mail server, without a restart."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import at_work, client, feed
from letters import headed
from localservers import SmtpSink
from localservers.smtp_sink import PASSWORD, USER
from mail_ingest.service import service
from pydantic import SecretStr
from shared.company import PASSWORD as PLACE
from shared.events.portal import CompanyChanged
from shared.secrets import seal
from shared.service import Running

BOX = {
    "name": "office",
    "kind": "maildir",
    "path": "/nowhere",
    "enabled": False,
    "error_to": "error@contractor.example",
    "authserv_id": "mx.contractor.example",
}


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink(tls=True) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def running(request: Any, tmp_path: Path, sink: SmtpSink) -> AsyncGenerator[Running[Any]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/mail.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("database_url")
    own = {
        "smtp_user": "mail@old.example",
        "mail_dir": str(tmp_path / "out"),
        "smtp_ca_file": str(sink.certificate),
    }
    async with at_work(service, url, loops=True, lease_seconds=5, **own) as found:
        yield found


@pytest.fixture
async def http(running: Running[Any]) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(running, "office.admin") as found:
        yield found


def company(version: int, **more: Any) -> CompanyChanged:
    return CompanyChanged(version=version, name="Sample", zone="America/Denver", **more)


def login(running: Running[Any], user: str, **more: Any) -> dict[str, Any]:
    sealed = seal(running.settings, SecretStr(PASSWORD), PLACE)
    return {"smtp_host": "localhost", "smtp_user": user, "smtp_password": sealed, **more}


async def warnings(http: httpx.AsyncClient, box: str) -> list[str]:
    return (await http.get(f"/v1/mailboxes/{box}")).json()["warnings"]


async def test_the_return_address_follows_the_company_s_login(
    running: Running[Any], http: httpx.AsyncClient
) -> None:
    old = {**BOX, "return_address": "robot@old.example"}
    made = await http.post("/v1/mailboxes", json=old)
    box = made.raise_for_status().json()["id"]
    new = {**BOX, "path": "/elsewhere", "return_address": "robot@new.example"}
    assert (await http.post("/v1/mailboxes", json=new)).status_code == 422
    assert await warnings(http, box) == []

    await feed(running, company(2, **login(running, "mail@new.example")))
    (warning,) = await warnings(http, box)
    assert "@new.example" in warning
    assert warning in (await http.get("/v1/mailboxes")).json()["items"][0]["warnings"]
    assert (await http.post("/v1/mailboxes", json=new)).status_code == 201
    assert (await http.post("/v1/mailboxes", json=old)).status_code == 422

    await feed(running, company(1, **login(running, "mail@old.example")))  # late: it changes nothing
    assert await warnings(http, box) == [warning]
    await feed(running, company(3))
    assert await warnings(http, box) == []


async def test_forwards_go_through_the_company_s_server_at_once(
    running: Running[Any], http: httpx.AsyncClient, sink: SmtpSink, tmp_path: Path
) -> None:
    box = (await http.post("/v1/mailboxes", json=BOX)).raise_for_status().json()["id"]

    async def forward(text: bytes) -> None:
        made = await http.post("/v1/mails", params={"mailbox_id": box}, content=headed(text))
        mail = made.raise_for_status().json()["id"]
        async with asyncio.timeout(20):
            while (await http.get(f"/v1/mails/{mail}")).json()["forward"] != "sent":
                await asyncio.sleep(0.05)

    await forward(b"first\r\n")
    written = tmp_path / "out" / "new"
    assert len(list(written.iterdir())) == 1
    server = {"smtp_port": sink.port, "sender_address": "robot@new.example"}
    await feed(running, company(1, **login(running, USER, **server)))
    await forward(b"second\r\n")
    (mail,) = sink.messages
    assert mail.mail_from == "robot@new.example"
    assert len(list(written.iterdir())) == 1
