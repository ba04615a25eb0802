"""portal-api as a process of its own: told to end while many listen; killed between sending and noting it."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import at_work, client, feed
from listening import bearer, ear
from portal_api.loops import webhooks
from portal_api.models.webhooks import webhook_delivery
from portal_api.service import service
from receiver import Receiver, receiver
from sqlalchemy import update
from webhook_tests import QUICK, changed, settled, subscribe

KILLED = 137


@asynccontextmanager
async def process(url: str, **environment: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str]]:
    """`python -m portal_api serve`, up; no broker is there, and none is needed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mine = {"CALLBOARD_DATABASE_URL": url, "CALLBOARD_BUS_URL": "amqp://127.0.0.1:1/", **environment}
    one = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "portal_api", "serve", "--port", str(port), env={**os.environ, **mine}
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(60), httpx.AsyncClient() as http:
            while one.returncode is None:
                try:
                    if (await http.get(f"{base}/healthz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield one, base
    finally:
        if one.returncode is None:
            one.kill()
        await one.wait()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/portal-api.db"


async def test_a_process_that_is_told_to_end_does_so_under_open_streams(url: str) -> None:
    async with at_work(service, url):
        pass  # migrated
    async with process(url) as (one, base):
        async with ear(base, bearer("office.admin")) as first, ear(base, bearer("technician")) as second:
            began = time.monotonic()
            one.send_signal(signal.SIGTERM)
            await first.wait(end=True)
            await second.wait(end=True)
            listened = time.monotonic() - began
        async with asyncio.timeout(20):
            await one.wait()
        assert listened < 3
        assert time.monotonic() - began < 5  # uvicorn's own patience with open answers


async def test_a_kill_between_sending_and_noting_it_sends_again_under_the_same_id(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "NET", 0.05)
    settings: dict[str, Any] = {"CALLBOARD_WEBHOOK_PORTS": "[]"}
    settings |= {f"CALLBOARD_WEBHOOK_{name}": "true" for name in ("HTTP", "PRIVATE_HOSTS")}
    async with receiver() as target:
        async with at_work(service, url, **QUICK) as run, client(run, "office.admin") as office:
            made = await subscribe(office, target)
            await feed(run, changed())
        async with process(url, CALLBOARD_FAULT_POINT="after_webhook_sent", **settings) as (one, _):
            async with asyncio.timeout(20):
                assert await one.wait() == KILLED
        assert len(target.taken) == 1
        async with (
            at_work(service, url, loops=True, **QUICK) as run,
            client(run, "office.admin") as office,
        ):
            async with run.work() as work:  # the dead process's lease is over
                await work.session.execute(update(webhook_delivery).values(due_at=work.now))
            first, second = await target.wait(2)
            await settled(office, 1, state="delivered")
        assert first.id == second.id
        assert first.verified(made["secret"]) == second.verified(made["secret"])


async def test_the_receiver_of_the_documentation_receives(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "NET", 0.05)
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    program = tmp_path / "receiver.py"
    program.write_text(page.partition("```python\n")[2].partition("```")[0])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with (
        at_work(service, url, loops=True, **{**QUICK, "webhook_pauses": (0.1,) * 100}) as run,
        client(run, "office.admin") as office,
    ):
        made = await subscribe(office, Receiver(port=port))
        one = await asyncio.create_subprocess_exec(
            sys.executable,
            str(program),
            env={**os.environ, "PORT": str(port), "CALLBOARD_WEBHOOK_SECRET": made["secret"]},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            await feed(run, event := changed())
            (row,) = await settled(office, 1, state="delivered")
            await office.post(f"/v1/webhook-deliveries/{row['id']}/replay")
            await settled(office, 1, state="delivered")
            async with httpx.AsyncClient() as http:
                forged = await http.post(f"http://127.0.0.1:{port}/", content=b"{}")
            assert forged.status_code == 400
        finally:
            one.terminate()
            said, _ = await one.communicate()
        assert [line.split()[0] for line in said.decode().splitlines()] == ["dispatch.status_changed"]
        assert str(event.dispatch_id) in said.decode()
