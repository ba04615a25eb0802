"""Where webhooks may go: the addresses are typed by others, and names may lie."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import at_work, client, feed
from localservers.certificates import self_signed
from portal_api.attempts import excerpt, retry_after
from portal_api.loops import webhooks
from portal_api.service import service
from receiver import Receiver, receiver
from shared.db import utcnow
from shared.service import Running
from webhook_tests import QUICK, changed, deliveries, settled, subscribe, tries

Names = Callable[..., None]
PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Says what a name's look-ups find, one after the other; the last answer stays."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in answers:
            return real(host, port, *args, **more)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(webhooks, "NET", 0.05)
    return lambda host, *found: answers.update({host: list(found)})


@asynccontextmanager
async def strict(
    tmp_path: Path, *, loops: bool = False, **settings: Any
) -> AsyncGenerator[tuple[Running[Any], httpx.AsyncClient]]:
    """With the settings of production, unless a test says otherwise."""
    url = f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"
    async with at_work(service, url, loops=loops, **settings) as run, client(run, "office.admin") as office:
        yield run, office


REFUSED = {
    "http://hooks.example/": "must begin with https://",
    "ftp://hooks.example/": "must begin with https://",
    "https://": "must begin with https://",
    "hooks": "must begin with https://",
    "https://hooks.example:99999/": "443, 8443, 80",
    "https://user:word@hooks.example/": "no user name",
    "https://hooks.example/#here": "#fragment",
    "https://hooks.example:22/": "443, 8443, 80",
    "https://127.0.0.1/": "private",
    "https://[::1]/": "private",
    "https://0x7f000001/": "private",
    "https://localhost/": "private",
    "https://inside.example/": "private",
    "https://10.1.2.3:8443/": "private",
    "https://100.64.0.1/": "private",
    "https://[::ffff:10.0.0.1]/": "private",
    "https://169.254.169.254/latest": "link-local",
    "https://[fe80::1]/": "link-local",
    "https://0.0.0.0/": "link-local",
    "https://nowhere.invalid/": "cannot be found",
}


async def test_some_addresses_are_refused_when_they_are_typed(tmp_path: Path, names: Names) -> None:
    names("hooks.example", PUBLIC)
    names("inside.example", "10.0.0.7")
    async with strict(tmp_path) as (_, office):
        good = {"url": "https://hooks.example/in?from=us", "events": ["dispatch.created"]}
        made = await office.post("/v1/webhook-subscriptions", json=good)
        assert made.status_code == 201
        path, etag = f"/v1/webhook-subscriptions/{made.json()['id']}", {"If-Match": '"1"'}
        for url, why in REFUSED.items():
            answer = await office.post("/v1/webhook-subscriptions", json={**good, "url": url})
            assert answer.status_code == 422, url
            assert why in answer.json()["errors"][0]["detail"], url
            assert (await office.patch(path, json={"url": url}, headers=etag)).status_code == 422, url


async def test_metadata_is_refused_even_where_private_hosts_are_allowed(tmp_path: Path) -> None:
    async with strict(tmp_path, webhook_private_hosts=True) as (_, office):
        for host in ("169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"):
            body = {"url": f"https://{host}/", "events": ["dispatch.created"]}
            assert (await office.post("/v1/webhook-subscriptions", json=body)).status_code == 422


async def test_a_name_that_changes_its_mind_leads_nowhere(tmp_path: Path, names: Names) -> None:
    """DNS rebinding: public when it is typed, ours when it is used."""
    names("rebind.example", PUBLIC, "127.0.0.1")
    open_ = {**QUICK, "webhook_private_hosts": False, "webhook_pauses": ()}
    async with receiver() as target, strict(tmp_path, loops=True, **open_) as (run, office):
        target.host = "rebind.example"
        await subscribe(office, target)
        await feed(run, changed())
        (row,) = await settled(office, 1)
        (once,) = await tries(office, row["id"])
        assert (row["state"], once["status"]) == ("failed", None)
        assert "private address" in once["answer"]
        assert target.taken == []


async def test_the_address_that_was_checked_is_the_one_that_is_used(tmp_path: Path, names: Names) -> None:
    async with receiver() as target, strict(tmp_path, loops=True, **QUICK) as (run, office):
        names("hooks.example", "127.0.0.1", "127.0.0.1", PUBLIC)  # typed, sent, and what a second look finds
        target.host = "hooks.example"
        await subscribe(office, target)
        await feed(run, changed())
        (taken,) = await target.wait(1)
        assert taken.headers["host"] == f"hooks.example:{target.port}"


@pytest.mark.parametrize("host", ["hooks.example", "other.example"])
async def test_a_target_proves_its_name_not_its_address(tmp_path: Path, names: Names, host: str) -> None:
    certificate = self_signed(tmp_path, host="hooks.example")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.certificate, certificate.key)
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    mine = {
        **QUICK,
        "webhook_http": False,
        "webhook_pauses": (),
        "webhook_ca_file": str(certificate.certificate),
    }
    async with receiver(ssl=tls) as target, strict(tmp_path, loops=True, **mine) as (run, office):
        names(host, "127.0.0.1")
        target.host = host
        await subscribe(office, target)
        await feed(run, changed())
        (row,) = await settled(office, 1)
        assert asked == [host]
        if host == "hooks.example":
            assert row["state"] == "delivered"
        else:
            assert target.taken == []
            (once,) = await tries(office, row["id"])
            assert "certificate" in once["answer"].lower()


async def test_a_target_that_trickles_has_answered(tmp_path: Path, names: Names) -> None:
    """The status is the answer; who never ends the body gets no second one, and holds nothing up."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nwell")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    target = Receiver(port=server.sockets[0].getsockname()[1])
    async with server, strict(tmp_path, loops=True, **{**QUICK, "webhook_seconds": 5}) as (run, office):
        await subscribe(office, target)
        await feed(run, changed())
        (row,) = await settled(office, 1)
        (once,) = await tries(office, row["id"])
        assert (row["state"], once["status"], once["answer"]) == ("delivered", 200, "well")
        assert len(await deliveries(office)) == 1


def test_retry_after_is_seconds_or_a_date_and_at_most_a_day() -> None:
    now = utcnow().replace(year=2026, month=3, day=2, hour=15, minute=0, second=0, microsecond=0)
    found = {
        text: wait.total_seconds() if (wait := retry_after(text, now)) is not None else None
        for text in ("120", "999999", "Mon, 02 Mar 2026 15:01:00 GMT", "Mon, 02 Mar 2026 14:00:00 GMT")
    }
    assert list(found.values()) == [120, 86_400, 60, 0]
    for text in (None, "", "soon", "-5", "1.5", "Mon, 99 Mar 2026 15:01:00 GMT"):
        assert retry_after(text, now) is None


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("a\r\nb\x00\x1b[31m  c") == "a b [31m c"
    assert len(excerpt("x" * 10_000)) == 500
