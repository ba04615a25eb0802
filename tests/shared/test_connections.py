"""Half-sent requests end, and however many there are, a probe is answered."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import at_work
from localservers import ports
from payments.service import service as payments
from shared.app import create_app
from shared.serve import web_server

FILES = 160


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[int]:
    """A service at that port, which waits a second for a request, and two for a reader."""
    monkeypatch.setattr("shared.connections.SEND_SECONDS", 1.0)
    monkeypatch.setattr("shared.connections.READ_SECONDS", 2.0)
    async with at_work(payments, f"sqlite+aiosqlite:///{tmp_path}/x.db") as running:
        app = create_app(running, loops=False)

        @app.get("/endless")
        async def endless() -> Any:
            from fastapi.responses import StreamingResponse

            async def much() -> AsyncGenerator[bytes]:
                for _ in range(1000):
                    yield b"x" * 100_000

            return StreamingResponse(much())

        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = web_server(app, grace=1)
            task = asyncio.create_task(server.serve([listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield listener.getsockname()[1]
            server.should_exit = True
            await task


async def ended(port: int, *pieces: bytes, pause: float = 0.3) -> bytes:
    """What came back until the other side closed; the pieces are sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET /healthz HTTP/1.1\r\n",),
        tuple(bytes([each]) for each in b"GET /healthz"),
        (b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"GET /hea"),
        (b"POST /v1/oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n", b"a", b"b"),
        (b"POST /v1/invoices HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\n", b"a"),
        (b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 70_000,),
    ],
)
async def test_a_request_that_is_sent_by_halves_ends(port: int, pieces: tuple[bytes, ...]) -> None:
    await ended(port, *pieces)


async def test_what_is_sent_in_time_is_answered(port: int) -> None:
    head = (b"GET /healthz HTTP/1.1\r\n", b"host: x\r\nconnection: close\r\n", b"\r\n")
    assert (await ended(port, *head, pause=0.2)).startswith(b"HTTP/1.1 200")
    both = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" * 3
    assert (await ended(port, both)).count(b"HTTP/1.1 200") == 3


async def test_a_large_body_that_is_refused_early_gets_its_answer(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        for _ in range(3):
            assert (await http.post("/healthz", content=b"x" * 900_000)).status_code == 405
        assert (await http.get("/healthz")).status_code == 200


async def test_a_connection_between_two_requests_may_rest(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        for _ in range(3):
            assert (await http.get("/healthz")).status_code == 200
            await asyncio.sleep(1.5)


async def test_an_answer_that_nobody_reads_is_given_up(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(6)
        silent.settimeout(10)
        taken = 0
        try:
            while piece := await asyncio.to_thread(silent.recv, 1_000_000):
                taken += len(piece)
        except ConnectionError:
            pass
        assert taken < 50_000_000


@pytest.fixture
def few_files(tmp_path: Path) -> Generator[int]:
    """A service as a process that may open few files; its port."""
    holder = ports.reserve()
    number = int(holder.getsockname()[1])
    environment = {**os.environ, "CALLBOARD_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/x.db"}
    process = subprocess.Popen(
        [sys.executable, "-m", "payments", "serve", "--port", str(number)],
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),  # no threads
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{number}/healthz", timeout=2)
                break
            except httpx.HTTPError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        yield number
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        holder.close()


def test_more_connections_than_files_silence_no_probe(few_files: int) -> None:
    half = b"GET /v1/invoices HTTP/1.1\r\nhost: x\r\nx-slow: "
    trickling: list[socket.socket] = []
    try:
        for _ in range(2 * FILES):
            one = socket.create_connection(("127.0.0.1", few_files), timeout=5)
            one.sendall(half)
            trickling.append(one)
        for _ in range(5):
            assert httpx.get(f"http://127.0.0.1:{few_files}/healthz", timeout=5).status_code == 200
    finally:
        for one in trickling:
            one.close()
